//! What is done, in words, for the timeline.

use gantry_registry::Request;

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
