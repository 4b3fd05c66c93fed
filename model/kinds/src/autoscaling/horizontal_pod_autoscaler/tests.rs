//! What an autoscaler gets, what it may not be, and how the versions become each other.

use expect_test::expect;
use gantry_api::Object;
use serde_json::{Value, json};

use super::{CpuAutoscalers, HorizontalPodAutoscalers};
use crate::kind::Kind;
use crate::testing::{check_create, check_defaults, check_row, check_status, created};

fn scaler(spec: Value) -> Value {
    let mut fields = json!({
        "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" },
        "maxReplicas": 5,
    });
    fields
        .as_object_mut()
        .unwrap()
        .extend(spec.as_object().unwrap().clone());
    json!({ "spec": fields })
}

fn everything() -> Value {
    json!({
        "maxReplicas": 5,
        "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" },
        "behavior": { "scaleUp": { "policies": [{ "type": "Pods", "value": 1, "periodSeconds": 5 }] } },
        "metrics": [
            { "type": "Resource", "resource": {
                "name": "cpu", "target": { "type": "Utilization", "averageUtilization": 50 },
            } },
            { "type": "Pods", "pods": {
                "metric": { "name": "hits" },
                "target": { "type": "AverageValue", "averageValue": "1500m" },
            } },
            { "type": "Object", "object": {
                "describedObject": { "kind": "Service", "name": "web" },
                "metric": { "name": "rate", "selector": { "matchLabels": { "a": "b" } } },
                "target": { "type": "Value", "value": "10" },
            } },
            { "type": "External", "external": {
                "metric": { "name": "queue" },
                "target": { "type": "AverageValue", "averageValue": "3" },
            } },
            { "type": "ContainerResource", "containerResource": {
                "name": "memory", "container": "a",
                "target": { "type": "AverageValue", "averageValue": "1Gi" },
            } },
        ],
    })
}

