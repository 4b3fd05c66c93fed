//! Discovery and schemas.

use serde_json::Value;

use super::Server;

#[test]
fn both_forms_of_discovery_agree() {
    let server = Server::new();
    let version = gantry_api::GroupVersion::new("apps", "v1");
    let list = server.registry.resource_list(&version).unwrap();
    let names: Vec<&str> = list["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"deployments/scale"), "{names:?}");
    let all = server.registry.aggregated(false, "v2");
    let apps = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|group| group["metadata"]["name"] == "apps");
    let resources = apps.unwrap()["versions"][0]["resources"]
        .as_array()
        .unwrap();
    let main = names.iter().filter(|name| !name.contains('/')).count();
    assert_eq!(resources.len(), main);
}

#[test]
fn every_reference_in_a_published_schema_leads_somewhere() {
    let server = Server::new();
    let second = server.registry.openapi_v2();
    check(&second, &second["definitions"], "#/definitions/");
    for kind in server.registry.kinds() {
        let third = server
            .registry
            .openapi_v3(&kind.names.group_version())
            .unwrap();
        check(
            &third,
            &third["components"]["schemas"],
            "#/components/schemas/",
        );
    }
}

fn check(value: &Value, definitions: &Value, prefix: &str) {
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let name = reference
                    .strip_prefix(prefix)
                    .unwrap_or_else(|| panic!("{reference}"));
                assert!(definitions.get(name).is_some(), "{name} is not defined");
            }
            members
                .values()
                .for_each(|value| check(value, definitions, prefix));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| check(item, definitions, prefix)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn clients_learn_that_fields_can_be_validated() {
    let server = Server::new();
    let document = server
        .registry
        .openapi_v3(&gantry_api::GroupVersion::new("", "v1"))
        .unwrap();
    let patch = &document["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]["patch"];
    let named = |parameter: &Value| parameter["name"] == "fieldValidation";
    assert!(patch["parameters"].as_array().unwrap().iter().any(named));
    assert_eq!(patch["x-kubernetes-group-version-kind"]["kind"], "Pod");
    let containers = &document["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]["properties"]
        ["containers"];
    assert_eq!(containers["x-kubernetes-patch-merge-key"], "name");
}
