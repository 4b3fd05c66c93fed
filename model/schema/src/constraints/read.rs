//! From the notation of definitions to the tree that values are checked against.

use serde_json::Value;

use super::format::Format;
use super::number::Numbers;
use super::{Bounds, Node};
use crate::pattern::Pattern;
use crate::schema::ListKind;

/// What `definition` asks, with all below it.
pub(super) fn node(definition: &Value) -> Node {
    let types = types(definition);
    let text = |name: &str| definition[name].as_str().filter(|text| !text.is_empty());
    let child = |name: &str| {
        let child = definition.get(name).filter(|child| child.is_object());
        child.map(|child| Box::new(node(child)))
    };
    Node {
        types,
        nullable: is_set(definition, "nullable"),
        format: text("format").and_then(|name| Format::known(name, types)),
        allowed: list(&definition["enum"]).to_vec(),
        numbers: Numbers::read(definition, types),
        length: bounds(definition, "minLength", "maxLength"),
        pattern: text("pattern").map(Pattern::new),
        items: bounds(definition, "minItems", "maxItems"),
        item: child("items"),
        list: list_kind(definition),
        members: bounds(definition, "minProperties", "maxProperties"),
        required: texts(&definition["required"]),
        properties: definition["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, definition)| (name.clone(), node(definition)))
            .collect(),
        entries: child("additionalProperties"),
        is_embedded: is_set(definition, "x-kubernetes-embedded-resource"),
        all_of: nodes(&definition["allOf"]),
        any_of: nodes(&definition["anyOf"]),
        one_of: nodes(&definition["oneOf"]),
        not: child("not"),
    }
}

fn nodes(definitions: &Value) -> Vec<Node> {
    list(definitions).iter().map(node).collect()
}

fn types(definition: &Value) -> &'static [&'static str] {
    if is_set(definition, "x-kubernetes-int-or-string") {
        return &["integer", "string"];
    }
    match definition["type"].as_str() {
        Some("array") => &["array"],
        Some("boolean") => &["boolean"],
        Some("integer") => &["integer"],
        Some("number") => &["number"],
        Some("object") => &["object"],
        Some("string") => &["string"],
        _ => &[],
    }
}

fn bounds(definition: &Value, least: &str, most: &str) -> Bounds {
    Bounds {
        least: definition[least].as_u64(),
        most: definition[most].as_u64(),
    }
}

fn list_kind(definition: &Value) -> Option<ListKind> {
    match definition["x-kubernetes-list-type"].as_str() {
        Some("set") => Some(ListKind::Set),
        Some("map") => {
            let keys = texts(&definition["x-kubernetes-list-map-keys"]);
            Some(ListKind::Keyed(keys))
        }
        _ => None,
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn texts(value: &Value) -> Vec<String> {
    let texts = list(value).iter().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

fn is_set(definition: &Value, marker: &str) -> bool {
    definition[marker] == true
}
