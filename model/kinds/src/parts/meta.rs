//! What must hold for the metadata of any object.

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use gantry_base::name::{self, Rule};
use gantry_base::selector::Labels;
use serde_json::Value;

use crate::descriptor::Scope;

/// All annotations of an object together may be this long.
const ANNOTATIONS_MAX: usize = 256 * 1024;
/// Finalizers that the API itself works with.
const OWN_FINALIZERS: [&str; 3] = ["foregroundDeletion", "kubernetes", "orphan"];

/// Checks names, labels, annotations, owners and finalizers.
pub fn validate(
    object: &Object,
    old: Option<&Object>,
    scope: Scope,
    rule: Rule,
    errors: &mut FieldErrors,
) {
    let path = FieldPath::new("metadata");
    names(object, rule, &path, errors);
    namespace(object, scope, &path, errors);
    labels(&object.labels(), &path.field("labels"), errors);
    annotations(&object.annotations(), &path.field("annotations"), errors);
    owners(object, &path.field("ownerReferences"), errors);
    finalizers(object, &path.field("finalizers"), errors);
    if let Some(old) = old {
        identity(object, old, &path, errors);
        new_finalizers(object, old, &path.field("finalizers"), errors);
    }
}

fn names(object: &Object, rule: Rule, path: &FieldPath, errors: &mut FieldErrors) {
    let prefix = object.text(&["metadata", "generateName"]);
    if !prefix.is_empty() {
        // The end of a prefix may be a character that only the whole name may not end with.
        let sample = format!("{}x", prefix.trim_end_matches('-'));
        for wrong in rule(&sample) {
            errors.invalid(&path.field("generateName"), prefix, wrong);
        }
    }
    if object.name().is_empty() {
        errors.required(&path.field("name"), "name or generateName is required");
    } else {
        errors.named(&path.field("name"), object.name(), rule);
    }
}

fn namespace(object: &Object, scope: Scope, path: &FieldPath, errors: &mut FieldErrors) {
    let path = path.field("namespace");
    match (scope, object.namespace()) {
        (Scope::Cluster, "") => {}
        (Scope::Cluster, _) => errors.forbidden(&path, "not allowed on this type"),
        (Scope::Namespaced, "") => errors.required(&path, ""),
        (Scope::Namespaced, namespace) => errors.named(&path, namespace, name::dns_label),
    }
}

/// Checks a map of labels.
pub fn labels(labels: &Labels, path: &FieldPath, errors: &mut FieldErrors) {
    for (key, value) in labels {
        errors.named(path, key, name::qualified);
        errors.named(path, value, name::label_value);
    }
}

/// Checks a map of annotations.
pub fn annotations(annotations: &Labels, path: &FieldPath, errors: &mut FieldErrors) {
    for key in annotations.keys() {
        for wrong in name::qualified(&key.to_lowercase()) {
            errors.invalid(path, key, wrong);
        }
    }
    let size: usize = annotations
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    if size > ANNOTATIONS_MAX {
        errors.too_long(path, ANNOTATIONS_MAX);
    }
}

fn owners(object: &Object, path: &FieldPath, errors: &mut FieldErrors) {
    let mut controllers = Vec::new();
    for (index, owner) in list(object, "ownerReferences").iter().enumerate() {
        let path = path.index(index);
        for field in ["apiVersion", "kind", "name", "uid"] {
            if text(owner, field).is_empty() {
                errors.invalid(&path.field(field), "", format!("{field} must not be empty"));
            }
        }
        if owner.get("controller") == Some(&Value::Bool(true)) {
            controllers.push(format!("{}/{}", text(owner, "kind"), text(owner, "name")));
        }
    }
    if let [first, second, ..] = controllers.as_slice() {
        let detail = format!(
            "Only one reference can have Controller set to true. Found \"true\" in references for \
             {first} and {second}"
        );
        errors.invalid(path, list(object, "ownerReferences"), detail);
    }
}

fn finalizers(object: &Object, path: &FieldPath, errors: &mut FieldErrors) {
    let names = object.finalizers();
    for finalizer in &names {
        errors.named(path, finalizer, name::qualified);
    }
    if names.contains(&"orphan") && names.contains(&"foregroundDeletion") {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.invalid(path, &names, detail);
    }
}

/// The metadata that a writer may change, when it may change any.
const OWN: [&str; 4] = ["annotations", "finalizers", "labels", "ownerReferences"];

/// Takes all metadata that a writer may change from `old`.
pub fn keep_own(object: &mut Object, old: &Object) {
    OWN.iter().for_each(|field| keep(object, old, field));
}

/// Takes one field of the metadata from `old`.
pub fn keep(object: &mut Object, old: &Object, field: &str) {
    let path = ["metadata", field];
    match old.at(&path) {
        Some(value) => object.set(&path, value.clone()),
        None => drop(object.remove(&path)),
    }
}

/// Built-in kinds know only finalizers that say whose they are, and those of the API itself.
pub fn known_finalizers(object: &Object, errors: &mut FieldErrors) {
    let path = FieldPath::new("metadata").field("finalizers");
    for (index, finalizer) in object.finalizers().into_iter().enumerate() {
        if !finalizer.contains('/') && !OWN_FINALIZERS.contains(&finalizer) {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            errors.invalid(&path.index(index), finalizer, detail);
        }
    }
}

/// What whoever adds a finalizer without an owner's domain is told.
#[must_use]
pub fn odd_finalizers(object: &Object, old: Option<&Object>) -> Vec<String> {
    let known = old.map(Object::finalizers).unwrap_or_default();
    let is_new = |name: &&str| !known.contains(name);
    let added = object.finalizers().into_iter().filter(is_new);
    let is_odd = |name: &&str| !name.contains('/') && !OWN_FINALIZERS.contains(name);
    let told = |name: &str| {
        let path = if name.contains('.') {
            " including a path (/)"
        } else {
            ""
        };
        format!(
            "metadata.finalizers: {name:?}: prefer a domain-qualified finalizer name{path} to avoid \
             accidental conflicts with other finalizer writers"
        )
    };
    added.filter(is_odd).map(told).collect()
}

fn identity(object: &Object, old: &Object, path: &FieldPath, errors: &mut FieldErrors) {
    for field in ["name", "namespace", "uid", "creationTimestamp"] {
        let (new, old) = (
            object.text(&["metadata", field]),
            old.text(&["metadata", field]),
        );
        errors.require_same(&path.field(field), &new, &old);
    }
}

fn new_finalizers(object: &Object, old: &Object, path: &FieldPath, errors: &mut FieldErrors) {
    if !old.is_terminating() {
        return;
    }
    let known = old.finalizers();
    let new: Vec<&str> = object
        .finalizers()
        .into_iter()
        .filter(|name| !known.contains(name))
        .collect();
    if !new.is_empty() {
        let detail = format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers \
             {new:?}"
        );
        errors.forbidden(path, detail);
    }
}

fn list<'a>(object: &'a Object, field: &str) -> &'a [Value] {
    let list = object.at(&["metadata", field]).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or("")
}
