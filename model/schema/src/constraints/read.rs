//! From the notation of definitions to the tree that values are checked against.

use std::collections::BTreeMap;

use serde_json::Value;

use super::allowed::Allowed;
use super::format::Format;
use super::number::Numbers;
use super::{Bounds, Node};
use crate::pattern::Pattern;
use crate::schema::ListKind;

/// The patterns of one definition: those that are written alike are built once.
type Patterns = BTreeMap<String, Pattern>;

/// What `definition` asks, with all below it.
pub(super) fn root(definition: &Value) -> Node {
    node(definition, &mut Patterns::new())
}

fn node(definition: &Value, patterns: &mut Patterns) -> Node {
    let types = types(definition);
    let text = |name: &str| definition[name].as_str().filter(|text| !text.is_empty());
    let pattern = text("pattern").map(|text| {
        let new = || Pattern::new(text);
        let known = patterns.entry(text.to_owned()).or_insert_with(new);
        known.clone()
    });
    let mut child = |name: &str| {
        let child = definition.get(name).filter(|child| child.is_object());
        child.map(|child| Box::new(node(child, patterns)))
    };
    let (item, entries, not) = (child("items"), child("additionalProperties"), child("not"));
    let properties = definition["properties"].as_object().into_iter().flatten();
    let properties = properties.map(|(name, own)| (name.clone(), node(own, patterns)));
    let properties = properties.collect();
    let mut nodes = |name: &str| {
        let all = list(&definition[name]).iter();
        all.map(|own| node(own, patterns)).collect()
    };
    let (all_of, any_of, one_of) = (nodes("allOf"), nodes("anyOf"), nodes("oneOf"));
    Node {
        types,
        nullable: is_set(definition, "nullable"),
        format: text("format").and_then(|name| Format::known(name, types)),
        allowed: Allowed::new(list(&definition["enum"])),
        numbers: Numbers::read(definition, types),
        length: bounds(definition, "minLength", "maxLength"),
        pattern,
        items: bounds(definition, "minItems", "maxItems"),
        item,
        list: list_kind(definition),
        members: bounds(definition, "minProperties", "maxProperties"),
        required: texts(&definition["required"]),
        properties,
        entries,
        is_embedded: is_set(definition, "x-kubernetes-embedded-resource"),
        all_of,
        any_of,
        one_of,
        not,
    }
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
