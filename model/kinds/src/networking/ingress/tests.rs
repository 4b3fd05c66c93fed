//! Ingresses that are refused, and what is shown of those that are not.

use expect_test::expect;
use serde_json::{Value, json};

use super::Ingresses;
use crate::describe;
use crate::testing::{check_create, check_defaults, check_row, created, warnings_of};

fn ingress(paths: &Value) -> Value {
    json!({ "spec": { "rules": [{ "host": "a.example.com", "http": { "paths": paths } }] } })
}

fn service(name: &str) -> Value {
    json!({ "service": { "name": name, "port": { "number": 80 } } })
}

#[test]
fn something_must_be_asked_for() {
    check_create::<Ingresses>(
        json!({}),
        &expect![[r#"
        spec: Invalid value: []: either `defaultBackend` or `rules` must be specified
    "#]],
    );
    check_create::<Ingresses>(
        ingress(&json!([])),
        &expect![[r#"
        spec.rules[0].http.paths: Required value
    "#]],
    );
    let backend = json!({ "spec": { "defaultBackend": service("web") } });
    check_create::<Ingresses>(backend, &expect![[""]]);
}

#[test]
fn a_path_says_how_it_is_compared() {
    let backend = service("web");
    let paths = json!([
        { "path": "/", "backend": backend },
        { "path": "a/", "pathType": "Prefix", "backend": backend },
        { "path": "/a//b/..", "pathType": "Exact", "backend": backend },
        { "pathType": "ImplementationSpecific", "backend": backend },
        { "path": "a", "pathType": "ImplementationSpecific", "backend": backend },
        { "path": "/", "pathType": "Regex", "backend": backend },
    ]);
    check_create::<Ingresses>(
        ingress(&paths),
        &expect![[r#"
        spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified
        spec.rules[0].http.paths[1].path: Invalid value: "a/": must be an absolute path
        spec.rules[0].http.paths[2].path: Invalid value: "/a//b/..": must not contain '//'
        spec.rules[0].http.paths[2].path: Invalid value: "/a//b/..": cannot end with '/..'
        spec.rules[0].http.paths[4].path: Invalid value: "a": must be an absolute path
        spec.rules[0].http.paths[5].pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"
    "#]],
    );
}

#[test]
fn a_service_or_a_resource_answers() {
    let path = |backend: Value| json!({ "path": "/", "pathType": "Prefix", "backend": backend });
    let bucket = json!({ "apiGroup": "X", "kind": "", "name": "a/b" });
    let both = json!({ "name": "web", "port": { "name": "http", "number": 80 } });
    let paths = json!([
        path(json!({})),
        path(json!({ "resource": bucket, "service": both })),
        path(json!({ "resource": bucket })),
        path(json!({ "service": both })),
        path(json!({ "service": { "name": "" } })),
        path(json!({ "service": { "name": "1", "port": { "number": 70000 } } })),
        path(json!({ "service": { "name": "web", "port": { "name": "--" } } })),
    ]);
    check_create::<Ingresses>(
        ingress(&paths),
        &expect![[r#"
            spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required
            spec.rules[0].http.paths[1].backend: Invalid value: "": cannot set both resource and service backends
            spec.rules[0].http.paths[2].backend.resource.apiGroup: Invalid value: "X": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            spec.rules[0].http.paths[2].backend.resource.kind: Required value
            spec.rules[0].http.paths[2].backend.resource.name: Invalid value: "a/b": may not contain '/'
            spec.rules[0].http.paths[3].backend: Invalid value: "": cannot set both port name & port number
            spec.rules[0].http.paths[4].backend.service.name: Required value
            spec.rules[0].http.paths[4].backend: Required value: port name or number is required
            spec.rules[0].http.paths[5].backend.service.name: Invalid value: "1": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')
            spec.rules[0].http.paths[5].backend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive
            spec.rules[0].http.paths[6].backend.service.port.name: Invalid value: "--": must contain at least one letter (a-z)
            spec.rules[0].http.paths[6].backend.service.port.name: Invalid value: "--": must not contain consecutive hyphens
            spec.rules[0].http.paths[6].backend.service.port.name: Invalid value: "--": must not begin or end with a hyphen
        "#]],
    );
}

#[test]
fn hosts_are_names() {
    check_create::<Ingresses>(
        json!({
            "metadata": { "annotations": { "kubernetes.io/ingress.class": "x" } },
            "spec": {
                "ingressClassName": "Y",
                "rules": [{ "host": "10.0.0.1" }, { "host": "*.example.com" }, { "host": "*" }],
                "tls": [{ "hosts": ["a b"], "secretName": "S" }],
            },
        }),
        &expect![[r#"
            spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address
            spec.rules[2].host: Invalid value: "*": a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            spec.tls[0].hosts[0]: Invalid value: "a b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            spec.tls[0].secretName: Invalid value: "S": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            spec.ingressClassName: Invalid value: "Y": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            annotations.kubernetes.io/ingress.class: Invalid value: "x": must match `ingressClassName` when both are specified
        "#]],
    );
}

#[test]
fn the_older_way_to_name_a_class_is_remarked_on() {
    let old = json!({
        "metadata": { "annotations": { "kubernetes.io/ingress.class": "x" } },
        "spec": { "defaultBackend": service("web") },
    });
    let ingress = created::<Ingresses>(old);
    let kind = describe::<Ingresses>();
    let told = "annotation \"kubernetes.io/ingress.class\" is deprecated, please use \
                'spec.ingressClassName' instead";
    assert_eq!(warnings_of(&kind, &ingress, None), [told]);
    assert!(warnings_of(&kind, &ingress, Some(&ingress)).is_empty());
}

#[test]
fn a_status_is_not_taken_with_the_rest() {
    check_defaults::<Ingresses>(
        json!({
            "spec": { "defaultBackend": service("web") },
            "status": { "loadBalancer": { "ingress": [{ "ip": "10.0.0.1" }] } },
        }),
        &expect![[r#"
            status.loadBalancer = {}
        "#]],
    );
}

#[test]
fn the_row_names_three_hosts() {
    let host = |name: &str| json!({ "host": name });
    check_row::<Ingresses>(
        json!({
            "spec": {
                "ingressClassName": "nginx",
                "rules": [host("a"), host("b"), host("c"), host("d"), host("e")],
                "tls": [{}],
            },
            "status": { "loadBalancer": { "ingress": [{ "ip": "10.0.0.2" }, { "hostname": "h" }] } },
        }),
        &expect![[r#"
            Name: web
            Class: nginx
            Hosts: a,b,c + 2 more...
            Address: 10.0.0.2,h
            Ports: 80, 443
            Age: <unknown>
        "#]],
    );
    check_row::<Ingresses>(
        json!({ "spec": { "rules": [{}] } }),
        &expect![[r#"
        Name: web
        Class: <none>
        Hosts: *
        Address: 
        Ports: 80
        Age: <unknown>
    "#]],
    );
}
