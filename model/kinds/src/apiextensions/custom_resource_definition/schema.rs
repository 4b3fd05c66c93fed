//! What makes the schema of a custom kind a structural one: it says of each part what it is, at one
//! place, so that fields can be pruned, defaulted and merged without trying alternatives.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use gantry_schema::Constraints;
use gantry_schema::pattern::Pattern;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSON, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};

use super::amounts;
use crate::custom::rules;

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
const LIST_TYPES: [&str; 3] = ["atomic", "map", "set"];
const MAP_TYPES: [&str; 2] = ["atomic", "granular"];
const REASONS: [&str; 4] = [
    "FieldValueRequired",
    "FieldValueForbidden",
    "FieldValueInvalid",
    "FieldValueDuplicate",
];

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Field,
    Item,
    /// In an alternative, which may only restrict what is said elsewhere.
    Alternative,
}

/// Checks the schema of a whole object.
pub(super) fn validate(schema: &JSONSchemaProps, path: &FieldPath, errors: &mut FieldErrors) {
    let before = errors.as_slice().len();
    root(schema, path, errors);
    node(schema, Place::Root, path, errors);
    // What rules mean follows from the structure: without one they mean nothing.
    if errors.as_slice().len() == before {
        let whole = serde_json::to_value(schema).unwrap_or_default();
        if amounts::validate(&whole, path, errors) {
            rules::validate(&whole, path, errors);
        }
    }
}

fn root(schema: &JSONSchemaProps, path: &FieldPath, errors: &mut FieldErrors) {
    let own = schema.type_.as_deref().unwrap_or("");
    if !own.is_empty() && own != "object" {
        errors.invalid(&path.field("type"), own, "must be object at the root");
    }
    if schema.additional_properties.is_some() {
        let at = path.field("additionalProperties");
        errors.forbidden(&at, "must not be used at the root");
    }
    let metadata = schema
        .properties
        .iter()
        .flatten()
        .find(|(name, _)| *name == "metadata");
    if let Some((_, metadata)) = metadata {
        let names = metadata
            .properties
            .iter()
            .flatten()
            .map(|(name, _)| name.as_str());
        if names
            .into_iter()
            .any(|name| name != "name" && name != "generateName")
        {
            let detail = "must not specify anything other than name and generateName, but \
                          metadata is implicitly specified";
            errors.forbidden(&path.field("properties").key("metadata"), detail);
        }
    }
}

fn node(schema: &JSONSchemaProps, place: Place, path: &FieldPath, errors: &mut FieldErrors) {
    unsupported(schema, path, errors);
    if place == Place::Alternative {
        only_restricts(schema, path, errors);
    } else {
        types(schema, place, path, errors);
        extensions(schema, path, errors);
    }
    notation(schema, path, errors);
    pattern(schema, path, errors);
    if place != Place::Alternative {
        default(schema, path, errors);
    }
    children(schema, place, path, errors);
}

/// What no schema may contain.
fn unsupported(schema: &JSONSchemaProps, path: &FieldPath, errors: &mut FieldErrors) {
    let present = [
        ("id", schema.id.as_ref().is_some_and(|id| !id.is_empty())),
        ("additionalItems", schema.additional_items.is_some()),
        ("patternProperties", schema.pattern_properties.is_some()),
        ("definitions", schema.definitions.is_some()),
        ("dependencies", schema.dependencies.is_some()),
        ("$ref", schema.ref_path.is_some()),
    ];
    for (field, _) in present.iter().filter(|(_, present)| *present) {
        errors.forbidden(&path.field(field), format!("{field} is not supported"));
    }
    if schema.unique_items == Some(true) {
        let detail =
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        errors.forbidden(&path.field("uniqueItems"), detail);
    }
    if matches!(schema.items, Some(JSONSchemaPropsOrArray::Schemas(_))) {
        let detail = "items must be a schema object and not an array";
        errors.forbidden(&path.field("items"), detail);
    }
    let at = path.field("additionalProperties");
    match &schema.additional_properties {
        Some(JSONSchemaPropsOrBool::Bool(false)) => {
            errors.forbidden(&at, "additionalProperties cannot be set to false");
        }
        Some(JSONSchemaPropsOrBool::Schema(_)) if has_properties(schema) => {
            let detail = "additionalProperties and properties are mutual exclusive";
            errors.forbidden(&at, detail);
        }
        Some(_) | None => {}
    }
}

fn has_properties(schema: &JSONSchemaProps) -> bool {
    schema
        .properties
        .as_ref()
        .is_some_and(|own| !own.is_empty())
}

