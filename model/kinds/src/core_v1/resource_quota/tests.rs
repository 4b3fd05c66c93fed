//! What a quota may say, and how it is shown.

use expect_test::expect;
use serde_json::json;

use super::ResourceQuotas;
use crate::testing::{check_create, check_defaults, check_row, check_update};

#[test]
fn a_quota_limits_what_is_known_and_what_says_whose_it_is() {
    check_create::<ResourceQuotas>(
        json!({ "spec": { "hard": {
            "bananas": "1",
            "storage": "1Gi",
            "pods": "1.5",
            "cpu": "-1",
            "requests.storage": "1500m",
            "count/replicasets.apps": "5",
            "requests.example.com/dongle": "3",
            "gold.storageclass.storage.k8s.io/requests.storage": "1Gi",
        } } }),
        &expect![[r#"
            spec.hard[bananas]: Invalid value: "bananas": must be a standard resource type or fully qualified
            spec.hard[bananas]: Invalid value: "bananas": must be a standard resource for quota
            spec.hard[cpu]: Invalid value: "-1": must be greater than or equal to 0
            spec.hard[pods]: Invalid value: "1500m": must be an integer
            spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota
        "#]],
    );
}

#[test]
fn scopes_fit_each_other_and_what_is_limited() {
    check_create::<ResourceQuotas>(
        json!({ "spec": {
            "hard": { "cpu": "1", "pods": "3" },
            "scopes": ["BestEffort", "NotBestEffort", "Odd"],
            "scopeSelector": { "matchExpressions": [
                { "scopeName": "PriorityClass", "operator": "In" },
                { "scopeName": "Terminating", "operator": "NotIn", "values": ["a"] },
                { "scopeName": "NotTerminating", "operator": "Exists", "values": ["a"] },
                { "scopeName": "PriorityClass", "operator": "Perhaps" },
            ] },
        } }),
        &expect![[r#"
            spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Odd"]: unsupported scope applied to resource
            spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Odd"]: unsupported scope
            spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Odd"]: conflicting scopes
            spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector
            spec.scopeSelector.matchExpressions.operator: Invalid value: "NotIn": must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity
            spec.scopeSelector.matchExpressions.values: Invalid value: ["a"]: must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector
            spec.scopeSelector.matchExpressions.operator: Invalid value: "Perhaps": not a valid selector operator
            spec.scopeSelector.matchExpressions: Invalid value: ["BestEffort","NotBestEffort","Odd"]: conflicting scopes
        "#]],
    );
}

#[test]
fn what_a_quota_counts_stays_the_same() {
    check_update::<ResourceQuotas>(
        json!({ "spec": { "hard": { "pods": "1" }, "scopes": ["BestEffort"] } }),
        json!({ "spec": { "hard": { "pods": "2" }, "scopes": ["NotBestEffort"] } }),
        &expect![[r#"
            spec.scopes: Invalid value: ["NotBestEffort"]: field is immutable
        "#]],
    );
}

#[test]
fn amounts_are_canonical_and_nothing_is_used_yet() {
    check_defaults::<ResourceQuotas>(
        json!({ "spec": { "hard": { "cpu": "1000m" } }, "status": { "used": { "cpu": "1" } } }),
        &expect![[r#"
            spec.hard.cpu = "1"
            status = {}
        "#]],
    );
}

#[test]
fn limits_have_a_column_of_their_own() {
    check_row::<ResourceQuotas>(
        json!({ "status": {
            "hard": { "limits.cpu": "2", "pods": "5", "secrets": "1" },
            "used": { "limits.cpu": "500m", "pods": "3" },
        } }),
        &expect![[r#"
            Name: web
            Request: pods: 3/5, secrets: 0/1
            Limit: limits.cpu: 500m/2
            Age: <unknown>
        "#]],
    );
}
