//! Services of each type, and the ways from one type to another.

use expect_test::expect;
use serde_json::{Value, json};

use super::Services;
use crate::testing::{check_create, check_defaults, check_row, check_update, created, updated};

fn service(spec: Value) -> Value {
    json!({ "spec": spec })
}

#[test]
fn a_port_leads_to_the_port_of_the_same_number() {
    let spec =
        json!({ "type": "NodePort", "sessionAffinity": "ClientIP", "ports": [{ "port": 80 }] });
    check_defaults::<Services>(
        service(spec),
        &expect![[r#"
        spec.externalTrafficPolicy = "Cluster"
        spec.internalTrafficPolicy = "Cluster"
        spec.ports[0].protocol = "TCP"
        spec.ports[0].targetPort = 80
        spec.sessionAffinityConfig.clientIP.timeoutSeconds = 10800
        status.loadBalancer = {}
    "#]],
    );
}

#[test]
fn ports_are_named_distinct_and_in_range() {
    let spec = json!({ "ports": [
        { "port": 80, "name": "a", "nodePort": 30000 },
        { "port": 80, "name": "a" },
        { "port": 0, "protocol": "ICMP", "targetPort": "no_name" },
    ] });
    check_create::<Services>(
        service(spec),
        &expect![[r#"
        spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'
        spec.ports[1].name: Duplicate value: "a"
        spec.ports[1]: Duplicate value: {"port":80,"protocol":"TCP"}
        spec.ports[2].name: Required value
        spec.ports[2].port: Invalid value: 0: must be between 1 and 65535, inclusive
        spec.ports[2].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"
        spec.ports[2].targetPort: Invalid value: "no_name": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)
    "#]],
    );
}

#[test]
fn each_type_has_its_own_fields() {
    check_create::<Services>(
        service(json!({ "type": "ExternalName" })),
        &expect![[r#"
        spec.externalName: Required value
    "#]],
    );
    let spec = json!({ "type": "NodePort", "clusterIP": "None", "ports": [{ "port": 80 }] });
    check_create::<Services>(
        service(spec),
        &expect![[r#"
        spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services
    "#]],
    );
    check_create::<Services>(service(json!({ "clusterIP": "None" })), &expect![[""]]);
    check_create::<Services>(
        service(json!({ "type": "Odd" })),
        &expect![[r#"
        spec.type: Unsupported value: "Odd": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"
        spec.ports: Required value
    "#]],
    );
}

#[test]
fn what_was_given_out_is_kept_until_the_type_has_no_use_for_it() {
    let old = created::<Services>(service(json!({
        "type": "NodePort",
        "clusterIP": "10.96.0.7",
        "ports": [{ "port": 80, "nodePort": 30008 }],
    })));
    let same = json!({ "type": "NodePort", "ports": [{ "port": 80 }] });
    let same = updated::<Services>(service(same), &old);
    assert_eq!(same.text(&["spec", "clusterIP"]), "10.96.0.7");
    assert_eq!(same.at(&["spec", "ports"]).unwrap()[0]["nodePort"], 30008);

    let inner = json!({ "type": "ClusterIP", "ports": [{ "port": 80, "nodePort": 30008 }] });
    let inner = updated::<Services>(service(inner), &old);
    assert_eq!(
        inner.at(&["spec", "ports"]).unwrap()[0].get("nodePort"),
        None
    );
    assert_eq!(inner.at(&["spec", "externalTrafficPolicy"]), None);

    let outer = json!({ "type": "ExternalName", "externalName": "example.com" });
    let outer = updated::<Services>(service(outer), &old);
    assert_eq!(outer.at(&["spec", "clusterIP"]), None);
}

#[test]
fn an_address_stays() {
    let spec = |address: &str| service(json!({ "clusterIP": address, "ports": [{ "port": 80 }] }));
    check_update::<Services>(
        spec("10.96.0.7"),
        spec("10.96.0.8"),
        &expect![[r#"
        spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set
    "#]],
    );
}

#[test]
fn the_row_shows_node_ports() {
    let spec = json!({
        "type": "LoadBalancer",
        "clusterIP": "10.96.0.7",
        "selector": { "app": "web" },
        "ports": [{ "port": 80, "nodePort": 30008, "protocol": "TCP" }, { "port": 53, "protocol": "UDP" }],
    });
    check_row::<Services>(
        service(spec),
        &expect![[r#"
        Name: web
        Type: LoadBalancer
        Cluster-IP: 10.96.0.7
        External-IP: <pending>
        Port(s): 80:30008/TCP,53/UDP
        Age: <unknown>
        Selector: app=web
    "#]],
    );
}
