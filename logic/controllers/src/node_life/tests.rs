use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::*;
use crate::testing::{plan_for, put, shown};

fn check(renewed: &str, taints: Value, tolerations: Value, expected: &Expect) {
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
        json!({"metadata": {"name": "n", "namespace": LEASES}, "spec": {"renewTime": renewed}}),
    );
    put::<Pod>(
        &mut view,
        json!({
            "metadata": {"name": "p", "namespace": "a", "uid": "p"},
            "spec": {"nodeName": "n", "containers": [], "tolerations": tolerations},
        }),
    );
    expected.assert_eq(&shown(&plan_for::<_, Node>(&NodeLife, &view, ("", "n"))));
}

#[test]
fn a_living_node_is_looked_at_again_when_its_lease_could_have_run_out() {
    check(
        "2026-01-01T11:59:50.000000Z",
        json!([]),
        json!([]),
        &expect![[r#"
        recheck in 30s
    "#]],
    );
}

#[test]
fn a_silent_node_is_tainted_and_its_state_unknown() {
    check(
        "2026-01-01T11:59:00.000000Z",
        json!([]),
        json!([]),
        &expect![[r#"
            status nodes n {"conditions":[{"lastTransitionTime":"2026-01-01T12:00:00Z","message":"Kubelet stopped posting node status.","reason":"NodeStatusUnknown","status":"Unknown","type":"Ready"}]}
            note NodeNotReady: Node n status is now: NodeNotReady
        "#]],
    );
}

#[test]
fn a_pod_stays_as_long_as_it_tolerates_the_taint() {
    let taint = json!([{"key": "k", "effect": "NoExecute", "timeAdded": "2026-01-01T11:59:00Z"}]);
    let toleration = json!([{"key": "k", "operator": "Exists", "tolerationSeconds": 70}]);
    check(
        "2026-01-01T11:59:59.000000Z",
        taint.clone(),
        toleration,
        &expect![[r#"
        recheck in 10s
    "#]],
    );
    check(
        "2026-01-01T11:59:59.000000Z",
        taint,
        json!([]),
        &expect![[r#"
        note TaintManagerEviction: Marking for deletion Pod a/p
        delete pods p
        recheck in 39s
    "#]],
    );
}
