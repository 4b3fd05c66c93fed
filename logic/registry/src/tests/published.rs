//! Discovery and schemas.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Server;

#[test]
fn both_forms_of_discovery_agree() {
    let server = Server::new();
    let version = gantry_api::GroupVersion::new("apps", "v1");
    let list = server.registry().resource_list(&version).unwrap();
    let names: Vec<&str> = list["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"deployments/scale"), "{names:?}");
    let all = server.registry().aggregated(&[], false, "v2");
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
fn groups_come_in_the_order_in_which_clients_prefer_them() {
    let server = Server::new();
    let names = |list: &Value, field: &str, path: &str| -> Vec<String> {
        let groups = list[field].as_array().unwrap().iter();
        let name = groups.map(|group| group.pointer(path).unwrap().as_str().unwrap());
        name.map(str::to_owned).collect()
    };
    let listed = names(&server.registry().group_list(&[]), "groups", "/name");
    let together = server.registry().aggregated(&[], false, "v2");
    assert_eq!(names(&together, "items", "/metadata/name"), listed);
    assert_eq!(
        listed,
        [
            "apiregistration.k8s.io",
            "apps",
            "events.k8s.io",
            "authentication.k8s.io",
            "authorization.k8s.io",
            "autoscaling",
            "batch",
            "certificates.k8s.io",
            "networking.k8s.io",
            "policy",
            "rbac.authorization.k8s.io",
            "storage.k8s.io",
            "admissionregistration.k8s.io",
            "apiextensions.k8s.io",
            "scheduling.k8s.io",
            "coordination.k8s.io",
            "node.k8s.io",
            "discovery.k8s.io",
            "resource.k8s.io",
            "flowcontrol.apiserver.k8s.io",
        ]
    );
    let scalers = server.registry().group(&[], "autoscaling").unwrap();
    assert_eq!(scalers["versions"][0]["version"], "v2");
}

#[test]
fn every_reference_in_a_published_schema_leads_somewhere() {
    let server = Server::new();
    let second = server.registry().openapi_v2();
    check(&second, &second["definitions"], "#/definitions/");
    for kind in server.registry().kinds() {
        let third = server
            .registry()
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
        .registry()
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

/// What the original publishes at 1.28, a line per operation: method, path, action, group, version,
/// kind, id.
const OPERATIONS: &str = include_str!("published/operations.tsv");
/// What was published later, by how its paths end.
const LATER: &[&str] = &["/resize"];

/// The version and the resource that a path is about; the latter is empty for discovery.
fn about(path: &str) -> (String, &str) {
    let inside = path
        .trim_start_matches("/apis/")
        .trim_start_matches("/api/");
    let depth = if path.starts_with("/api/") { 1 } else { 2 };
    let mut parts = inside.split('/');
    let version: Vec<&str> = parts.by_ref().take(depth).collect();
    let mut parts = parts.filter(|part| *part != "watch").peekable();
    let plural = match (parts.next(), parts.peek()) {
        (Some("namespaces"), Some(&"{namespace}")) => parts.nth(1),
        (plural, _) => plural,
    };
    (version.join("/"), plural.unwrap_or(""))
}

/// An operation of a published document in the form of the table's lines.
fn row(path: &str, method: &str, operation: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let spoken = &operation["x-kubernetes-group-version-kind"];
    [
        method.to_uppercase(),
        path.to_owned(),
        text(&operation["x-kubernetes-action"]),
        text(&spoken["group"]),
        text(&spoken["version"]),
        text(&spoken["kind"]),
        text(&operation["operationId"]),
    ]
    .join("\t")
}

fn rows(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().unwrap().iter();
    let rows = paths.flat_map(|(path, described)| {
        let methods = described.as_object().unwrap().iter();
        let methods = methods.filter(|(method, _)| *method != "parameters");
        methods.map(move |(method, operation)| row(path, method, operation))
    });
    rows.collect()
}

#[test]
fn operations_are_published_under_the_names_that_clients_know() {
    let server = Server::new();
    let published = rows(&server.registry().openapi_v2());
    let served: BTreeSet<(String, String)> = server
        .registry()
        .kinds()
        .iter()
        .flat_map(|kind| {
            let version = kind.names.group_version().to_string();
            [
                (version.clone(), kind.names.plural.to_string()),
                (version, String::new()),
            ]
        })
        .collect();
    let is_served = |line: &&str| {
        let path = line.split('\t').nth(1).unwrap();
        let (version, plural) = about(path);
        served.contains(&(version, plural.to_owned()))
    };
    let known: BTreeSet<&str> = OPERATIONS.lines().skip(1).collect();
    let expected: Vec<&str> = known.iter().copied().filter(is_served).collect();
    assert!(expected.len() > 300, "only {} are compared", expected.len());
    let missing: Vec<&&str> = expected
        .iter()
        .filter(|line| !published.contains(**line))
        .collect();
    assert!(missing.is_empty(), "not published: {missing:#?}");

    let path = |line: &str| line.split('\t').nth(1).unwrap().to_owned();
    let known_resources: BTreeSet<(String, String)> = known
        .iter()
        .map(|line| path(line))
        .map(|path| {
            let (version, plural) = about(&path);
            (version, plural.to_owned())
        })
        .collect();
    let strays: Vec<&String> = published
        .iter()
        .filter(|line| {
            let path = path(line);
            let (version, plural) = about(&path);
            let is_known = known_resources.contains(&(version, plural.to_owned()));
            is_known && !plural.is_empty() && !LATER.iter().any(|end| path.ends_with(end))
        })
        .filter(|line| !known.contains(line.as_str()))
        .collect();
    assert!(strays.is_empty(), "not known: {strays:#?}");
}

#[test]
fn both_versions_of_the_schemas_publish_the_same_operations() {
    let server = Server::new();
    let second = rows(&server.registry().openapi_v2());
    let versions: BTreeSet<_> = server
        .registry()
        .kinds()
        .iter()
        .map(|kind| kind.names.group_version())
        .collect();
    let third = versions
        .iter()
        .flat_map(|version| rows(&server.registry().openapi_v3(version).unwrap()));
    let third: BTreeSet<String> = third.collect();
    let only: Vec<&String> = second.difference(&third).collect();
    let whole = |line: &&&String| !line.contains("APIGroup\t") && !line.ends_with("APIGroup");
    let only: Vec<&&String> = only.iter().filter(whole).collect();
    assert_eq!(
        only.len(),
        3,
        "the roots of discovery and the version: {only:#?}"
    );
    assert!(third.is_subset(&second));
}
