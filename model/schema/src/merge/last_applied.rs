//! The way from client-side to server-side apply.
//!
//! The client keeps what it applied last in an annotation. When the same tool begins to apply on
//! the server, fields that still are as it applied them are its own, whoever the managers say they
//! belong to; and the annotation goes on telling what was applied, so that there is a way back.

use serde_json::Value;

use super::Writer;
use super::compare::compare;
use super::set::FieldSet;
use super::structure;
use crate::schema::TypeRef;

/// The tool that keeps the annotation.
const TOOL: &str = "kubectl";
const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn annotation(object: &Value) -> Option<&str> {
    object
        .get("metadata")?
        .get("annotations")?
        .get(ANNOTATION)?
        .as_str()
}

fn is_tool(writer: &Writer<'_>) -> bool {
    writer.manager == TOOL && writer.subresource.is_empty()
}

/// The fields of `live` that the writer applied last, on the client's side, and that nobody has
/// changed since.
pub(super) fn allowed(live: &Value, ty: TypeRef<'_>, writer: &Writer<'_>) -> FieldSet {
    let last = annotation(live).filter(|_| is_tool(writer));
    let last = last.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Some(last) = last.filter(Value::is_object) else {
        return FieldSet::new();
    };
    let Ok(fields) = structure::applied(&last, ty) else {
        return FieldSet::new();
    };
    let difference = compare(&last, live, ty);
    fields
        .difference(&difference.changed)
        .difference(&difference.removed)
}

/// Writes what is applied now into the annotation, if the tool has kept it so far.
pub(super) fn keep(live: &Value, config: &Value, merged: &mut Value, writer: &Writer<'_>) {
    if annotation(live).is_none() || !is_tool(writer) {
        return;
    }
    let mut config = config.clone();
    if let Some(annotations) = config.pointer_mut("/metadata/annotations") {
        annotations
            .as_object_mut()
            .and_then(|annotations| annotations.remove(ANNOTATION));
    }
    if let Some(annotations) = merged.pointer_mut("/metadata/annotations")
        && annotations.is_object()
    {
        annotations[ANNOTATION] = Value::from(format!("{config}\n"));
    }
}
