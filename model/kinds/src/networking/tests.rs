//! The awkward cases of the group's smaller kinds.

use expect_test::expect;
use serde_json::{Value, json};

use super::{IPAddresses, IngressClasses, NetworkPolicies, ServiceCIDRs};
use crate::testing::{check_create, check_defaults, check_row, check_update};

#[test]
fn a_class_has_a_controller_that_stays() {
    check_create::<IngressClasses>(
        json!({}),
        &expect![[r#"
        spec.controller: Required value
    "#]],
    );
    check_create::<IngressClasses>(
        json!({ "spec": { "controller": "Example.com/a b" } }),
        &expect![[r#"
            spec.controller: Invalid value: "Example.com": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            spec.controller: Invalid value: "a b": Invalid path (regex used for validation is '[A-Za-z0-9/\-._~%!$&'()*+,;=:]+')
        "#]],
    );
    check_update::<IngressClasses>(
        json!({ "spec": { "controller": "example.com/a" } }),
        json!({ "spec": { "controller": "a" } }),
        &expect![[r#"
            spec.controller: Invalid value: "a": field is immutable
            spec.controller: Invalid value: "a": must be a domain-prefixed path (such as "acme.io/foo")
        "#]],
    );
}

#[test]
fn parameters_are_where_their_scope_says() {
    let class = |parameters: Value| json!({ "spec": { "controller": "example.com/a", "parameters": parameters } });
    let parameters = json!({ "apiGroup": "k8s.example.com", "kind": "Settings", "name": "x" });
    check_defaults::<IngressClasses>(
        class(parameters.clone()),
        &expect![[r#"
        spec.parameters.scope = "Cluster"
    "#]],
    );
    check_row::<IngressClasses>(
        class(parameters),
        &expect![[r#"
        Name: web
        Controller: example.com/a
        Parameters: Settings.k8s.example.com/x
        Age: <unknown>
    "#]],
    );
    let nowhere = json!({ "kind": "A", "name": "x", "scope": "Namespace" });
    check_create::<IngressClasses>(
        class(nowhere),
        &expect![[r#"
        spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'
    "#]],
    );
    let both = json!({ "kind": "A", "name": "x", "scope": "Cluster", "namespace": "a" });
    check_create::<IngressClasses>(
        class(both),
        &expect![[r#"
        spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'
    "#]],
    );
    let odd = json!({ "scope": "Planet" });
    check_create::<IngressClasses>(
        class(odd),
        &expect![[r#"
        spec.parameters.kind: Required value
        spec.parameters.name: Required value
        spec.parameters.scope: Unsupported value: "Planet": supported values: "Cluster", "Namespace"
    "#]],
    );
}

#[test]
fn a_policy_speaks_of_what_comes_in_and_of_what_it_has_rules_for() {
    check_defaults::<NetworkPolicies>(
        json!({}),
        &expect![[r#"
        spec.podSelector = {}
        spec.policyTypes[0] = "Ingress"
    "#]],
    );
    check_defaults::<NetworkPolicies>(
        json!({ "spec": { "egress": [{ "ports": [{ "port": 53 }] }] } }),
        &expect![[r#"
            spec.egress[0].ports[0].protocol = "TCP"
            spec.podSelector = {}
            spec.policyTypes[0] = "Ingress"
            spec.policyTypes[1] = "Egress"
        "#]],
    );
    let selector = json!({ "matchLabels": { "app": "web" } });
    check_row::<NetworkPolicies>(
        json!({ "spec": { "podSelector": selector } }),
        &expect![[r#"
            Name: web
            Pod-Selector: app=web
            Age: <unknown>
        "#]],
    );
}

#[test]
fn ports_and_peers_of_a_policy_are_checked() {
    check_create::<NetworkPolicies>(
        json!({ "spec": {
            "ingress": [{
                "ports": [
                    { "port": 80, "endPort": 79 },
                    { "port": "http", "endPort": 80 },
                    { "endPort": 80, "protocol": "ICMP" },
                    { "port": "no_name" },
                ],
                "from": [{}, { "podSelector": {}, "ipBlock": { "cidr": "10.0.0.0/8" } }],
            }],
            "egress": [{ "to": [
                { "ipBlock": { "cidr": "" } },
                { "ipBlock": { "cidr": "10.0.0.0" } },
                { "ipBlock": {
                    "cidr": "10.0.0.0/8",
                    "except": ["10.1.0.0/16", "10.0.0.0/8", "11.0.0.0/16", "fd00::/64", "x"],
                } },
            ] }],
            "policyTypes": ["Both"],
        } }),
        &expect![[r#"
            spec.ingress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to `port`
            spec.ingress[0].ports[1].endPort: Invalid value: 80: may not be specified when `port` is non-numeric
            spec.ingress[0].ports[2].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"
            spec.ingress[0].ports[2].endPort: Invalid value: 80: may not be specified when `port` is not specified
            spec.ingress[0].ports[3].port: Invalid value: "no_name": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)
            spec.ingress[0].from[0]: Required value: must specify a peer
            spec.ingress[0].from[1]: Forbidden: may not specify both ipBlock and another peer
            spec.egress[0].to[0].ipBlock.cidr: Required value
            spec.egress[0].to[1].ipBlock.cidr: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)
            spec.egress[0].to[2].ipBlock.except[1]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`
            spec.egress[0].to[2].ipBlock.except[2]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`
            spec.egress[0].to[2].ipBlock.except[3]: Invalid value: "fd00::/64": must be a strict subset of `cidr`
            spec.egress[0].to[2].ipBlock.except[4]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)
            spec.policyTypes[0]: Unsupported value: "Both": supported values: "Ingress", "Egress"
        "#]],
    );
}

#[test]
fn an_address_is_named_canonically_and_keeps_its_parent() {
    let address = |name: &str, parent: Value| json!({ "metadata": { "name": name }, "spec": { "parentRef": parent } });
    let parent = json!({ "resource": "services", "namespace": "a", "name": "web" });
    check_create::<IPAddresses>(address("10.0.0.1", parent.clone()), &expect![[r#""#]]);
    check_create::<IPAddresses>(
        address("fd00:0::1", parent.clone()),
        &expect![[r#"
        metadata.name: Invalid value: "fd00:0::1": must be in canonical form ("fd00::1")
    "#]],
    );
    check_create::<IPAddresses>(
        address("::ffff:10.0.0.1", parent.clone()),
        &expect![[r#"
            metadata.name: Invalid value: "::ffff:10.0.0.1": must not be an IPv4-mapped IPv6 address
        "#]],
    );
    check_create::<IPAddresses>(
        address("web", parent.clone()),
        &expect![[r#"
        metadata.name: Invalid value: "web": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)
    "#]],
    );
    check_create::<IPAddresses>(
        json!({ "metadata": { "name": "10.0.0.1" } }),
        &expect![[r#"
            spec.parentRef: Required value
        "#]],
    );
    let odd = json!({ "group": "A", "resource": "", "name": "a/b", "namespace": "." });
    check_create::<IPAddresses>(
        address("10.0.0.1", odd),
        &expect![[r#"
        spec.parentRef.group: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
        spec.parentRef.resource: Required value
        spec.parentRef.name: Invalid value: "a/b": may not contain '/'
        spec.parentRef.namespace: Invalid value: ".": may not be '.'
    "#]],
    );
    let other = json!({ "resource": "services", "namespace": "a", "name": "api" });
    check_update::<IPAddresses>(
        address("10.0.0.1", parent.clone()),
        address("10.0.0.1", other),
        &expect![[r#"
            spec.parentRef: Invalid value: {"name":"api","namespace":"a","resource":"services"}: field is immutable
        "#]],
    );
    check_row::<IPAddresses>(
        address("10.0.0.1", parent),
        &expect![[r#"
        Name: 10.0.0.1
        ParentRef: services/a/web
        Age: <unknown>
    "#]],
    );
}

#[test]
fn a_range_may_only_gain_another_family() {
    let range = |cidrs: &[&str]| json!({ "spec": { "cidrs": cidrs } });
    check_create::<ServiceCIDRs>(
        range(&[]),
        &expect![[r#"
        spec.cidrs: Required value: at least one CIDR required
    "#]],
    );
    check_create::<ServiceCIDRs>(
        range(&["10.0.0.1/16", "FD00::/64"]),
        &expect![[r#"
        spec.cidrs[0]: Invalid value: "10.0.0.1/16": must not have bits set beyond the prefix length
        spec.cidrs[1]: Invalid value: "FD00::/64": must be in canonical form ("fd00::/64")
    "#]],
    );
    check_create::<ServiceCIDRs>(
        range(&["10.0.0.0/16", "10.1.0.0/16"]),
        &expect![[r#"
        spec.cidrs: Invalid value: ["10.0.0.0/16","10.1.0.0/16"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64
    "#]],
    );
    let old = range(&["10.0.0.0/16"]);
    let both = range(&["10.0.0.0/16", "fd00::/64"]);
    check_update::<ServiceCIDRs>(old.clone(), both.clone(), &expect![[""]]);
    check_update::<ServiceCIDRs>(
        both,
        old.clone(),
        &expect![[r#"
        spec.cidrs: Invalid value: ["10.0.0.0/16"]: field is immutable
    "#]],
    );
    check_update::<ServiceCIDRs>(
        old,
        range(&["10.1.0.0/16"]),
        &expect![[r#"
        spec.cidrs[0]: Invalid value: "10.1.0.0/16": field is immutable
    "#]],
    );
}
