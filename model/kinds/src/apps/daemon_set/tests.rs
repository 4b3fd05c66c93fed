//! What a daemon set gets, and what it may not be.

use expect_test::expect;
use serde_json::{Value, json};

use super::{DaemonSets, TEMPLATE_GENERATION};
use crate::testing::{
    check_create, check_defaults, check_row, check_status, check_update, created, updated,
};

fn set(spec: Value) -> Value {
    let mut fields = json!({
        "selector": { "matchLabels": { "app": "log" } },
        "template": {
            "metadata": { "labels": { "app": "log" } },
            "spec": {
                "nodeSelector": { "disk": "fast" },
                "containers": [{ "name": "a", "image": "fluent:2" }],
            },
        },
    });
    fields
        .as_object_mut()
        .unwrap()
        .extend(spec.as_object().unwrap().clone());
    json!({ "spec": fields })
}

#[test]
fn a_small_set_gets_the_rest() {
    check_defaults::<DaemonSets>(
        set(json!({})),
        &expect![[r#"
        metadata.annotations.deprecated.daemonset.template.generation = "1"
        spec.revisionHistoryLimit = 10
        spec.template.spec.containers[0].imagePullPolicy = "IfNotPresent"
        spec.template.spec.containers[0].resources = {}
        spec.template.spec.containers[0].terminationMessagePath = "/dev/termination-log"
        spec.template.spec.containers[0].terminationMessagePolicy = "File"
        spec.template.spec.dnsPolicy = "ClusterFirst"
        spec.template.spec.restartPolicy = "Always"
        spec.template.spec.schedulerName = "default-scheduler"
        spec.template.spec.securityContext = {}
        spec.template.spec.terminationGracePeriodSeconds = 30
        spec.updateStrategy.rollingUpdate.maxSurge = 0
        spec.updateStrategy.rollingUpdate.maxUnavailable = 1
        spec.updateStrategy.type = "RollingUpdate"
        status.currentNumberScheduled = 0
        status.desiredNumberScheduled = 0
        status.numberMisscheduled = 0
        status.numberReady = 0
    "#]],
    );
}

#[test]
fn a_pod_is_missing_or_one_too_many_but_not_both() {
    let rolling = |unavailable: Value, surge: Value| {
        set(json!({ "updateStrategy": {
            "rollingUpdate": { "maxUnavailable": unavailable, "maxSurge": surge },
        } }))
    };
    check_create::<DaemonSets>(
        rolling(json!(1), json!("10%")),
        &expect![[r#"
        spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: "10%": may not be set when maxUnavailable is non-zero
    "#]],
    );
    check_create::<DaemonSets>(
        rolling(json!(0), json!("0%")),
        &expect![[r#"
        spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0
    "#]],
    );
    check_create::<DaemonSets>(
        rolling(json!(0), json!("101%")),
        &expect![[r#"
        spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: "101%": must not be greater than 100%
    "#]],
    );
    check_create::<DaemonSets>(rolling(json!(0), json!("10%")), &expect![[r#""#]]);
    let unknown = set(json!({ "updateStrategy": { "type": "Slowly" } }));
    check_create::<DaemonSets>(
        unknown,
        &expect![[r#"
        spec.updateStrategy: Unsupported value: {"type":"Slowly"}: supported values: "RollingUpdate", "OnDelete"
    "#]],
    );
}

#[test]
fn pods_stay_and_the_selector_too() {
    let other = json!({
        "selector": { "matchLabels": { "app": "other" } },
        "minReadySeconds": -1,
        "template": {
            "metadata": { "labels": { "app": "log" } },
            "spec": {
                "restartPolicy": "OnFailure",
                "activeDeadlineSeconds": 1,
                "containers": [{ "name": "a", "image": "fluent:2" }],
            },
        },
    });
    check_update::<DaemonSets>(
        set(json!({})),
        set(other),
        &expect![[r#"
        spec.template.metadata.labels: Invalid value: {"app":"log"}: `selector` does not match template `labels`
        spec.template.spec.restartPolicy: Unsupported value: "OnFailure": supported values: "Always"
        spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported
        spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0
        spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable
    "#]],
    );
}

#[test]
fn templates_are_counted_whatever_the_writer_says() {
    let first = created::<DaemonSets>(set(json!({})));
    assert_eq!(first.annotations()[TEMPLATE_GENERATION], "1");
    let mut same = set(json!({ "minReadySeconds": 3 }));
    same["metadata"] = json!({ "annotations": { TEMPLATE_GENERATION: "9" } });
    let same = updated::<DaemonSets>(same, &first);
    assert_eq!(same.annotations()[TEMPLATE_GENERATION], "1");
    let mut other = set(json!({}));
    other["spec"]["template"]["spec"]["containers"][0]["image"] = json!("fluent:3");
    let other = updated::<DaemonSets>(other, &first);
    assert_eq!(other.annotations()[TEMPLATE_GENERATION], "2");
}

#[test]
fn a_status_counts_from_zero() {
    let mut new = set(json!({}));
    new["status"] = json!({
        "currentNumberScheduled": -1, "numberMisscheduled": 0, "desiredNumberScheduled": 1,
        "numberReady": -2, "collisionCount": 1,
    });
    let mut old = set(json!({}));
    old["status"] = json!({ "collisionCount": 2 });
    check_status::<DaemonSets>(
        old,
        new,
        &expect![[r#"
        status.currentNumberScheduled: Invalid value: -1: must be greater than or equal to 0
        status.numberReady: Invalid value: -2: must be greater than or equal to 0
        status.collisionCount: Invalid value: 1: cannot be decremented
    "#]],
    );
}

#[test]
fn the_row_counts_nodes() {
    let mut fields = set(json!({}));
    fields["status"] = json!({
        "currentNumberScheduled": 2, "numberMisscheduled": 0, "desiredNumberScheduled": 3,
        "numberReady": 1,
    });
    check_row::<DaemonSets>(
        fields,
        &expect![[r#"
        Name: web
        Desired: 3
        Current: 2
        Ready: 1
        Up-to-date: 0
        Available: 0
        Node Selector: disk=fast
        Age: <unknown>
        Containers: a
        Images: fluent:2
        Selector: app=log
    "#]],
    );
}
