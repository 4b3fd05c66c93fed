//! Definitions of kinds that users invent, together with objects of such kinds.

use std::sync::OnceLock;

use gantry_api::{FieldErrors, Object};
use gantry_kinds::{Descriptor, custom};
use serde_json::{Value, json};

pub(super) const WORDS: &[&str] = &[
    "\"type\": \"object\"",
    "\"type\": \"array\"",
    "\"type\": \"string\"",
    "\"type\": \"integer\"",
    "\"properties\": {",
    "\"additionalProperties\": {",
    "\"items\": {",
    "\"default\": ",
    "\"nullable\": true",
    "\"enum\": [",
    "\"pattern\": \"",
    "\"format\": \"date-time\"",
    "\"maxLength\": 3",
    "\"maxItems\": 2",
    "\"minimum\": 1",
    "\"required\": [\"a\"]",
    "\"anyOf\": [{",
    "\"oneOf\": [{",
    "\"not\": {",
    "\"x-kubernetes-int-or-string\": true",
    "\"x-kubernetes-preserve-unknown-fields\": true",
    "\"x-kubernetes-embedded-resource\": true",
    "\"x-kubernetes-list-type\": \"map\"",
    "\"x-kubernetes-list-type\": \"set\"",
    "\"x-kubernetes-list-map-keys\": [\"a\"]",
    "\"x-kubernetes-validations\": [{\"rule\": \"",
    "\"messageExpression\": \"",
    "\"fieldPath\": \".a\"",
    "\"optionalOldSelf\": true",
    "self",
    "oldSelf",
    "self.a",
    ".all(x, ",
    ".matches('",
    " == ",
    "\"object\": {",
    "\"old\": {",
    "null",
    "[]",
    "{}",
];

/// A definition that is accepted makes a kind whose objects are completed to an end, and judged alike
/// each time.
pub(super) fn custom_kind(input: &[u8]) -> String {
    let Ok(given) = serde_json::from_slice::<Value>(input) else {
        return "is no JSON".to_owned();
    };
    let kind = match defined(&given["schema"]) {
        Ok(kind) => kind,
        Err(why) => return why,
    };
    let (object, old) = (object(&given["object"]), given.get("old").map(object));
    // What a default brings along that the schema does not know goes with the second pass.
    let completed = kind.hooks.restore(kind.hooks.restore(object));
    assert_eq!(kind.hooks.restore(completed.clone()), completed);
    let old = old.map(|old| kind.hooks.restore(old));
    let judge = || {
        let mut errors = FieldErrors::new();
        let remarks = kind.hooks.validate(&completed, old.as_ref(), &mut errors);
        let remarks = remarks.expect("every tree is an object of a custom kind");
        (errors, remarks)
    };
    let (errors, remarks) = judge();
    assert_eq!((&errors, &remarks), (&judge().0, &judge().1));
    match errors.as_slice().first() {
        None if remarks.is_empty() => "fits".to_owned(),
        None => "fits with remarks".to_owned(),
        Some(first) => format!("does not fit: {}", first.fault.reason()),
    }
}

/// The kind that a definition with this schema defines.
fn defined(schema: &Value) -> Result<Descriptor, String> {
    let mut definition = definition(schema);
    let hooks = &definitions().hooks;
    let shape = |_| "has another shape".to_owned();
    hooks.prepare(&mut definition, None).map_err(shape)?;
    let mut errors = FieldErrors::new();
    let remarks = hooks.validate(&definition, None, &mut errors);
    remarks.map_err(shape)?;
    if let Some(first) = errors.as_slice().first() {
        let words: Vec<&str> = first.detail.split_whitespace().take(3).collect();
        return Err(format!(
            "is refused: {} {}",
            first.fault.reason(),
            words.join(" ")
        ));
    }
    definition.set(&["status"], established());
    let mut kinds = custom::descriptors(&definition, 1);
    Ok(kinds.remove(0))
}

fn definition(schema: &Value) -> Object {
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "webs.example.com"},
        "spec": {
            "group": "example.com", "scope": "Cluster",
            "names": {"plural": "webs", "singular": "web", "kind": "Web", "listKind": "WebList"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": schema}}],
        },
    });
    Object::from_value(definition).expect("it is an object")
}

/// What a definition says when its kind may be used.
fn established() -> Value {
    let names = json!({"plural": "webs", "singular": "web", "kind": "Web", "listKind": "WebList"});
    json!({
        "acceptedNames": names,
        "conditions": [{"type": "Established", "status": "True"}],
        "storedVersions": ["v1"],
    })
}

fn object(given: &Value) -> Object {
    let mut object = Object::from_value(given.clone()).unwrap_or_default();
    object.set(&["apiVersion"], "example.com/v1".into());
    object.set(&["kind"], "Web".into());
    object.set(&["metadata"], json!({"name": "a"}));
    object
}

/// The kind of definitions.
fn definitions() -> &'static Descriptor {
    static KINDS: OnceLock<Vec<Descriptor>> = OnceLock::new();
    let kinds = KINDS.get_or_init(gantry_kinds::builtin);
    let is_it = |kind: &&Descriptor| kind.names.resource() == custom::definitions();
    kinds.iter().find(is_it).expect("definitions are a kind")
}
