//! What a range fills in by itself, and what it may not say.

use expect_test::expect;
use serde_json::json;

use super::LimitRanges;
use crate::testing::{check_create, check_defaults};

#[test]
fn what_containers_get_follows_from_the_bounds() {
    check_defaults::<LimitRanges>(
        json!({ "spec": { "limits": [{
            "type": "Container",
            "max": { "cpu": "1000m", "memory": "1Gi" },
            "min": { "ephemeral-storage": "1Gi" },
            "default": { "memory": "512Mi" },
        }] } }),
        &expect![[r#"
            spec.limits[0].default.cpu = "1"
            spec.limits[0].defaultRequest.cpu = "1"
            spec.limits[0].defaultRequest.ephemeral-storage = "1Gi"
            spec.limits[0].defaultRequest.memory = "512Mi"
            spec.limits[0].max.cpu = "1"
        "#]],
    );
}

#[test]
fn bounds_and_defaults_come_in_order() {
    check_create::<LimitRanges>(
        json!({ "spec": { "limits": [
            {
                "type": "Container",
                "min": { "cpu": "500m", "memory": "3Gi", "bananas": "1" },
                "max": { "cpu": "100m", "memory": "6Gi" },
                "default": { "cpu": "200m", "memory": "8Gi", "example.com/gpu": "1" },
                "defaultRequest": { "cpu": "300m", "memory": "1Gi", "example.com/gpu": "2" },
                "maxLimitRequestRatio": { "cpu": "500m", "memory": "3" },
            },
            { "type": "Pod", "default": { "cpu": "1" } },
            { "type": "PersistentVolumeClaim" },
            { "type": "Pod" },
            { "type": "Box" },
        ] } }),
        &expect![[r#"
            spec.limits[0].min[bananas]: Invalid value: "bananas": must be a standard resource for containers
            spec.limits[0].defaultRequest[bananas]: Invalid value: "bananas": must be a standard resource for containers
            spec.limits[0].min[cpu]: Invalid value: "500m": min value 500m is greater than max value 100m
            spec.limits[0].defaultRequest[cpu]: Invalid value: "300m": min value 500m is greater than default request value 300m
            spec.limits[0].defaultRequest[cpu]: Invalid value: "300m": default request value 300m is greater than max value 100m
            spec.limits[0].defaultRequest[cpu]: Invalid value: "300m": default request value 300m is greater than default limit value 200m
            spec.limits[0].default[cpu]: Invalid value: "500m": min value 500m is greater than default value 200m
            spec.limits[0].default[cpu]: Invalid value: "100m": default value 200m is greater than max value 100m
            spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1
            spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is greater than max/min = 0.200000
            spec.limits[0].defaultRequest[example.com/gpu]: Invalid value: "2": default request value 2 is greater than default limit value 1
            spec.limits[0].defaultRequest[example.com/gpu]: Invalid value: "2": default value 1 must equal to defaultRequest value 2 in example.com/gpu
            spec.limits[0].defaultRequest[memory]: Invalid value: "1Gi": min value 3Gi is greater than default request value 1Gi
            spec.limits[0].default[memory]: Invalid value: "6Gi": default value 8Gi is greater than max value 6Gi
            spec.limits[0].maxLimitRequestRatio[memory]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000
            spec.limits[1].default: Forbidden: may not be specified when `type` is 'Pod'
            spec.limits[2].limits: Required value: either minimum or maximum storage value is required, but neither was provided
            spec.limits[3].type: Duplicate value: "Pod"
            spec.limits[4].type: Invalid value: "Box": must be a standard limit type or fully qualified
        "#]],
    );
}
