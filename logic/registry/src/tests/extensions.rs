//! Other API servers: who they are, whether they can be asked, and what clients are told of them.

use expect_test::expect;
use gantry_api::{GroupVersion, Object};
use serde_json::{Value, json};

use super::{Server, request};
use crate::discovery::Other;
use crate::endpoints::{self, Unreachable};
use crate::extensions::availability::{noted, verdict};
use crate::extensions::{Known, Register, Trust, discovered};

fn registration(group: &str, client: Value) -> Value {
    let mut own = json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": {"name": format!("v1.{group}")},
        "spec": {"group": group, "version": "v1", "groupPriorityMinimum": 2000,
            "versionPriority": 10, "service": {"namespace": "default", "name": "api"}},
    });
    for (field, value) in client.as_object().into_iter().flatten() {
        own["spec"][field] = value.clone();
    }
    own
}

fn register(server: &mut Server, group: &str, client: Value) {
    let create = request("create apiregistration.k8s.io/v1 apiservices");
    server.ok(create, Some(registration(group, client)));
}

#[test]
fn a_registration_leads_to_a_service_unless_the_group_is_our_own() {
    let mut server = Server::new();
    let mut known = Register::default();
    assert!(known.extensions(&server.snapshot()).is_empty());
    register(&mut server, "example.com", json!({"caBundle": "eA=="}));
    register(&mut server, "apps", json!({}));
    register(
        &mut server,
        "lax.example.com",
        json!({"insecureSkipTLSVerify": true}),
    );
    let extensions = known.extensions(&server.snapshot());
    let names: Vec<&str> = extensions
        .iter()
        .map(|own| own.extension.name.as_str())
        .collect();
    assert_eq!(names, ["v1.example.com", "v1.lax.example.com"]);
    let own = extensions
        .get(&GroupVersion::new("example.com", "v1"))
        .unwrap();
    assert_eq!(own.extension.host(), "api.default.svc");
    assert_eq!(own.extension.service.port, 443);
    assert_eq!(
        own.extension.trust,
        Trust::Authority(b"x".as_slice().into())
    );
    assert_eq!(own.known, Known::Nothing);
    let lax = GroupVersion::new("lax.example.com", "v1");
    assert_eq!(
        extensions.get(&lax).unwrap().extension.trust,
        Trust::Anybody
    );
    server.ok(
        request("delete apiregistration.k8s.io/v1 apiservices v1.lax.example.com"),
        None,
    );
    assert!(known.extensions(&server.snapshot()).get(&lax).is_none());
}