/// An alternative may not say anything that belongs to the structure.
fn only_restricts(schema: &JSONSchemaProps, path: &FieldPath, errors: &mut FieldErrors) {
    let text = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let said = [
        (
            "additionalProperties",
            schema.additional_properties.is_some(),
        ),
        ("type", text(&schema.type_)),
        ("nullable", schema.nullable == Some(true)),
        ("description", text(&schema.description)),
        ("default", schema.default.is_some()),
        ("title", text(&schema.title)),
        (
            "x-kubernetes-preserve-unknown-fields",
            schema.x_kubernetes_preserve_unknown_fields.is_some(),
        ),
        (
            "x-kubernetes-embedded-resource",
            is(schema.x_kubernetes_embedded_resource),
        ),
        (
            "x-kubernetes-int-or-string",
            is(schema.x_kubernetes_int_or_string),
        ),
        (
            "x-kubernetes-validations",
            schema
                .x_kubernetes_validations
                .as_ref()
                .is_some_and(|own| !own.is_empty()),
        ),
    ];
    // The two forms of a number or a text are told apart by their types, and only there.
    for (field, _) in said.iter().filter(|(_, said)| *said) {
        errors.forbidden(&path.field(field), "must be empty to be structural");
    }
}

fn is(flag: Option<bool>) -> bool {
    flag == Some(true)
}

fn types(schema: &JSONSchemaProps, place: Place, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("type");
    let own = schema.type_.as_deref().unwrap_or("");
    let int_or_text = is(schema.x_kubernetes_int_or_string);
    let is_free = is(schema.x_kubernetes_preserve_unknown_fields);
    match own {
        "" if place == Place::Root => errors.required(&at, "must not be empty at the root"),
        "" if int_or_text || is_free => {}
        "" if place == Place::Item => {
            errors.required(&at, "must not be empty for specified array items");
        }
        "" => errors.required(&at, "must not be empty for specified object fields"),
        "null" => {
            let detail = "type cannot be set to null, use nullable as an alternative";
            errors.forbidden(&at, detail);
        }
        own if !TYPES.contains(&own) => errors.not_supported(&at, own, &TYPES),
        own if int_or_text => {
            let detail = "must be empty if x-kubernetes-int-or-string is true";
            errors.invalid(&at, own, detail);
        }
        "array" if schema.items.is_none() => {
            errors.required(&path.field("items"), "must be specified");
        }
        _ => {}
    }
}

/// What the project's own markers ask of the schema that has them.
fn extensions(schema: &JSONSchemaProps, path: &FieldPath, errors: &mut FieldErrors) {
    let own = schema.type_.as_deref().unwrap_or("");
    let is_free = is(schema.x_kubernetes_preserve_unknown_fields);
    if schema.x_kubernetes_preserve_unknown_fields == Some(false) {
        let at = path.field("x-kubernetes-preserve-unknown-fields");
        errors.invalid(&at, false, "must be true or undefined");
    }
    if is(schema.x_kubernetes_embedded_resource) {
        if own != "object" {
            let detail = "must be object if x-kubernetes-embedded-resource is true";
            errors.invalid(&path.field("type"), own, detail);
        }
        if !is_free && !has_properties(schema) {
            let detail = "must not be empty if x-kubernetes-embedded-resource is true without \
                          x-kubernetes-preserve-unknown-fields";
            errors.required(&path.field("properties"), detail);
        }
    }
    if let Some(list) = &schema.x_kubernetes_list_type {
        if own != "array" {
            let detail = "must be array if x-kubernetes-list-type is specified";
            errors.invalid(&path.field("type"), own, detail);
        }
        if !LIST_TYPES.contains(&list.as_str()) {
            let at = path.field("x-kubernetes-list-type");
            errors.not_supported(&at, list, &LIST_TYPES);
        }
    }
    list_keys(schema, path, errors);
    if let Some(map) = &schema.x_kubernetes_map_type {
        if own != "object" {
            let detail = "must be object if x-kubernetes-map-type is specified";
            errors.invalid(&path.field("type"), own, detail);
        }
        if !MAP_TYPES.contains(&map.as_str()) {
            let at = path.field("x-kubernetes-map-type");
            errors.not_supported(&at, map, &MAP_TYPES);
        }
    }
}

