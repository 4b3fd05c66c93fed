use std::sync::Arc;

use expect_test::{Expect, expect};
use k8s_openapi::api::core::v1::{Node, Pod};
use serde_json::{Value, json};

use gantry_api::Revision;
use gantry_reconcile::View;

use crate::{Choice, Cluster, choose};

fn node(name: &str, labels: Value, spec: Value) -> Value {
    json!({
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": {"allocatable": {"cpu": "2", "memory": "1Gi", "pods": "3"}},
    })
}

fn pod(name: &str, node: Option<&str>, spec: Value) -> Value {
    let mut pod = json!({
        "metadata": {"name": name, "namespace": "default", "labels": {"app": "web"}},
        "spec": {"nodeName": node, "containers": [{"name": "c", "resources": {"requests": {"cpu": "500m"}}}]},
    });
    for (key, value) in spec.as_object().into_iter().flatten() {
        pod["spec"][key] = value.clone();
    }
    pod
}

fn check(nodes: &[Value], pods: &[Value], wanting: Value, expected: &Expect) {
    let mut view = View::default();
    for node in nodes {
        view.put(
            Arc::new(serde_json::from_value::<Node>(node.clone()).unwrap()),
            Revision(1),
        );
    }
    for pod in pods {
        view.put(
            Arc::new(serde_json::from_value::<Pod>(pod.clone()).unwrap()),
            Revision(1),
        );
    }
    let wanting: Pod = serde_json::from_value(wanting).unwrap();
    let choice = match choose(&wanting, &Cluster::of(&view)) {
        Choice::Node(name) => name,
        Choice::Nowhere(why) => why,
    };
    expected.assert_eq(&choice);
}

#[test]
fn the_emptier_node_is_chosen() {
    check(
        &[
            node("a", json!({}), json!({})),
            node("b", json!({}), json!({})),
        ],
        &[pod("one", Some("a"), json!({}))],
        pod("two", None, json!({})),
        &expect!["b"],
    );
}

#[test]
fn every_node_says_why_not() {
    check(
        &[
            node("full", json!({}), json!({})),
            node(
                "tainted",
                json!({}),
                json!({"taints": [{"key": "gpu", "effect": "NoSchedule"}]}),
            ),
            node("cordoned", json!({}), json!({"unschedulable": true})),
        ],
        &[pod(
            "big",
            Some("full"),
            json!({"containers": [{"name": "c", "resources": {"requests": {"cpu": "1900m"}}}]}),
        )],
        pod("two", None, json!({})),
        &expect![
            "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {gpu: }, 1 node(s) were unschedulable."
        ],
    );
}

#[test]
fn what_a_pod_does_not_want_near_it_keeps_it_away_in_both_directions() {
    let alone = json!({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "host", "labelSelector": {"matchLabels": {"app": "web"}}},
    ]}}});
    let nodes = [node("a", json!({"host": "a"}), json!({}))];
    check(
        &nodes,
        &[pod("one", Some("a"), json!({}))],
        pod("two", None, alone.clone()),
        &expect!["0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules."],
    );
    check(
        &nodes,
        &[pod("one", Some("a"), alone)],
        pod("two", None, json!({})),
        &expect![
            "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules."
        ],
    );
}

#[test]
fn the_first_of_a_group_that_wants_its_own_company_may_begin() {
    let together = json!({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "host", "labelSelector": {"matchLabels": {"app": "web"}}},
    ]}}});
    check(
        &[node("a", json!({"host": "a"}), json!({}))],
        &[],
        pod("one", None, together),
        &expect!["a"],
    );
}

#[test]
fn a_selector_that_no_node_meets_is_named() {
    check(
        &[node("a", json!({"disk": "ssd"}), json!({}))],
        &[],
        pod("one", None, json!({"nodeSelector": {"disk": "tape"}})),
        &expect!["0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."],
    );
}

#[test]
fn a_hard_spread_keeps_domains_level() {
    let spread = json!({"topologySpreadConstraints": [{
        "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }]});
    check(
        &[
            node("a", json!({"zone": "x"}), json!({})),
            node("b", json!({"zone": "y"}), json!({"unschedulable": true})),
        ],
        &[pod("one", Some("a"), json!({}))],
        pod("two", None, spread),
        &expect![
            "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) were unschedulable."
        ],
    );
}
