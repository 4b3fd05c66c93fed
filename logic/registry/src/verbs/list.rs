//! Reads a collection: the stored bytes, joined.
//!
//! All parts of one list show the same revision, which the continue token carries.

use std::sync::Arc;

use bytes::BytesMut;
use serde_json::{Value, json};

use gantry_api::{Object, ObjectKey, Rejection, Revision};
use gantry_store::{Key, Snapshot, Stored};

use crate::call::Call;
use crate::continuation::Continuation;
use crate::encoding::{Listing, opening};
use crate::pieces::Unsent;
use crate::render;
use crate::request::View;
use crate::revision::{self, Match};
use crate::selection::Selection;
use crate::step::{Payload, Reply, Step};

/// What a list shows: from where on, and how much.
struct Page {
    snapshot: Snapshot,
    after: Option<String>,
    limit: Option<usize>,
}

/// One part of a list.
struct Part {
    /// How many objects it shows at most.
    count: usize,
    /// Where the next part begins, if there is one.
    more: Option<String>,
    remaining: Option<usize>,
}

/// Reads the objects that the request selects, from one picture, at most `limit` of them.
pub(crate) fn list(call: &mut Call<'_>) -> Result<Step, Rejection> {
    let selection = Selection::of(call.request, call.kind)?;
    let page = page(call)?;
    let prefix = ObjectKey::prefix(&call.kind.storage, call.request.namespace.as_deref());
    let part = part(call, &page, &prefix, &selection);
    let metadata = metadata(&part, page.snapshot.revision());
    if render::is_handed_out(call.kind, call.request)
        && !is_foreign(call, &page, &prefix, &selection)
    {
        let (version, kind) = list_kind(call);
        let unsent = Unsent {
            before: Some(opening(&version, kind, &metadata)),
            snapshot: page.snapshot,
            prefix,
            after: page.after,
            selection,
            kind: Arc::clone(call.kind),
            left: part.count,
        };
        let payload = Payload::List(Box::new(unsent));
        return Ok(Step::Reply(call.remark(Reply::ok(payload))));
    }
    let items = items(call, &page, &prefix, &selection).map(|(_, stored)| stored);
    let items: Vec<Stored> = items.take(part.count).cloned().collect();
    let payload = match call.request.view {
        View::Object => join(call, &items, metadata)?,
        View::PartialMetadata => partial(call, &items, metadata)?,
        View::Table { include } => {
            let objects = call.read_all(&items)?;
            let row = |object: &Object| render::row(call.kind, object, include, call.now);
            let rows = objects.iter().map(row).collect();
            Payload::Made(render::table(Some(call.kind), rows, metadata))
        }
    };
    Ok(Step::Reply(call.remark(Reply::ok(payload))))
}

/// Whether a webhook has to be asked before what is stored can be handed out.
fn is_foreign(call: &Call<'_>, page: &Page, prefix: &str, selection: &Selection) -> bool {
    let is_other = |(_, stored): (&Key, &Stored)| !call.kind.shows(&stored.value);
    call.kind.converter.is_some() && items(call, page, prefix, selection).any(is_other)
}

/// All selected objects of the newest picture, for verbs that treat whole collections.
pub(crate) fn selected(call: &Call<'_>, selection: &Selection) -> Vec<(Key, Stored)> {
    let prefix = ObjectKey::prefix(&call.kind.storage, call.request.namespace.as_deref());
    let range = call.snapshot.selected(&prefix, None, selection.labels());
    range
        .filter(|(key, stored)| is_selected(call, selection, key, stored))
        .map(|(key, stored)| (key.clone(), stored.clone()))
        .collect()
}

fn page(call: &Call<'_>) -> Result<Page, Rejection> {
    let options = &call.request.options;
    let matching = revision::matching(call);
    // Another old rule: who takes any revision takes it whole.
    let takes_any = options.resource_version.as_deref() == Some("0");
    let limit = options.limit.filter(|limit| *limit > 0 && !takes_any);
    if let Some(token) = options
        .continue_token
        .as_deref()
        .filter(|token| !token.is_empty())
    {
        return continued(call, token, limit);
    }
    let asked = revision::asked(call)?;
    let snapshot = match (asked, matching) {
        (Some(revision), Match::Exact) => revision::exactly(call, revision)?,
        // An old rule that clients rely on: with a limit, a revision means exactly that one.
        (Some(revision), Match::Unset) if limit.is_some() => revision::exactly(call, revision)?,
        _ => {
            revision::not_older_than(call)?;
            call.snapshot.clone()
        }
    };
    Ok(Page {
        snapshot,
        after: None,
        limit,
    })
}

