//! How nodes are shown, and what may not change.

use expect_test::expect;
use serde_json::json;

use super::Nodes;
use crate::testing::{check_row, check_update, created};

#[test]
fn a_closed_node_says_so() {
    let node = json!({
        "metadata": {
            "creationTimestamp": "2026-01-01T03:04:05Z",
            "labels": { "node-role.kubernetes.io/control-plane": "", "kubernetes.io/role": "edge" },
        },
        "spec": { "unschedulable": true },
        "status": {
            "conditions": [{ "type": "Ready", "status": "True" }],
            "addresses": [{ "type": "InternalIP", "address": "192.0.2.1" }],
            "nodeInfo": { "kubeletVersion": "v1.35.0", "kernelVersion": "6.1", "machineID": "",
                "systemUUID": "", "bootID": "", "osImage": "", "containerRuntimeVersion": "x",
                "kubeProxyVersion": "", "operatingSystem": "linux", "architecture": "amd64" },
        },
    });
    check_row::<Nodes>(
        node,
        &expect![[r#"
        Name: web
        Status: Ready,SchedulingDisabled
        Roles: control-plane,edge
        Age: 24h
        Version: v1.35.0
        Internal-IP: 192.0.2.1
        External-IP: <none>
        OS-Image: <unknown>
        Kernel-Version: 6.1
        Container-Runtime: x
    "#]],
    );
}

#[test]
fn a_node_brings_its_status_along_and_keeps_its_range() {
    let node = json!({
        "spec": { "podCIDR": "10.244.0.0/24", "podCIDRs": ["10.244.0.0/24"] },
        "status": { "capacity": { "memory": "1048576Ki" } },
    });
    let stored = created::<Nodes>(node.clone());
    assert_eq!(stored.text(&["status", "allocatable", "memory"]), "1Gi");
    let other = json!({ "spec": { "podCIDRs": ["10.244.1.0/24"] } });
    check_update::<Nodes>(
        node,
        other,
        &expect![[r#"
        spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid
    "#]],
    );
}
