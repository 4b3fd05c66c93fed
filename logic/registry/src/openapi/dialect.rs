//! In what the second and the third version of OpenAPI differ, as far as we use them.

use serde_json::{Map, Value, json};

/// A version of OpenAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Second,
    Third,
}

/// Where the generator leaves references.
const GENERATED: &str = "#/$defs/";

impl Dialect {
    /// A reference to the definition `name`.
    pub(super) fn reference(self, name: &str) -> Value {
        Value::from(match self {
            Self::Second => format!("#/definitions/{name}"),
            Self::Third => format!("#/components/schemas/{name}"),
        })
    }

    /// A schema that is the definition `name`.
    pub(super) fn schema_of(self, name: &str) -> Value {
        json!({"$ref": self.reference(name)})
    }

    /// A parameter in a path or a query.
    pub(super) fn parameter(self, name: &str, place: &str, kind: &str, about: &str) -> Value {
        let mut parameter = json!({
            "name": name,
            "in": place,
            "description": about,
            "uniqueItems": true,
        });
        match self {
            Self::Second => parameter["type"] = Value::from(kind),
            Self::Third => parameter["schema"] = json!({"type": kind, "uniqueItems": true}),
        }
        if place == "path" {
            parameter["required"] = Value::from(true);
        }
        parameter
    }

    /// Puts the body that an operation takes into it.
    pub(super) fn take_body(
        self,
        operation: &mut Value,
        schema: &Value,
        types: &[&str],
        is_required: bool,
    ) {
        match self {
            Self::Second => {
                operation["consumes"] = json!(types);
                let mut body = json!({"name": "body", "in": "body", "schema": schema});
                if is_required {
                    body["required"] = Value::from(true);
                }
                if let Some(parameters) = operation["parameters"].as_array_mut() {
                    parameters.push(body);
                }
            }
            Self::Third => {
                let content: Map<String, Value> = types
                    .iter()
                    .map(|name| ((*name).to_owned(), json!({"schema": schema})))
                    .collect();
                operation["requestBody"] = json!({"content": content});
                if is_required {
                    operation["requestBody"]["required"] = Value::from(true);
                }
            }
        }
    }

    /// An answer with a body.
    pub(super) fn response(self, about: &str, schema: &Value) -> Value {
        match self {
            Self::Second => json!({"description": about, "schema": schema}),
            Self::Third => json!({
                "description": about,
                "content": {"application/json": {"schema": schema}},
            }),
        }
    }

    /// Rewrites a generated schema, and all in it, into this dialect.
    pub(super) fn translate(self, schema: &mut Value) {
        match schema {
            Value::Array(items) => items.iter_mut().for_each(|item| self.translate(item)),
            Value::Object(members) => {
                members.values_mut().for_each(|value| self.translate(value));
                self.translate_here(members);
            }
            Value::Bool(_) | Value::Null | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn translate_here(self, members: &mut Map<String, Value>) {
        if members.get("additionalProperties") == Some(&Value::Bool(true)) {
            members.insert("additionalProperties".to_owned(), json!({"type": "object"}));
        }
        if members.remove("x-kubernetes-int-or-string").is_some() {
            self.int_or_text(members);
        }
        if self == Self::Second {
            forget_unknown(members);
        }
        let reference = members.get("$ref").and_then(Value::as_str);
        let name = reference
            .and_then(|text| text.strip_prefix(GENERATED))
            .map(str::to_owned);
        let Some(name) = name else { return };
        let is_alone = members.len() == 1;
        match self {
            Self::Third if !is_alone => {
                members.remove("$ref");
                members.insert("allOf".to_owned(), json!([self.schema_of(&name)]));
            }
            Self::Second | Self::Third => {
                members.insert("$ref".to_owned(), self.reference(&name));
            }
        }
    }

    fn int_or_text(self, members: &mut Map<String, Value>) {
        match self {
            Self::Second => {
                members.insert("type".to_owned(), Value::from("string"));
                members.insert("format".to_owned(), Value::from("int-or-string"));
            }
            Self::Third => {
                let either = json!([{"type": "integer"}, {"type": "string"}]);
                members.insert("oneOf".to_owned(), either);
                members.insert("format".to_owned(), Value::from("int-or-string"));
            }
        }
    }
}

/// Takes out what the second version cannot say: alternatives, and that `null` is a value.
fn forget_unknown(members: &mut Map<String, Value>) {
    for list in ["anyOf", "oneOf"] {
        if members.get(list).is_some_and(Value::is_array) {
            members.remove(list);
        }
    }
    if members.get("not").is_some_and(Value::is_object) && members.contains_key("type") {
        members.remove("not");
    }
    if members.get("nullable") == Some(&Value::Bool(true)) {
        for said in [
            "nullable",
            "type",
            "items",
            "properties",
            "additionalProperties",
        ] {
            members.remove(said);
        }
    }
}
