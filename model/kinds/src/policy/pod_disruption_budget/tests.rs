//! What a budget may say, and how it is shown.

use expect_test::expect;
use serde_json::json;

use super::PodDisruptionBudgets;
use crate::testing::{check_create, check_row};

#[test]
fn a_budget_says_one_thing_and_says_it_well() {
    check_create::<PodDisruptionBudgets>(
        json!({ "spec": {
            "minAvailable": -1,
            "maxUnavailable": "150%",
            "selector": { "matchExpressions": [{ "key": "a", "operator": "In" }] },
            "unhealthyPodEvictionPolicy": "Perhaps",
        } }),
        &expect![[r#"
            spec: Invalid value: {"maxUnavailable":"150%","minAvailable":-1,"selector":{"matchExpressions":[{"key":"a","operator":"In"}]},"unhealthyPodEvictionPolicy":"Perhaps"}: minAvailable and maxUnavailable cannot be both set
            spec.minAvailable: Invalid value: -1: must be greater than or equal to 0
            spec.maxUnavailable: Invalid value: "150%": must not be greater than 100%
            spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'
            spec.unhealthyPodEvictionPolicy: Unsupported value: "Perhaps": supported values: "AlwaysAllow", "IfHealthyBudget"
        "#]],
    );
}

#[test]
fn a_row_says_how_many_may_go() {
    check_row::<PodDisruptionBudgets>(
        json!({ "spec": { "minAvailable": "50%" }, "status": { "disruptionsAllowed": 2 } }),
        &expect![[r#"
            Name: web
            Min Available: 50%
            Max Unavailable: N/A
            Allowed Disruptions: 2
            Age: <unknown>
        "#]],
    );
}
