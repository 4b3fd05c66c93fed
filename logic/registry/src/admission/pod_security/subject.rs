//! A pod as the checks see it, and the words in which they speak of its containers.
//!
//! The tree is read as it is: containers of all three lists have the same fields, and what a typed
//! form does not know yet is seen too.

use std::collections::BTreeSet;

use gantry_base::selector::Labels;
use serde_json::Value;

/// A pod, or what will be one.
pub(super) struct Subject<'a> {
    pub(super) annotations: Labels,
    pub(super) spec: &'a Value,
}

impl<'a> Subject<'a> {
    pub(super) const fn new(annotations: Labels, spec: &'a Value) -> Self {
        Self { annotations, spec }
    }

    /// All containers, in the order in which they may start.
    pub(super) fn containers(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        let spec = self.spec;
        ["initContainers", "containers", "ephemeralContainers"]
            .into_iter()
            .flat_map(move |list| items(spec, list))
    }

    /// The elements of a list of the pod.
    pub(super) fn items(&self, list: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        items(self.spec, list)
    }

    /// The text at a path of the pod; empty when there is none.
    pub(super) fn text(&self, path: &[&str]) -> &'a str {
        text(self.spec, path)
    }

    /// Whether a field of the pod is true.
    pub(super) fn is_true(&self, field: &str) -> bool {
        self.spec.get(field) == Some(&Value::Bool(true))
    }

    /// Whether it is known to be for another system, where most of this does not exist.
    pub(super) fn is_for_windows(&self) -> bool {
        self.text(&["os", "name"]) == "windows"
    }

    /// Whether its users are nobody outside of it.
    pub(super) fn has_own_users(&self) -> bool {
        self.spec.get("hostUsers") == Some(&Value::Bool(false))
    }

    /// The names of the containers that are like this.
    pub(super) fn containers_that(&self, mut are: impl FnMut(&Value) -> bool) -> Vec<&'a str> {
        let found = self.containers().filter(|container| are(container));
        found.map(name).collect()
    }

    /// Who has a security context like this, in words: the pod, containers, both, or nobody.
    pub(super) fn setters(&self, mut is_bad: impl FnMut(&Value) -> bool) -> Vec<String> {
        let mut is_bad = |of: &Value| of.get("securityContext").is_some_and(&mut is_bad);
        let pod = is_bad(self.spec).then(|| "pod".to_owned());
        let containers = self.containers_that(is_bad);
        pod.into_iter()
            .chain(counted("container", &containers))
            .collect()
    }
}

/// The value at a path.
pub(super) fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

/// The text at a path; empty when there is none.
pub(super) fn text<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    at(value, path).and_then(Value::as_str).unwrap_or("")
}

/// The elements of a list.
pub(super) fn items<'a>(value: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    let list = value.get(list).and_then(Value::as_array);
    list.into_iter().flatten()
}

/// The texts of a map.
pub(super) fn texts(map: &Value) -> Labels {
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    map.as_object()
        .into_iter()
        .flatten()
        .filter_map(text)
        .collect()
}

/// What a container or a volume is called.
pub(super) fn name(value: &Value) -> &str {
    text(value, &["name"])
}

/// Notes the text at a path when there is one that is not among `allowed`, and tells whether.
pub(super) fn note_other<'a>(
    value: &'a Value,
    path: &[&str],
    allowed: &[&str],
    found: &mut BTreeSet<String>,
) -> bool {
    let text = at(value, path).and_then(Value::as_str);
    let other: Option<&'a str> = text.filter(|text| !allowed.contains(text));
    found.extend(other.map(str::to_owned));
    other.is_some()
}

/// `container "a"`, `containers "a", "b"`; nothing when there are none.
pub(super) fn counted(what: &str, names: &[&str]) -> Option<String> {
    (!names.is_empty()).then(|| format!("{} {}", plural(what, names.len()), quoted(names)))
}

/// The word for one of these, or for more.
pub(super) fn plural(word: &str, count: usize) -> String {
    format!("{word}{}", if count == 1 { "" } else { "s" })
}

/// The names, quoted, with commas between.
pub(super) fn quoted<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names
        .into_iter()
        .map(|name| format!("\"{}\"", name.as_ref()))
        .collect();
    names.join(", ")
}

/// Whether an update of a pod brings no container and no image that was not judged already.
pub(super) fn runs_the_same(pod: &Value, old: &Value) -> bool {
    let image = |container: &Value| text(container, &["image"]).to_owned();
    let images = |pod: &Value, list: &str| items(pod, list).map(image).collect::<Vec<_>>();
    let is_known = |added: &Value| {
        let mut known = items(old, "ephemeralContainers");
        known.any(|known| name(known) == name(added) && image(known) == image(added))
    };
    images(pod, "containers") == images(old, "containers")
        && images(pod, "initContainers") == images(old, "initContainers")
        && items(pod, "ephemeralContainers").all(is_known)
}
