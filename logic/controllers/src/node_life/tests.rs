use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::*;
use crate::testing::{now, plan_for, put, shown};

/// What is decided after the node has been silent for so many looks.
fn check(looks: i64, taints: Value, tolerations: Value, expected: &Expect) {
    let mut view = View::default();
    put::<Node>(
        &mut view,
        json!({
            "metadata": {"name": "n", "uid": "n"},
            "spec": {"taints": taints},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        }),
    );
    put::<Lease>(
        &mut view,
        json!({
            "metadata": {"name": "n", "namespace": LEASES},
            "spec": {"renewTime": "2020-01-01T00:00:00.000000Z"},
        }),
    );
    put::<Pod>(
        &mut view,
        json!({
            "metadata": {"name": "p", "namespace": "a", "uid": "p"},
            "spec": {"nodeName": "n", "containers": [], "tolerations": tolerations},
        }),
    );
    let controller = NodeLife::default();
    let key = node_key("n");
    for look in (1..=looks).rev() {
        let ago = NODE_LOOK * u32::try_from(look).unwrap();
        controller.observe(&view, &key, now().checked_sub(ago).unwrap());
    }
    expected.assert_eq(&shown(&plan_for::<_, Node>(&controller, &view, ("", "n"))));
}

#[test]
fn a_living_node_is_looked_at_again_and_again() {
    check(
        3,
        json!([]),
        json!([]),
        &expect![[r#"
            recheck in 10s
    "#]],
    );
}

#[test]
fn a_silent_node_is_tainted_and_its_state_unknown() {
    check(
        4,
        json!([]),
        json!([]),
        &expect![[r#"
            status nodes n {"conditions":[{"lastTransitionTime":"2026-01-01T12:00:00Z","message":"Kubelet stopped posting node status.","reason":"NodeStatusUnknown","status":"Unknown","type":"Ready"}]}
            note NodeNotReady: Node n status is now: NodeNotReady
            recheck in 10s
        "#]],
    );
}

#[test]
fn a_pod_stays_as_long_as_it_tolerates_the_taint() {
    let taint = json!([{"key": "k", "effect": "NoExecute", "timeAdded": "2026-01-01T11:59:00Z"}]);
    let toleration = json!([{"key": "k", "operator": "Exists", "tolerationSeconds": 70}]);
    check(
        0,
        taint.clone(),
        toleration,
        &expect![[r#"
        recheck in 10s
    "#]],
    );
    check(
        0,
        taint,
        json!([]),
        &expect![[r#"
        note TaintManagerEviction: Marking for deletion Pod a/p
        delete pods p
        recheck in 10s
    "#]],
    );
}

#[test]
fn a_node_that_reports_again_before_it_renews_its_lease_is_back() {
    let node = |heartbeat: &str| {
        json!({
            "metadata": {"name": "n", "uid": "n"},
            "status": {"conditions": [
                {"type": "Ready", "status": "True", "lastHeartbeatTime": heartbeat},
            ]},
        })
    };
    let controller = NodeLife::default();
    let mut view = View::default();
    put::<Node>(&mut view, node("2020-01-01T00:00:00Z"));
    for look in (1..=5).rev() {
        let when = now().checked_sub(NODE_LOOK * look).unwrap();
        controller.observe(&view, &node_key("n"), when);
    }
    put::<Node>(&mut view, node("2020-01-01T00:01:00Z"));
    let plan = plan_for::<_, Node>(&controller, &view, ("", "n"));
    expect![[r#"
        recheck in 10s
    "#]]
    .assert_eq(&shown(&plan));
}
