//! What a deployment gets, and what it may not be.

use expect_test::expect;
use serde_json::{Value, json};

use super::Deployments;
use crate::apps::ReplicaSets;
use crate::core_v1::ReplicationControllers;
use crate::describe;
use crate::testing::{check_create, check_defaults, check_row, check_update, created};

fn deployment(spec: Value) -> Value {
    let mut fields = json!({
        "selector": { "matchLabels": { "app": "web" } },
        "template": {
            "metadata": { "labels": { "app": "web" } },
            "spec": { "containers": [{ "name": "a", "image": "nginx" }] },
        },
    });
    fields
        .as_object_mut()
        .unwrap()
        .extend(spec.as_object().unwrap().clone());
    json!({ "spec": fields })
}

#[test]
fn a_small_deployment_gets_the_rest() {
    check_defaults::<Deployments>(
        deployment(json!({})),
        &expect![[r#"
        spec.progressDeadlineSeconds = 600
        spec.replicas = 1
        spec.revisionHistoryLimit = 10
        spec.strategy.rollingUpdate.maxSurge = "25%"
        spec.strategy.rollingUpdate.maxUnavailable = "25%"
        spec.strategy.type = "RollingUpdate"
        spec.template.spec.containers[0].imagePullPolicy = "Always"
        spec.template.spec.containers[0].resources = {}
        spec.template.spec.containers[0].terminationMessagePath = "/dev/termination-log"
        spec.template.spec.containers[0].terminationMessagePolicy = "File"
        spec.template.spec.dnsPolicy = "ClusterFirst"
        spec.template.spec.restartPolicy = "Always"
        spec.template.spec.schedulerName = "default-scheduler"
        spec.template.spec.securityContext = {}
        spec.template.spec.terminationGracePeriodSeconds = 30
        status = {}
    "#]],
    );
}

#[test]
fn numbers_strategy_and_selector_are_checked() {
    let spec = json!({
        "replicas": -1,
        "selector": { "matchLabels": { "app": "other" } },
        "progressDeadlineSeconds": 5,
        "minReadySeconds": 5,
        "strategy": { "rollingUpdate": { "maxSurge": 0, "maxUnavailable": "0%" } },
    });
    check_create::<Deployments>(
        deployment(spec),
        &expect![[r#"
            spec.replicas: Invalid value: -1: must be greater than or equal to 0
            spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`
            spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0
            spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds
        "#]],
    );
    let spec = json!({ "strategy": { "type": "Recreate", "rollingUpdate": {} } });
    check_create::<Deployments>(
        deployment(spec),
        &expect![[r#"
        spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'
    "#]],
    );
    let spec = json!({ "strategy": { "rollingUpdate": { "maxSurge": "many", "maxUnavailable": "200%" } } });
    check_create::<Deployments>(
        deployment(spec),
        &expect![[r#"
            spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "200%": must not be greater than 100%
            spec.strategy.rollingUpdate.maxSurge: Invalid value: "many": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')
        "#]],
    );
}

#[test]
fn an_empty_deployment_says_what_it_needs() {
    check_create::<Deployments>(
        json!({}),
        &expect![[r#"
        spec.selector: Required value
        spec.template.metadata.labels: Invalid value: {}: `selector` does not match template `labels`
        spec.template.spec.containers: Required value
    "#]],
    );
}

#[test]
fn pods_of_workloads_never_end() {
    let template = json!({ "template": {
        "metadata": { "labels": { "app": "web" } },
        "spec": { "restartPolicy": "Never", "containers": [{ "name": "a", "image": "nginx" }] },
    } });
    check_create::<ReplicaSets>(
        deployment(template),
        &expect![[r#"
        spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"
    "#]],
    );
}

#[test]
fn the_selector_stays() {
    let other = json!({
        "selector": { "matchLabels": { "app": "web", "tier": "x" } },
        "template": {
            "metadata": { "labels": { "app": "web", "tier": "x" } },
            "spec": { "containers": [{ "name": "a", "image": "nginx" }] },
        },
    });
    check_update::<Deployments>(
        deployment(json!({})),
        deployment(other),
        &expect![[r#"
        spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"x"}}: field is immutable
    "#]],
    );
}

#[test]
fn generation_counts_what_is_asked_for_and_not_what_was_observed() {
    let rules = describe::<Deployments>().rules;
    let mut old = created::<Deployments>(deployment(json!({})));
    old.set(&["metadata", "generation"], 4.into());
    let mut new = old.clone();
    assert_eq!(rules.generation.of(&old, None), Some(1));
    new.set(&["status", "replicas"], 3.into());
    new.set(&["metadata", "labels"], json!({ "a": "b" }));
    assert_eq!(rules.generation.of(&new, Some(&old)), Some(4));
    new.set(&["metadata", "annotations"], json!({ "a": "b" }));
    assert_eq!(rules.generation.of(&new, Some(&old)), Some(5));
}

#[test]
fn a_controller_without_a_selector_selects_its_own_pods() {
    let controller = json!({ "spec": { "template": {
        "metadata": { "labels": { "app": "web" } },
        "spec": { "containers": [{ "name": "a", "image": "nginx" }] },
    } } });
    let controller = created::<ReplicationControllers>(controller);
    assert_eq!(
        controller.at(&["spec", "selector"]),
        Some(&json!({ "app": "web" }))
    );
    assert_eq!(controller.labels()["app"], "web");
}

#[test]
fn the_row_counts_pods() {
    let mut fields = deployment(json!({ "replicas": 3 }));
    fields["status"] = json!({ "readyReplicas": 2, "updatedReplicas": 3 });
    check_row::<Deployments>(
        fields,
        &expect![[r#"
        Name: web
        Ready: 2/3
        Up-to-date: 3
        Available: 0
        Age: <unknown>
        Containers: a
        Images: nginx
        Selector: app=web
    "#]],
    );
}
