//! What is done, in words, for the timeline.

use gantry_reconcile::Write;
use gantry_registry::Request;

/// A write of a controller.
pub(crate) fn write(write: &Write) -> String {
    match write {
        Write::Create { key, .. } => format!("create {key}"),
        Write::Update {
            key, subresource, ..
        } => format!("update {key}{}", part(*subresource)),
        Write::Patch {
            key,
            patch,
            subresource,
            ..
        } => format!("patch {key}{} {patch}", part(*subresource)),
        Write::Delete { key, uid, .. } => format!("delete {key} (uid {uid})"),
        Write::DeleteAll {
            resource,
            namespace,
        } => format!("delete all {resource} in {namespace}"),
        Write::Bind { key, node, .. } => format!("bind {key} to {node}"),
        Write::Note(note) => format!("note {} {}: {}", note.about, note.reason, note.message),
    }
}

fn part(subresource: Option<&str>) -> String {
    subresource
        .map(|part| format!("/{part}"))
        .unwrap_or_default()
}

/// A request.
pub(crate) fn request(request: &Request) -> String {
    let part = |text: &Option<String>| text.as_ref().map(|text| format!("/{text}"));
    let part = |text: &Option<String>| part(text).unwrap_or_default();
    format!(
        "{} {}{}{}{}",
        request.verb.as_str(),
        request.resource.plural,
        part(&request.namespace),
        part(&request.name),
        part(&request.subresource),
    )
}
