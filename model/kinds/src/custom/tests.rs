//! What a definition becomes, and what it becomes nothing.

use expect_test::expect;
use serde_json::{Value, json};

use super::*;

fn definition(change: impl FnOnce(&mut Value)) -> Object {
    let schema = json!({"openAPIV3Schema": {"type": "object"}});
    let mut definition = json!({
        "metadata": {"name": "webs.example.com"},
        "spec": {"group": "example.com", "scope": "Cluster", "versions": [
            {"name": "v1beta1", "served": true, "storage": false, "deprecated": true,
                "schema": schema},
            {"name": "v1", "served": true, "storage": true, "schema": schema,
                "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.n",
                    "statusReplicasPath": ".status.n"}}},
            {"name": "v2", "served": false, "storage": false, "schema": schema},
        ]},
        "status": {
            "acceptedNames": {"plural": "webs", "singular": "web", "kind": "Web",
                "listKind": "WebList"},
            "conditions": [{"type": "Established", "status": "True"}],
        },
    });
    change(&mut definition);
    Object::from_value(definition).unwrap()
}

fn shown(definition: &Object) -> String {
    let kinds = descriptors(definition, 5);
    let line = |kind: &Descriptor| {
        let parts: Vec<&str> = kind.subresources.iter().map(|part| part.name()).collect();
        let columns: Vec<&str> = kind.columns.iter().map(|own| own.name.as_str()).collect();
        format!(
            "{} {} {:?} native={} {} {parts:?} {columns:?} {:?}\n",
            kind.names.group_version(),
            kind.names.resource(),
            kind.scope,
            kind.native,
            kind.definition,
            kind.remark,
        )
    };
    kinds.iter().map(line).collect()
}

#[test]
fn each_served_version_is_a_kind_of_its_own() {
    expect![[r#"
        example.com/v1beta1 webs.example.com Cluster native=false com.example.v1beta1.Web [] ["Name", "Age"] Some("example.com/v1beta1 Web is deprecated; use example.com/v1 Web")
        example.com/v1 webs.example.com Cluster native=true com.example.v1.Web ["scale", "status"] ["Name", "Age"] None
    "#]].assert_eq(&shown(&definition(|_| {})));
}

#[test]
fn a_definition_without_accepted_names_defines_nothing() {
    let waiting = definition(|own| own["status"]["conditions"][0]["status"] = "False".into());
    assert_eq!(shown(&waiting), "");
    assert_eq!(shown(&definition(|own| own["spec"] = Value::Null)), "");
}

#[test]
fn cells_are_found_by_their_paths() {
    let kinds = descriptors(
        &definition(|own| {
            own["spec"]["versions"][1]["additionalPrinterColumns"] = json!([
                {"name": "Ready", "type": "string",
                    "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"},
                {"name": "N", "type": "integer", "jsonPath": ".spec.n"},
                {"name": "List", "type": "string", "jsonPath": ".spec.list"},
                {"name": "On", "type": "boolean", "jsonPath": ".spec.on"},
                {"name": "Since", "type": "date", "jsonPath": ".spec.since"},
                {"name": "Odd", "type": "date", "jsonPath": ".spec.n.x"}]);
        }),
        1,
    );
    let object = Object::from_value(json!({
        "metadata": {"name": "x"},
        "spec": {"n": 2.0, "list": [1, "a"], "on": true, "since": "2026-01-01T00:00:00Z"},
        "status": {"conditions": [{"type": "A", "status": "x"}, {"type": "Ready", "status": "True"}]},
    }));
    let now = "2026-01-01T01:00:00Z".parse().unwrap();
    let row = kinds[1].hooks.row(&object.unwrap(), now).unwrap();
    assert_eq!(
        Value::from(row.cells),
        json!(["x", "True", 2, "[1,\"a\"]", true, "60m", null])
    );
}
