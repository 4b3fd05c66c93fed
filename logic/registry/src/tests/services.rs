//! Addresses and node ports: given, kept, refused and given back.

use serde_json::{Value, json};

use super::{Server, request};

fn service(name: &str, spec: Value) -> Value {
    let mut body = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"ports": [{"port": 80}], "selector": {"app": "web"}}});
    for (field, value) in spec.as_object().unwrap() {
        body["spec"][field] = value.clone();
    }
    body
}

#[test]
fn a_service_gets_an_address_and_keeps_it() {
    let mut server = Server::new();
    let made = server.ok(
        request("create v1 services default/"),
        Some(service("web", json!({}))),
    );
    let address = made["spec"]["clusterIP"].as_str().unwrap().to_owned();
    assert!(address.starts_with("10.96."), "{address}");
    assert_eq!(made["spec"]["clusterIPs"], json!([address]));
    let body = service("web", json!({"type": "NodePort"}));
    let updated = server.ok(request("update v1 services default/web"), Some(body));
    assert_eq!(updated["spec"]["clusterIP"], address);
    assert!(updated["spec"]["ports"][0]["nodePort"].as_u64().unwrap() >= 30_000);
}

#[test]
fn two_services_never_share_what_they_hold() {
    let mut server = Server::new();
    let ports = json!({"type": "NodePort", "clusterIP": "10.96.0.9",
        "ports": [{"port": 80, "nodePort": 30_008}]});
    server.ok(
        request("create v1 services default/"),
        Some(service("one", ports.clone())),
    );
    let same_port = json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 30_008}]});
    assert_eq!(
        server.refused(
            request("create v1 services default/"),
            Some(service("two", same_port.clone()))
        ),
        "422 Invalid: Service \"two\" is invalid: spec.ports[0].nodePort: Invalid value: 30008: \
         provided port is already allocated"
    );
    let refused = server.refused(
        request("create v1 services default/"),
        Some(service("two", json!({"clusterIP": "10.96.0.9"}))),
    );
    assert!(
        refused.contains("provided IP is already allocated"),
        "{refused}"
    );
    server.ok(request("delete v1 services default/one"), None);
    server.ok(
        request("create v1 services default/"),
        Some(service("two", ports)),
    );
}

#[test]
fn a_service_that_becomes_a_name_gives_everything_back() {
    let mut server = Server::new();
    let ports = json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 30_008}]});
    let made = server.ok(
        request("create v1 services default/"),
        Some(service("web", ports)),
    );
    let before = server.snapshot().count("~nodeports/");
    let body = service(
        "web",
        json!({"type": "ExternalName", "externalName": "example.com"}),
    );
    let named = server.ok(request("update v1 services default/web"), Some(body));
    assert_eq!(named["spec"].get("clusterIP"), None);
    assert_eq!((before, server.snapshot().count("~nodeports/")), (1, 0));
    let address = made["spec"]["clusterIP"].as_str().unwrap();
    let line = format!("get networking.k8s.io/v1 ipaddresses {address}");
    assert!(server.refused(request(&line), None).starts_with("404"));
}

#[test]
fn a_port_outside_of_the_range_is_refused_with_the_range() {
    let mut server = Server::new();
    let body = service(
        "web",
        json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 8080}]}),
    );
    let refused = server.refused(request("create v1 services default/"), Some(body));
    assert!(
        refused.contains("The range of valid ports is 30000-32767"),
        "{refused}"
    );
}

#[test]
fn a_range_that_is_added_and_ready_gives_its_addresses_until_it_is_to_go() {
    let mut server = Server::new();
    let range = json!({"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR",
        "metadata": {"name": "more", "finalizers": ["example.com/hold"]},
        "spec": {"cidrs": ["10.200.0.0/24"]}});
    server.ok(
        request("create networking.k8s.io/v1 servicecidrs"),
        Some(range),
    );
    let named = |name: &str, address: &str| service(name, json!({"clusterIP": address}));
    let create = || request("create v1 services default/");
    let early = server.refused(create(), Some(named("early", "10.200.0.9")));
    assert!(early.contains("not in the valid range"), "{early}");
    let ready = json!({"status": {"conditions": [{"type": "Ready", "status": "True",
        "reason": "", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}});
    let line = "merge-patch networking.k8s.io/v1 servicecidrs/status more";
    server.ok(request(line), Some(ready));
    server.ok(create(), Some(named("web", "10.200.0.9")));
    server.ok(
        request("delete networking.k8s.io/v1 servicecidrs more"),
        None,
    );
    let late = server.refused(create(), Some(named("late", "10.200.0.10")));
    assert!(late.contains("not in the valid range"), "{late}");
}
