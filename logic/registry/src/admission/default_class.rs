//! Which of several classes is the default one: shared by the steps that fill in a class.

use gantry_api::{GroupResource, Object, ObjectKey};

use crate::call::Call;

/// The name of the default class among the objects of `classes`: the newest of those that one of
/// `annotations` marks, and of several made at once the first by name.
pub(super) fn name(
    call: &Call<'_>,
    classes: &GroupResource,
    annotations: &[&str],
) -> Option<String> {
    let prefix = ObjectKey::prefix(classes, None);
    let stored = call.snapshot.range(&prefix, None);
    let marked = stored
        .map(|(_, stored)| stored.value.object(stored.modified))
        .filter(|class| is_marked(class, annotations));
    // Times are written so that the later one is also the greater text.
    let newest = marked.max_by(|one, other| age_order(one).cmp(&age_order(other)))?;
    Some(newest.name().to_owned())
}

fn is_marked(class: &Object, annotations: &[&str]) -> bool {
    let all = class.annotations();
    let says_so = |key: &str| all.get(key).map(String::as_str) == Some("true");
    annotations.iter().any(|key| says_so(key))
}

fn age_order(class: &Object) -> (&str, std::cmp::Reverse<&str>) {
    let made = class.text(&["metadata", "creationTimestamp"]);
    (made, std::cmp::Reverse(class.name()))
}