#[test]
fn a_small_scaler_watches_processors() {
    check_defaults::<HorizontalPodAutoscalers>(
        scaler(json!({})),
        &expect![[r#"
        spec.metrics[0].resource.name = "cpu"
        spec.metrics[0].resource.target.averageUtilization = 80
        spec.metrics[0].resource.target.type = "Utilization"
        spec.metrics[0].type = "Resource"
        spec.minReplicas = 1
        status.desiredReplicas = 0
    "#]],
    );
    check_defaults::<CpuAutoscalers>(
        scaler(json!({})),
        &expect![[r#"
        spec.minReplicas = 1
        spec.targetCPUUtilizationPercentage = 80
        status.currentReplicas = 0
        status.desiredReplicas = 0
    "#]],
    );
    let behavior = json!({ "behavior": { "scaleDown": { "selectPolicy": "Min" } } });
    check_defaults::<HorizontalPodAutoscalers>(
        scaler(behavior),
        &expect![[r#"
        spec.behavior.scaleDown.policies[0].periodSeconds = 15
        spec.behavior.scaleDown.policies[0].type = "Percent"
        spec.behavior.scaleDown.policies[0].value = 100
        spec.behavior.scaleUp.policies[0].periodSeconds = 15
        spec.behavior.scaleUp.policies[0].type = "Pods"
        spec.behavior.scaleUp.policies[0].value = 4
        spec.behavior.scaleUp.policies[1].periodSeconds = 15
        spec.behavior.scaleUp.policies[1].type = "Percent"
        spec.behavior.scaleUp.policies[1].value = 100
        spec.behavior.scaleUp.selectPolicy = "Max"
        spec.behavior.scaleUp.stabilizationWindowSeconds = 0
        spec.metrics[0].resource.name = "cpu"
        spec.metrics[0].resource.target.averageUtilization = 80
        spec.metrics[0].resource.target.type = "Utilization"
        spec.metrics[0].type = "Resource"
        spec.minReplicas = 1
        status.desiredReplicas = 0
    "#]],
    );
}

#[test]
fn bounds_and_the_target_are_checked() {
    let wrong = json!({ "spec": {
        "minReplicas": 0, "maxReplicas": -1, "scaleTargetRef": { "kind": "a/b", "apiVersion": "a/b/c" },
    } });
    check_create::<HorizontalPodAutoscalers>(
        wrong.clone(),
        &expect![[r#"
        spec.minReplicas: Invalid value: 0: must be greater than or equal to 1
        spec.maxReplicas: Invalid value: -1: must be greater than 0
        spec.maxReplicas: Invalid value: -1: must be greater than or equal to `minReplicas`
        spec.scaleTargetRef.kind: Invalid value: "a/b": may not contain '/'
        spec.scaleTargetRef.name: Required value
        spec.scaleTargetRef.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c
    "#]],
    );
    check_create::<CpuAutoscalers>(
        wrong,
        &expect![[r#"
        spec.minReplicas: Invalid value: 0: must be greater than or equal to 1
        spec.maxReplicas: Invalid value: -1: must be greater than 0
        spec.maxReplicas: Invalid value: -1: must be greater than or equal to `minReplicas`
        spec.scaleTargetRef.kind: Invalid value: "a/b": may not contain '/'
        spec.scaleTargetRef.name: Required value
        spec.scaleTargetRef.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c
    "#]],
    );
    let idle = scaler(json!({ "targetCPUUtilizationPercentage": 0 }));
    check_create::<CpuAutoscalers>(
        idle,
        &expect![[r#"
        spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0
    "#]],
    );
}

#[test]
fn metrics_say_all_that_is_needed() {
    let metrics = json!([
        {},
        { "type": "Pods" },
        { "type": "Pods", "resource": { "name": "", "target": {} } },
        { "type": "Resource", "resource": { "name": "cpu", "target": {
            "type": "Sometimes", "averageUtilization": 0, "averageValue": "-1", "value": "0",
        } } },
        { "type": "External", "external": { "metric": { "name": "a/b" }, "target": {
            "type": "Value", "value": "1", "averageValue": "1",
        } } },
        { "type": "Object", "object": {
            "describedObject": { "kind": "Service", "name": "web" },
            "metric": { "name": "" }, "target": { "type": "Value" },
        } },
        { "type": "ContainerResource", "containerResource": {
            "name": "cpu", "container": "", "target": { "type": "Utilization" },
        } },
    ]);
    check_create::<HorizontalPodAutoscalers>(
        scaler(json!({ "metrics": metrics })),
        &expect![[r#"
            spec.metrics[0].type: Required value: must specify a metric source type
            spec.metrics[0].type: Unsupported value: "": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"
            spec.metrics[1].pods: Required value: must populate information for the given metric source
            spec.metrics[2].resource.name: Required value: must specify a resource name
            spec.metrics[2].resource.target.type: Required value: must specify a metric target type
            spec.metrics[2].resource.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue
            spec.metrics[2].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization
            spec.metrics[2].pods: Required value: must populate information for the given metric source
            spec.metrics[3].resource.target.type: Invalid value: "Sometimes": must be either Utilization, Value, or AverageValue
            spec.metrics[3].resource.target.value: Invalid value: "0": must be positive
            spec.metrics[3].resource.target.averageValue: Invalid value: "-1": must be positive
            spec.metrics[3].resource.target.averageUtilization: Invalid value: 0: must be greater than 0
            spec.metrics[3].resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization
            spec.metrics[4].external.metric.name: Invalid value: "a/b": may not contain '/'
            spec.metrics[4].external.target.value: Forbidden: may not set both a target value for metric and a per-pod target
            spec.metrics[5].object.metric.name: Required value: must specify a metric name
            spec.metrics[5].object.target.averageValue: Required value: must set either a target value for metric or a per-pod target
            spec.metrics[6].containerResource.container: Required value: must specify a container
            spec.metrics[6].containerResource.target.averageUtilization: Required value: must set either a target raw value or a target utilization
        "#]],
    );
}

#[test]
fn behavior_keeps_within_bounds() {
    let behavior = json!({
        "scaleUp": {
            "stabilizationWindowSeconds": -1,
            "selectPolicy": "Any",
            "tolerance": "-1",
            "policies": [
                { "type": "Nodes", "value": 0, "periodSeconds": 1801 },
                { "type": "Pods", "value": 1, "periodSeconds": 0 },
            ],
        },
        "scaleDown": { "stabilizationWindowSeconds": 3601 },
    });
    check_create::<HorizontalPodAutoscalers>(
        scaler(json!({ "behavior": behavior })),
        &expect![[r#"
            spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: -1: must be greater than or equal to zero
            spec.behavior.scaleUp.selectPolicy: Unsupported value: "Any": supported values: "Disabled", "Max", "Min"
            spec.behavior.scaleUp.policies[0].type: Unsupported value: "Nodes": supported values: "Percent", "Pods"
            spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero
            spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800
            spec.behavior.scaleUp.policies[1].periodSeconds: Invalid value: 0: must be greater than zero
            spec.behavior.scaleUp.tolerance: Invalid value: "-1": must be greater than or equal to 0
            spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600
        "#]],
    );
}

#[test]
fn counts_are_not_below_zero() {
    let mut new = scaler(json!({}));
    new["status"] = json!({ "currentReplicas": -1, "desiredReplicas": -1 });
    check_status::<HorizontalPodAutoscalers>(
        scaler(json!({})),
        new,
        &expect![[r#"
        status.currentReplicas: Invalid value: -1: must be greater than or equal to 0
        status.desiredReplicas: Invalid value: -1: must be greater than or equal to 0
    "#]],
    );
}

#[test]
fn the_first_version_carries_what_it_does_not_know() {
    let mut second = created::<HorizontalPodAutoscalers>(json!({ "spec": everything() }));
    second.set(
        &["status"],
        json!({
            "currentReplicas": 2,
            "desiredReplicas": 3,
            "conditions": [{ "type": "AbleToScale", "status": "True" }],
            "currentMetrics": [
                { "type": "Pods", "pods": {
                    "metric": { "name": "hits" }, "current": { "averageValue": "1" },
                } },
                { "type": "Resource", "resource": {
                    "name": "cpu", "current": { "averageUtilization": 40, "averageValue": "1m" },
                } },
            ],
        }),
    );
    let first = CpuAutoscalers::restore(second.clone());
    let shown = serde_json::to_string_pretty(&first.0).unwrap();
    expect![[r#"
        {
          "apiVersion": "autoscaling/v1",
          "kind": "HorizontalPodAutoscaler",
          "metadata": {
            "annotations": {
              "autoscaling.alpha.kubernetes.io/behavior": "{\"ScaleDown\":{\"Policies\":[{\"PeriodSeconds\":15,\"Type\":\"Percent\",\"Value\":100}],\"SelectPolicy\":\"Max\"},\"ScaleUp\":{\"Policies\":[{\"PeriodSeconds\":5,\"Type\":\"Pods\",\"Value\":1}],\"SelectPolicy\":\"Max\",\"StabilizationWindowSeconds\":0}}",
              "autoscaling.alpha.kubernetes.io/conditions": "[{\"status\":\"True\",\"type\":\"AbleToScale\"}]",
              "autoscaling.alpha.kubernetes.io/current-metrics": "[{\"pods\":{\"currentAverageValue\":\"1\",\"metricName\":\"hits\"},\"type\":\"Pods\"},{\"resource\":{\"currentAverageUtilization\":40,\"currentAverageValue\":\"1m\",\"name\":\"cpu\"},\"type\":\"Resource\"}]",
              "autoscaling.alpha.kubernetes.io/metrics": "[{\"pods\":{\"metricName\":\"hits\",\"targetAverageValue\":\"1500m\"},\"type\":\"Pods\"},{\"object\":{\"metricName\":\"rate\",\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"target\":{\"kind\":\"Service\",\"name\":\"web\"},\"targetValue\":\"10\"},\"type\":\"Object\"},{\"external\":{\"metricName\":\"queue\",\"targetAverageValue\":\"3\"},\"type\":\"External\"},{\"containerResource\":{\"container\":\"a\",\"name\":\"memory\",\"targetAverageValue\":\"1Gi\"},\"type\":\"ContainerResource\"}]"
            },
            "name": "web",
            "namespace": "default"
          },
          "spec": {
            "maxReplicas": 5,
            "minReplicas": 1,
            "scaleTargetRef": {
              "apiVersion": "apps/v1",
              "kind": "Deployment",
              "name": "web"
            },
            "targetCPUUtilizationPercentage": 50
          },
          "status": {
            "currentCPUUtilizationPercentage": 40,
            "currentReplicas": 2,
            "desiredReplicas": 3
          }
        }"#]].assert_eq(&shown);
    assert_eq!(CpuAutoscalers::to_storage(first), second);
}

#[test]
fn what_was_measured_is_not_the_writers_to_drop() {
    let mut stored = created::<HorizontalPodAutoscalers>(scaler(json!({})));
    stored.set(
        &["status", "conditions"],
        json!([{ "type": "a", "status": "True" }]),
    );
    let old = CpuAutoscalers::restore(stored);
    let new = crate::testing::updated::<CpuAutoscalers>(scaler(json!({})), &old);
    let conditions = |object: Object| {
        let stored = CpuAutoscalers::to_storage(object);
        stored.at(&["status", "conditions"]).cloned()
    };
    assert_eq!(conditions(new), conditions(old));
}

#[test]
fn rows_show_two_measurements() {
    let mut fields = json!({ "spec": everything() });
    fields["status"] = json!({
        "currentReplicas": 2, "desiredReplicas": 2, "currentMetrics": [
            { "type": "Resource", "resource": {
                "name": "cpu", "current": { "averageUtilization": 40 },
            } },
            { "type": "Pods", "pods": {
                "metric": { "name": "hits" }, "current": { "averageValue": "1" },
            } },
        ],
    });
    check_row::<HorizontalPodAutoscalers>(
        fields,
        &expect![[r#"
        Name: web
        Reference: Deployment/web
        Targets: cpu: 40%/50%, 1/1500m + 3 more...
        MinPods: <unset>
        MaxPods: 5
        Replicas: 2
        Age: <unknown>
    "#]],
    );
    let cpu = scaler(json!({ "targetCPUUtilizationPercentage": 70, "minReplicas": 2 }));
    check_row::<CpuAutoscalers>(
        cpu,
        &expect![[r#"
        Name: web
        Reference: Deployment/web
        Targets: cpu: <unknown>/70%
        MinPods: 2
        MaxPods: 5
        Replicas: 0
        Age: <unknown>
    "#]],
    );
}