/// The keys of a list that is a map: fields of its items that are always there.
fn list_keys(schema: &JSONSchemaProps, path: &FieldPath, errors: &mut FieldErrors) {
    let keys = schema.x_kubernetes_list_map_keys.as_deref().unwrap_or(&[]);
    let at = path.field("x-kubernetes-list-map-keys");
    if schema.x_kubernetes_list_type.as_deref() != Some("map") {
        if !keys.is_empty() {
            let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
            let list = path.field("x-kubernetes-list-type");
            errors.invalid(&list, &schema.x_kubernetes_list_type, detail);
        }
        return;
    }
    if keys.is_empty() {
        errors.required(&at, "must not be empty if x-kubernetes-list-type is map");
    }
    let Some(JSONSchemaPropsOrArray::Schema(item)) = &schema.items else {
        return;
    };
    let required = item.required.as_deref().unwrap_or(&[]);
    let mut seen = BTreeSet::new();
    for (index, key) in keys.iter().enumerate() {
        let at = at.index(index);
        if !seen.insert(key) {
            errors.duplicate(&at, key);
        }
        let Some(own) = item.properties.as_ref().and_then(|all| all.get(key)) else {
            let detail = "entries must all be names of item properties";
            errors.invalid(&at, key, detail);
            continue;
        };
        let field = path.field("items").field("properties").key(key);
        if matches!(own.type_.as_deref(), Some("array" | "object")) {
            let detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
            errors.invalid(&field.field("type"), &own.type_, detail);
        }
        if own.default.is_none() && !required.contains(key) {
            let detail = "this property is in x-kubernetes-list-map-keys, so it must have a \
                          default or be a required property";
            errors.required(&field.field("default"), detail);
        }
    }
}

/// A pattern must be one.
fn pattern(schema: &JSONSchemaProps, path: &FieldPath, errors: &mut FieldErrors) {
    let text = schema.pattern.as_deref().unwrap_or("");
    if let Some(fault) = Pattern::new(text).fault() {
        let detail = format!("must be a valid regular expression, but isn't: {fault}");
        errors.invalid(&path.field("pattern"), text, detail);
    }
}

/// A default must be what the schema asks for.
fn default(schema: &JSONSchemaProps, path: &FieldPath, errors: &mut FieldErrors) {
    let Some(JSON(default)) = &schema.default else {
        return;
    };
    let definition = serde_json::to_value(schema).unwrap_or_default();
    let found = Constraints::read(&definition).check_at(&path.field("default"), default);
    found
        .into_vec()
        .into_iter()
        .for_each(|error| errors.push(error));
}

/// How rules are written; what they mean is looked at when the whole schema is found to be one.
fn notation(schema: &JSONSchemaProps, path: &FieldPath, errors: &mut FieldErrors) {
    let is_broken = |text: &str| text.contains(['\n', '\r']);
    let rules = schema.x_kubernetes_validations.iter().flatten();
    for (index, own) in rules.enumerate() {
        let at = path.field("x-kubernetes-validations").index(index);
        let (rule, message) = (own.rule.trim(), own.message.as_deref().unwrap_or(""));
        if rule.is_empty() {
            errors.required(&at.field("rule"), "rule is not specified");
        }
        let words = [
            ("message", &own.message),
            ("messageExpression", &own.message_expression),
            ("fieldPath", &own.field_path),
        ];
        for (field, text) in words {
            let text = text.as_deref().unwrap_or("");
            if !text.is_empty() && text.trim().is_empty() {
                let detail = format!("{field} must be non-empty if specified");
                errors.invalid(&at.field(field), text, detail);
            }
            if is_broken(text.trim()) && field != "messageExpression" {
                let detail = format!("{field} must not contain line breaks");
                errors.invalid(&at.field(field), text, detail);
            }
        }
        if is_broken(rule) && message.trim().is_empty() {
            let detail = "message must be specified if rule contains line breaks";
            errors.required(&at.field("message"), detail);
        }
        if let Some(reason) = &own.reason
            && !REASONS.contains(&reason.as_str())
        {
            errors.not_supported(&at.field("reason"), reason, &REASONS);
        }
    }
}

fn children(schema: &JSONSchemaProps, place: Place, path: &FieldPath, errors: &mut FieldErrors) {
    let below = |place: Place, inner: Place| {
        if place == Place::Alternative {
            Place::Alternative
        } else {
            inner
        }
    };
    for (name, own) in schema.properties.iter().flatten() {
        // Whatever a definition says of these is replaced by what they are everywhere.
        let is_implied = place == Place::Root && name == "metadata" && own.type_.is_none();
        if !is_implied {
            let at = path.field("properties").key(name);
            node(own, below(place, Place::Field), &at, errors);
        }
    }
    if let Some(JSONSchemaPropsOrBool::Schema(own)) = &schema.additional_properties {
        let at = path.field("additionalProperties");
        node(own, below(place, Place::Field), &at, errors);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(own)) = &schema.items {
        node(own, below(place, Place::Item), &path.field("items"), errors);
    }
    if is(schema.x_kubernetes_int_or_string) {
        // Its alternatives are the one place where types may stand in alternatives.
        return;
    }
    let alternatives = [
        ("allOf", &schema.all_of),
        ("anyOf", &schema.any_of),
        ("oneOf", &schema.one_of),
    ];
    for (field, list) in alternatives {
        for (index, own) in list.iter().flatten().enumerate() {
            let at = path.field(field).index(index);
            node(own, Place::Alternative, &at, errors);
        }
    }
    if let Some(own) = &schema.not {
        node(own, Place::Alternative, &path.field("not"), errors);
    }
}