fn continued(call: &Call<'_>, token: &str, limit: Option<usize>) -> Result<Page, Rejection> {
    let options = &call.request.options;
    if !matches!(options.resource_version.as_deref().unwrap_or(""), "" | "0") {
        return Err(Rejection::bad_request(
            "specifying resource version is not allowed when using continue",
        ));
    }
    let place = Continuation::read(token)?;
    let snapshot = match place.revision {
        None => call.snapshot.clone(),
        Some(revision) => call.snapshot.at(revision).map_err(|_| place.expired())?,
    };
    Ok(Page {
        snapshot,
        after: Some(place.after),
        limit,
    })
}

/// What is on the page and behind it, in order.
fn items<'a>(
    call: &'a Call<'_>,
    page: &'a Page,
    prefix: &'a str,
    selection: &'a Selection,
) -> impl Iterator<Item = (&'a Key, &'a Stored)> {
    let after = page.after.as_deref();
    let range = page.snapshot.selected(prefix, after, selection.labels());
    range.filter(|(key, stored)| is_selected(call, selection, key, stored))
}

/// How far the page goes. Only a limit makes that a question.
fn part(call: &Call<'_>, page: &Page, prefix: &str, selection: &Selection) -> Part {
    let Some(limit) = page.limit else {
        return Part {
            count: usize::MAX,
            more: None,
            remaining: None,
        };
    };
    let mut items = items(call, page, prefix, selection).map(|(key, _)| key);
    let last = items.by_ref().take(limit).last();
    // How many remain is told only where nothing is selected; elsewhere one is enough to know.
    let remaining = match selection.is_everything() {
        true => items.count(),
        false => items.take(1).count(),
    };
    let token = |key: &Key| {
        let place = Continuation {
            revision: Some(page.snapshot.revision()),
            after: key.as_str().to_owned(),
        };
        place.write()
    };
    Part {
        count: limit,
        more: last.filter(|_| remaining > 0).map(token),
        remaining: (remaining > 0 && selection.is_everything()).then_some(remaining),
    }
}

fn is_selected(call: &Call<'_>, selection: &Selection, key: &Key, stored: &Stored) -> bool {
    if call.kind.native || selection.is_everything() {
        return selection.means(key, &stored.value);
    }
    let Some(key) = key.object() else {
        return false;
    };
    let fields = render::fields(call.kind, stored);
    selection.selects(&key, &stored.value, Some(&fields))
}

fn metadata(part: &Part, revision: Revision) -> Value {
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    if let Some(token) = &part.more {
        metadata["continue"] = Value::from(token.as_str());
    }
    if let Some(remaining) = part.remaining {
        metadata["remainingItemCount"] = Value::from(remaining);
    }
    metadata
}

/// The list as bytes: the stored ones, one object after the other. What all of them are is said
/// once, in front.
pub(crate) fn join(
    call: &mut Call<'_>,
    items: &[Stored],
    metadata: Value,
) -> Result<Payload, Rejection> {
    let (version, kind) = list_kind(call);
    let kind = kind.to_owned();
    let mut listing = Listing::new(call.request.encoding, (&version, &kind), metadata)?;
    if call.kind.converter.is_some() {
        for object in call.read_all(items)? {
            let item = object.into_value().to_string();
            listing.push(|piece| piece.extend_from_slice(item.as_bytes()))?;
        }
    } else {
        for stored in items {
            listing.push(|piece| append(call, stored, piece))?;
        }
    }
    listing.finish().map(Payload::Pieces)
}

/// Version and kind of a list.
fn list_kind<'a>(call: &'a Call<'_>) -> (String, &'a str) {
    let names = &call.kind.names;
    (names.group_version().to_string(), &names.list_kind)
}

fn append(call: &Call<'_>, stored: &Stored, piece: &mut BytesMut) {
    render::item(call.kind, stored, piece);
}

fn partial(call: &mut Call<'_>, items: &[Stored], metadata: Value) -> Result<Payload, Rejection> {
    let kind = ("meta.k8s.io/v1", "PartialObjectMetadataList");
    let mut listing = Listing::new(call.request.encoding, kind, metadata)?;
    for object in call.read_all(items)? {
        let item = render::partial(&object).to_string();
        listing.push(|piece| piece.extend_from_slice(item.as_bytes()))?;
    }
    listing.finish().map(Payload::Pieces)
}
