//! What is refused, filled in and shown.

use expect_test::expect;
use serde_json::{Value, json};

use super::*;
use crate::testing::{check_create, check_defaults, check_row};

fn webhook(name: &str, more: &Value) -> Value {
    let mut hook = json!({
        "name": name,
        "admissionReviewVersions": ["v1"],
        "clientConfig": { "service": { "name": "hook", "namespace": "default" } },
        "sideEffects": "None",
        "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
            "resources": ["pods"] }],
    });
    for (field, value) in more.as_object().unwrap() {
        hook[field] = value.clone();
    }
    json!({ "webhooks": [hook] })
}

#[test]
fn what_a_webhook_leaves_out_is_filled_in() {
    check_defaults::<MutatingWebhookConfigurations>(
        webhook("a.example.com", &json!({})),
        &expect![[r#"
            webhooks[0].clientConfig.service.port = 443
            webhooks[0].failurePolicy = "Fail"
            webhooks[0].matchPolicy = "Equivalent"
            webhooks[0].namespaceSelector = {}
            webhooks[0].objectSelector = {}
            webhooks[0].reinvocationPolicy = "Never"
            webhooks[0].rules[0].scope = "*"
            webhooks[0].timeoutSeconds = 10
        "#]],
    );
    check_defaults::<ValidatingWebhookConfigurations>(
        webhook("a.example.com", &json!({ "failurePolicy": "Ignore" })),
        &expect![[r#"
            webhooks[0].clientConfig.service.port = 443
            webhooks[0].matchPolicy = "Equivalent"
            webhooks[0].namespaceSelector = {}
            webhooks[0].objectSelector = {}
            webhooks[0].rules[0].scope = "*"
            webhooks[0].timeoutSeconds = 10
        "#]],
    );
}

#[test]
fn everything_wrong_with_a_webhook_is_said() {
    let odd = json!({
        "admissionReviewVersions": ["v2", "v2"],
        "clientConfig": { "url": "http://me@host/path?x#y", "service": null },
        "sideEffects": "Some",
        "timeoutSeconds": 31,
        "failurePolicy": "Perhaps",
        "matchConditions": [{ "name": "a", "expression": " " }, { "name": "a", "expression": "x" }],
        "rules": [{ "apiGroups": ["*", "apps"], "apiVersions": [""], "operations": ["READ"],
            "resources": ["pods/*", "pods/log", "*"], "scope": "Odd" }],
    });
    check_create::<MutatingWebhookConfigurations>(
        webhook("example", &odd),
        &expect![[r#"
            webhooks[0].name: Invalid value: "example": should be a domain with at least three segments separated by dots
            webhooks[0].rules[0].operations[0]: Unsupported value: "READ": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"
            webhooks[0].rules[0].apiGroups: Invalid value: ["*","apps"]: if '*' is present, must not specify other API groups
            webhooks[0].rules[0].apiVersions[0]: Required value
            webhooks[0].rules[0].resources[1]: Invalid value: "pods/log": if 'pods/*' is present, must not specify pods/log
            webhooks[0].rules[0].scope: Unsupported value: "Odd": supported values: "*", "Cluster", "Namespaced"
            webhooks[0].failurePolicy: Unsupported value: "Perhaps": supported values: "Fail", "Ignore"
            webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"
            webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds
            webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]
            webhooks[0].clientConfig.url: Invalid value: "me": user information is not permitted in the URL
            webhooks[0].clientConfig.url: Invalid value: "y": fragments are not permitted in the URL
            webhooks[0].clientConfig.url: Invalid value: "x": query parameters are not permitted in the URL
            webhooks[0].matchConditions[0].expression: Required value
            webhooks[0].matchConditions[1].expression: Invalid value: "x": compilation failed: ERROR: <input>:1:1: undeclared reference to 'x' (in container '')
             | x
             | ^
            webhooks[0].matchConditions[1].name: Duplicate value: "a"
            webhooks[0].admissionReviewVersions[1]: Invalid value: "v2": duplicate version
            webhooks[0].admissionReviewVersions: Invalid value: ["v2","v2"]: must include at least one of v1, v1beta1
        "#]],
    );
}

#[test]
fn a_webhook_is_called_at_one_place() {
    let both = json!({ "clientConfig": { "url": "https://host",
        "service": { "name": "", "namespace": "" } } });
    check_create::<ValidatingWebhookConfigurations>(
        webhook("a.example.com", &both),
        &expect![[r#"
            webhooks[0].clientConfig: Required value: exactly one of url or service is required
        "#]],
    );
    let odd = json!({ "clientConfig": { "service": {
        "name": "", "namespace": "", "path": "/a//B/", "port": 70000 } } });
    check_create::<ValidatingWebhookConfigurations>(
        webhook("a.example.com", &odd),
        &expect![[r#"
            webhooks[0].clientConfig.service.name: Required value: service name is required
            webhooks[0].clientConfig.service.namespace: Required value: service namespace is required
            webhooks[0].clientConfig.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive
            webhooks[0].clientConfig.service.path: Invalid value: "/a//B/": segment[1] may not be empty
            webhooks[0].clientConfig.service.path: Invalid value: "/a//B/": segment[2]: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
        "#]],
    );
    let nowhere = json!({ "clientConfig": { "url": "host/path" }, "sideEffects": "" });
    check_create::<ValidatingWebhookConfigurations>(
        webhook("a.example.com", &nowhere),
        &expect![[r#"
            webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun
            webhooks[0].clientConfig.url: Invalid value: "": 'https' is the only allowed URL scheme; desired format: https://host[/path]
            webhooks[0].clientConfig.url: Invalid value: "": host must be specified; desired format: https://host[/path]
        "#]],
    );
}

#[test]
fn webhooks_have_names_of_their_own() {
    let mut all = webhook("a.example.com", &json!({}));
    let again = all["webhooks"][0].clone();
    all["webhooks"].as_array_mut().unwrap().push(again);
    check_create::<MutatingWebhookConfigurations>(
        all.clone(),
        &expect![[r#"
        webhooks[1].name: Duplicate value: "a.example.com"
    "#]],
    );
    check_row::<MutatingWebhookConfigurations>(
        all,
        &expect![[r#"
        Name: web
        Webhooks: 2
        Age: <unknown>
    "#]],
    );
}

fn policy() -> Value {
    json!({ "spec": {
        "paramKind": { "apiVersion": "rules.example.com/v1", "kind": "Limit" },
        "matchConstraints": { "resourceRules": [{ "apiGroups": ["apps"], "apiVersions": ["v1"],
            "operations": ["CREATE"], "resources": ["deployments"] }] },
        "validations": [{ "expression": "object.spec.replicas <= params.most" }],
    } })
}

#[test]
fn what_a_policy_leaves_out_is_filled_in() {
    check_defaults::<ValidatingAdmissionPolicies>(
        policy(),
        &expect![[r#"
        spec.failurePolicy = "Fail"
        spec.matchConstraints.matchPolicy = "Equivalent"
        spec.matchConstraints.namespaceSelector = {}
        spec.matchConstraints.objectSelector = {}
        spec.matchConstraints.resourceRules[0].scope = "*"
    "#]],
    );
    check_create::<ValidatingAdmissionPolicies>(policy(), &expect![[r#""#]]);
    check_row::<ValidatingAdmissionPolicies>(
        policy(),
        &expect![[r#"
        Name: web
        Validations: 1
        ParamKind: rules.example.com/v1/Limit
        Age: <unknown>
    "#]],
    );
}

#[test]
fn a_policy_must_judge_something() {
    check_create::<ValidatingAdmissionPolicies>(
        json!({ "spec": {} }),
        &expect![[r#"
        spec.matchConstraints: Required value
        spec.validations: Required value: validations or auditAnnotations must contain at least one item
        spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item
    "#]],
    );
    let odd = json!({ "spec": {
        "failurePolicy": "Odd",
        "paramKind": { "apiVersion": "a/b/c", "kind": "K d" },
        "matchConstraints": { "matchPolicy": "Exact", "resourceRules": [{ "apiGroups": ["apps"],
            "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"],
            "resourceNames": ["a", "a", "a/b"] }] },
        "validations": [{ "expression": "", "message": " ", "messageExpression": " ",
            "reason": "Odd" }],
        "variables": [{ "name": "for", "expression": "" }],
        "auditAnnotations": [{ "key": "a", "valueExpression": "" },
            { "key": "a", "valueExpression": "'x'" }],
    } });
    check_create::<ValidatingAdmissionPolicies>(
        odd,
        &expect![[r#"
            spec.failurePolicy: Unsupported value: "Odd": supported values: "Fail", "Ignore"
            spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c
            spec.paramKind.kind: Invalid value: "K d": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')
            spec.matchConstraints.resourceRules[0].resourceNames[1]: Duplicate value: "a"
            spec.matchConstraints.resourceRules[0].resourceNames[2]: Invalid value: "a/b": may not contain '/'
            spec.variables[0].name: Invalid value: "for": name is not a valid CEL identifier
            spec.variables[0].expression: Required value: expression is not specified
            spec.validations[0].expression: Required value: expression is not specified
            spec.validations[0].messageExpression: Invalid value: " ": must be non-empty if specified
            spec.validations[0].message: Invalid value: " ": message must be non-empty if specified
            spec.validations[0].reason: Unsupported value: "Odd": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"
            spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not specified
            spec.auditAnnotations[1].key: Duplicate value: "a"
        "#]],
    );
}

#[test]
fn a_binding_says_what_becomes_of_objections() {
    let good = json!({ "spec": { "policyName": "limits", "validationActions": ["Deny"],
        "paramRef": { "name": "most", "namespace": "default", "parameterNotFoundAction": "Deny" },
        "matchResources": {} } });
    check_defaults::<ValidatingAdmissionPolicyBindings>(
        good.clone(),
        &expect![[r#"
        spec.matchResources.matchPolicy = "Equivalent"
        spec.matchResources.namespaceSelector = {}
        spec.matchResources.objectSelector = {}
    "#]],
    );
    check_create::<ValidatingAdmissionPolicyBindings>(good.clone(), &expect![[r#""#]]);
    check_row::<ValidatingAdmissionPolicyBindings>(
        good,
        &expect![[r#"
        Name: web
        PolicyName: limits
        ParamRef: default/most
        Age: <unknown>
    "#]],
    );
    let odd = json!({ "spec": { "validationActions": ["Deny", "Warn", "Deny", "Odd"],
        "paramRef": { "name": "a", "selector": {} } } });
    check_create::<ValidatingAdmissionPolicyBindings>(
        odd,
        &expect![[r#"
        spec.policyName: Required value
        spec.paramRef.name: Forbidden: name and selector are mutually exclusive
        spec.paramRef.selector: Forbidden: name and selector are mutually exclusive
        spec.paramRef.parameterNotFoundAction: Required value
        spec.validationActions[2]: Duplicate value: "Deny"
        spec.validationActions[3]: Unsupported value: "Odd": supported values: "Audit", "Deny", "Warn"
        spec.validationActions: Invalid value: ["Deny","Warn","Deny","Odd"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)
    "#]],
    );
    check_create::<ValidatingAdmissionPolicyBindings>(
        json!({ "spec": { "policyName": "P", "paramRef": {} } }),
        &expect![[r#"
            spec.policyName: Invalid value: "P": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            spec.paramRef: Required value: one of name or selector must be specified
            spec.paramRef.parameterNotFoundAction: Required value
            spec.validationActions: Required value: at least one validation action is required
        "#]],
    );
}

#[test]
fn expressions_are_compiled_with_the_names_they_may_use() {
    check_create::<ValidatingAdmissionPolicies>(
        json!({ "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": { "matchPolicy": "Equivalent", "resourceRules": [{
                "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"],
                "resources": ["deployments"] }] },
            "matchConditions": [{ "name": "a", "expression": "request.user == 'x'" }],
            "variables": [
                { "name": "count", "expression": "object.spec.replicas" },
                { "name": "odd", "expression": "variables.later" },
            ],
            "validations": [
                { "expression": "variables.count <= 5 && namespaceObject.metadata.name != 'x'" },
                { "expression": "variables.count <= params.most" },
                { "expression": "object.spec.replicas" },
                { "expression": "true", "messageExpression": "1 + 1" },
                { "expression": "authorizer.requestResource.check('bind').allowed()",
                  "messageExpression": "authorizer.path('/').check('get').reason()" },
            ],
            "auditAnnotations": [
                { "key": "a", "valueExpression": "'x' + string(variables.count)" },
                { "key": "b", "valueExpression": "true" },
            ],
        }}),
        &expect![[r#"
            spec.matchConditions[0].expression: Invalid value: "request.user == 'x'": compilation failed: ERROR: <input>:1:8: undefined field 'user'
             | request.user == 'x'
             | .......^
            spec.variables[1].expression: Invalid value: "variables.later": compilation failed: ERROR: <input>:1:10: undefined field 'later'
             | variables.later
             | .........^
            spec.validations[1].expression: Invalid value: "variables.count <= params.most": compilation failed: ERROR: <input>:1:20: undeclared reference to 'params' (in container '')
             | variables.count <= params.most
             | ...................^
            spec.validations[2].expression: Invalid value: "object.spec.replicas": must evaluate to bool
            spec.validations[3].messageExpression: Invalid value: "1 + 1": must evaluate to string
            spec.validations[4].messageExpression: Invalid value: "authorizer.path('/').check('get').reason()": compilation failed: ERROR: <input>:1:1: undeclared reference to 'authorizer' (in container '')
             | authorizer.path('/').check('get').reason()
             | ^
            spec.auditAnnotations[1].valueExpression: Invalid value: "true": must evaluate to one of [string null_type]
        "#]],
    );
}