/// What is said of an extension, step by step on its way to being available.
#[test]
fn why_an_extension_cannot_be_asked_is_said() {
    let mut server = Server::new();
    register(&mut server, "example.com", json!({}));
    let extensions = Register::default().extensions(&server.snapshot());
    let extension = &extensions.iter().next().unwrap().extension;
    let mut told = Vec::new();
    let mut tell = |server: &Server, asked: Option<Result<(), String>>| {
        let places = endpoints::places(&server.snapshot(), &extension.service);
        told.push(match verdict(extension, &places, asked.as_ref()) {
            Some(own) => format!("{} {}: {}", own.is_available, own.reason, own.message),
            None => "nothing".to_owned(),
        });
        places
    };
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api"},
        "spec": {"ports": [{"port": 80, "name": "https"}]}});
    let slice = json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "addressType": "IPv4",
        "metadata": {"name": "api", "labels": {"kubernetes.io/service-name": "api"}},
        "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": false}}],
        "ports": [{"name": "https", "port": 8443, "protocol": "TCP"}]});
    assert_eq!(
        tell(&server, None),
        Err(Unreachable::NoService("api".into()))
    );
    server.ok(request("create v1 services default/"), Some(service));
    tell(&server, None).unwrap_err();
    let port = json!([{"op": "replace", "path": "/spec/ports/0/port", "value": 443}]);
    server.ok(request("json-patch v1 services default/api"), Some(port));
    tell(&server, None).unwrap_err();
    server.ok(
        request("create discovery.k8s.io/v1 endpointslices default/"),
        Some(slice),
    );
    tell(&server, None).unwrap_err();
    let ready = json!([{"op": "replace", "path": "/endpoints/0/conditions/ready", "value": true}]);
    let patch = request("json-patch discovery.k8s.io/v1 endpointslices default/api");
    server.ok(patch, Some(ready));
    let places = tell(&server, None);
    assert_eq!(places, Ok(vec![("10.0.0.1".to_owned(), 8443)]));
    tell(&server, Some(Err("it is on holiday".to_owned()))).unwrap();
    tell(&server, Some(Ok(()))).unwrap();
    expect![[r#"
        false ServiceNotFound: service/api in "default" is not present
        false ServicePortError: service/api in "default" is not listening on port 443
        false EndpointsNotFound: cannot find endpointslices for service/api in "default"
        false MissingEndpoints: endpointslices for service/api in "default" have no addresses with port name "https"
        nothing
        false FailedDiscoveryCheck: it is on holiday
        true Passed: all checks passed"#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn a_condition_changes_only_when_there_is_news() {
    let mut server = Server::new();
    register(&mut server, "example.com", json!({}));
    let extensions = Register::default().extensions(&server.snapshot());
    let extension = &extensions.iter().next().unwrap().extension;
    let places = Ok(vec![("10.0.0.1".to_owned(), 443)]);
    let passed = verdict(extension, &places, Some(&Ok(()))).unwrap();
    let failed = verdict(extension, &places, Some(&Err("no".to_owned()))).unwrap();
    let worse = verdict(extension, &places, Some(&Err("never".to_owned()))).unwrap();
    let object = Object::from_value(registration("example.com", json!({}))).unwrap();
    let at = |seconds: i64| format!("2026-03-01T10:00:0{seconds}Z").parse().unwrap();
    let since = |object: &Object| {
        let told = object.at(&["status", "conditions"]).unwrap()[0].clone();
        told["lastTransitionTime"].as_str().unwrap().to_owned()
    };
    let first = noted(&object, &failed, at(1)).unwrap();
    assert_eq!(noted(&first, &failed, at(2)), None);
    let second = noted(&first, &worse, at(2)).unwrap();
    assert_eq!(since(&second), since(&first));
    let third = noted(&second, &passed, at(3)).unwrap();
    assert_ne!(since(&third), since(&first));
    assert_eq!(
        third
            .at(&["status", "conditions"])
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

fn flunders() -> Value {
    json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "example.com/v1",
        "resources": [
            {"name": "flunders", "singularName": "flunder", "namespaced": true, "kind": "Flunder",
                "verbs": ["get", "list"], "shortNames": ["fl"]},
            {"name": "flunders/scale", "singularName": "", "namespaced": true, "kind": "Scale",
                "group": "autoscaling", "version": "v1", "verbs": ["get"]},
        ],
    })
}

fn other(is_current: bool) -> Other {
    let version = GroupVersion::new("example.com", "v1");
    Other {
        resources: discovered::resources(&flunders(), &version).unwrap(),
        version,
        group_priority: 17_790,
        version_priority: 10,
        is_current,
    }
}

#[test]
fn what_others_serve_is_discovered_among_our_own() {
    let server = Server::new();
    let others = [other(false)];
    let list = server.registry().group_list(&others);
    let names: Vec<&str> = list["groups"]
        .as_array()
        .unwrap()
        .iter()
        .take(3)
        .map(|group| group["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["apiregistration.k8s.io", "apps", "example.com"]);
    let group = server.registry().group(&others, "example.com").unwrap();
    assert_eq!(group["preferredVersion"]["groupVersion"], "example.com/v1");
    let all = server.registry().aggregated(&others, false, "v2");
    let group = &all["items"][2]["versions"][0];
    expect![[r#"
        {
          "freshness": "Stale",
          "resources": [
            {
              "resource": "flunders",
              "responseKind": {
                "group": "example.com",
                "kind": "Flunder",
                "version": "v1"
              },
              "scope": "Namespaced",
              "shortNames": [
                "fl"
              ],
              "singularResource": "flunder",
              "subresources": [
                {
                  "responseKind": {
                    "group": "autoscaling",
                    "kind": "Scale",
                    "version": "v1"
                  },
                  "subresource": "scale",
                  "verbs": [
                    "get"
                  ]
                }
              ],
              "verbs": [
                "get",
                "list"
              ]
            }
          ],
          "version": "v1"
        }"#]]
    .assert_eq(&format!("{group:#}"));
}

#[test]
fn what_is_no_list_of_that_version_is_none() {
    let version = GroupVersion::new("example.com", "v2");
    for wrong in [
        flunders(),
        json!([]),
        json!("x"),
        json!({"kind": "Status"}),
        json!({"kind": "APIResourceList", "groupVersion": "example.com/v2", "resources": 7}),
    ] {
        assert_eq!(discovered::resources(&wrong, &version), None);
    }
    let odd = json!({"kind": "APIResourceList", "groupVersion": "example.com/v2",
        "resources": [7, {}, {"name": ""}, {"name": "a/b"}, {"name": "c", "verbs": "x"}]});
    let found = discovered::resources(&odd, &version).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["resource"], "c");
}
