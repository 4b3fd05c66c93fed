//! Drops what a type does not know from a value that is already a tree.
//!
//! Unlike decoding, it checks no types and changes nothing else: nulls stay. For bodies, which
//! have lines to report, decode instead.

use serde_json::Value;

use crate::decode::{Finding, Problem};
use crate::limits;
use crate::schema::TypeRef;
use crate::trail::Trail;

/// Drops every field that the type does not list, and says which those were.
pub fn prune(value: &mut Value, ty: TypeRef<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(value, ty, &Trail::Root, &mut findings);
    findings
}

fn walk(value: &mut Value, ty: TypeRef<'_>, at: &Trail<'_>, findings: &mut Vec<Finding>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                walk(item, ty.item(), &Trail::Index(at, index), findings);
            }
        }
        Value::Object(map) => {
            if let Some(object) = ty.object().filter(|object| !object.open) {
                map.retain(|name, _| {
                    let is_known = ty.field(name).is_some();
                    if !is_known && findings.len() < limits::FINDINGS_MAX {
                        let problem = Problem::Unknown {
                            suggestion: object.suggestion(name),
                        };
                        findings.push(Finding::new(problem, &Trail::Field(at, name), name, None));
                    }
                    is_known
                });
            }
            for (name, value) in map {
                walk(value, ty.child(name), &Trail::Field(at, name), findings);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::{Field, PatchStrategy, Schema, Shape};

    #[test]
    fn unknown_fields_go_and_known_ones_stay_as_they_are() {
        let pod = Schema::builtin().kind("", "v1", "Pod").unwrap();
        let mut value =
            json!({"spec": {"containers": [{"name": "a", "imagge": "x", "env": null}]}});
        let findings = prune(&mut value, pod);
        assert_eq!(
            value,
            json!({"spec": {"containers": [{"name": "a", "env": null}]}})
        );
        let found = findings.first().map(ToString::to_string).unwrap();
        assert_eq!(
            found,
            "unknown field \"spec.containers[0].imagge\", did you mean \"image\"?"
        );
    }

    #[test]
    fn an_open_type_keeps_what_it_does_not_list() {
        let mut schema = Schema::default();
        let id = schema.declare("Widget");
        let spec = Field {
            name: "spec".into(),
            shape: Shape::Any,
            required: false,
            nullable: false,
            patch: PatchStrategy::default(),
            allowed: Vec::new(),
            default: None,
        };
        schema.define(id, true, vec![spec]);
        let mut value = json!({"spec": {"a": 1}, "other": {"b": [1, {"c": 2}]}});
        let before = value.clone();
        assert!(prune(&mut value, schema.object(id)).is_empty());
        assert_eq!(value, before);
    }
}
