//! Objects in the form that a client asked for: as they are, as rows, or only their metadata.
//!
//! What is stored in the form that is asked for is handed out without decoding.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::BytesMut;
use serde_json::{Map, Value, json};

use gantry_api::{Encoded, Object, Rejection};
use gantry_base::Timestamp;
use gantry_kinds::Descriptor;
use gantry_store::Stored;

use crate::encoding::Encoding;
use crate::request::{Include, Request, View};
use crate::step::{Payload, Reply};

/// A stored object in the form of `kind`, which nobody has to be asked to convert to.
pub(crate) fn read(kind: &Descriptor, stored: &Stored) -> Object {
    let object = stored.value.object(stored.modified);
    if kind.shows(&stored.value) {
        object
    } else {
        kind.hooks.restore(object)
    }
}

/// The fields by which a stored object can be selected in the form of `kind`. A version that a
/// webhook converts to has none: see [`Selection`](crate::selection::Selection).
pub(crate) fn fields(kind: &Descriptor, stored: &Stored) -> BTreeMap<Cow<'static, str>, String> {
    if kind.converter.is_some() {
        return BTreeMap::new();
    }
    kind.hooks.fields(&read(kind, stored))
}

/// Whether stored objects are what is asked for, byte for byte.
pub(crate) fn is_handed_out(kind: &Descriptor, request: &Request) -> bool {
    request.view == View::Object && kind.native && request.encoding == Encoding::Json
}

/// Appends a stored object in JSON as an item of a list.
pub(crate) fn item(kind: &Descriptor, stored: &Stored, out: &mut BytesMut) {
    match (kind.shows(&stored.value), kind.whole_items) {
        (true, true) => stored.value.write(stored.modified, out),
        (true, false) => stored.value.write_item(stored.modified, out),
        (false, whole) => {
            let mut object = read(kind, stored);
            if !whole {
                object.remove(&["kind"]);
                object.remove(&["apiVersion"]);
            }
            out.extend_from_slice(object.into_value().to_string().as_bytes());
        }
    }
}

/// The answer that shows one stored object.
pub(crate) fn one(kind: &Descriptor, request: &Request, stored: &Stored, now: Timestamp) -> Reply {
    if request.view == View::Object && kind.shows(&stored.value) {
        return Reply::ok(Payload::Stored(Arc::clone(&stored.value), stored.modified));
    }
    Reply::ok(unwritten(kind, request, &read(kind, stored), now))
}

/// What shows an object that a commit is about to write.
pub(crate) fn written(
    kind: &Descriptor,
    request: &Request,
    (object, encoded): (&Object, Arc<Encoded>),
    now: Timestamp,
) -> Payload {
    if request.view == View::Object && kind.native {
        return Payload::Written(encoded);
    }
    let mut object = object.clone();
    object.set(&["metadata", "resourceVersion"], Value::from(""));
    unwritten(kind, request, &object, now)
}

/// What shows an object as it is here, whether or not it is stored.
pub(crate) fn unwritten(
    kind: &Descriptor,
    request: &Request,
    object: &Object,
    now: Timestamp,
) -> Payload {
    Payload::Made(match request.view {
        View::Object => object.clone().into_value(),
        View::PartialMetadata => partial(object),
        View::Table { include } => {
            let rows = vec![row(kind, object, include, now)];
            table(
                Some(kind),
                rows,
                json!({"resourceVersion": object.resource_version()}),
            )
        }
    })
}

/// Only the metadata of an object.
pub(crate) fn partial(object: &Object) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": object.0.get("metadata").cloned().unwrap_or_default(),
    })
}

/// An object's row.
pub(crate) fn row(kind: &Descriptor, object: &Object, include: Include, now: Timestamp) -> Value {
    // An object that its own kind cannot read has been stored by another version; its name is
    // better than no row at all.
    let mut row = match kind.hooks.row(object, now) {
        Ok(row) => serde_json::to_value(row).unwrap_or_default(),
        Err(_) => json!({"cells": cells_of_unreadable(kind, object)}),
    };
    let shown = match include {
        Include::None => None,
        Include::Metadata => Some(partial(object)),
        Include::Object => Some(object.clone().into_value()),
    };
    if let (Some(fields), Some(shown)) = (row.as_object_mut(), shown) {
        fields.insert("object".to_owned(), shown);
    }
    row
}

fn cells_of_unreadable(kind: &Descriptor, object: &Object) -> Vec<Value> {
    let cell = |column: &gantry_api::table::ColumnDefinition| match column.format.as_str() {
        "name" => Value::from(object.name()),
        _ => Value::from("<unknown>"),
    };
    kind.columns.iter().map(cell).collect()
}

/// A table; without a kind it has no head, as all but the first table of a watch.
pub(crate) fn table(kind: Option<&Descriptor>, rows: Vec<Value>, metadata: Value) -> Value {
    let mut table = Map::new();
    table.insert("kind".to_owned(), Value::from("Table"));
    table.insert("apiVersion".to_owned(), Value::from("meta.k8s.io/v1"));
    table.insert("metadata".to_owned(), metadata);
    let columns = kind.map(|kind| serde_json::to_value(&kind.columns).unwrap_or_default());
    table.insert("columnDefinitions".to_owned(), columns.unwrap_or_default());
    table.insert("rows".to_owned(), Value::from(rows));
    Value::Object(table)
}

/// Refuses tables of what is never stored.
pub(crate) fn refuse_tables(request: &Request) -> Result<(), Rejection> {
    match request.view {
        View::Object | View::PartialMetadata => Ok(()),
        View::Table { .. } => Err(Rejection::NotAcceptable {
            accepted: Encoding::names(&Encoding::ALL),
        }),
    }
}
