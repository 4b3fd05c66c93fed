//! What of which request is written down, and what is wrong with policies.

use expect_test::{Expect, expect};
use gantry_api::Caller;
use serde_json::{Value, json};

use super::*;
use crate::attributes::{Attributes, ResourceTarget, Target};

fn policy(rules: &Value) -> Policy {
    let file = json!({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": rules});
    Policy::read(&file).unwrap()
}

/// The level for `user verb group/resource[/subresource] namespace name`, or `user verb /path`.
fn level(policy: &Policy, line: &str) -> Level {
    let words: Vec<&str> = line.split(' ').collect();
    let caller = Caller::authenticated(words[0], &["dev"]);
    let target = if words[2].starts_with('/') {
        Target::Path(words[2])
    } else {
        let mut parts = words[2].split('/');
        let mut part = || parts.next().unwrap_or("").trim_start_matches('-');
        Target::Resource(ResourceTarget {
            group: part(),
            resource: part(),
            subresource: part(),
            namespace: words.get(3).copied().unwrap_or(""),
            name: words.get(4).copied().unwrap_or(""),
            field_selector: "",
        })
    };
    let attributes = Attributes {
        caller: &caller,
        verb: words[1],
        target,
    };
    policy.judge(&attributes).level
}

/// Whether each of these requests is one that the rule is about.
fn check(rule: &Value, cases: &[(&str, bool)]) {
    let mut rule = rule.clone();
    rule["level"] = "Metadata".into();
    let policy = policy(&json!([rule]));
    for (line, fits) in cases {
        let found = level(&policy, line) == Level::Metadata;
        assert_eq!(found, *fits, "{rule}: {line}");
    }
}

#[test]
fn a_rule_is_about_what_it_names() {
    check(
        &json!({}),
        &[("jane get -/pods a", true), ("jane get /healthz", true)],
    );
    check(
        &json!({"users": ["jane"]}),
        &[("jane get -/pods", true), ("joe get -/pods", false)],
    );
    check(
        &json!({"userGroups": ["dev", "x"]}),
        &[("joe get -/pods", true)],
    );
    check(&json!({"userGroups": ["x"]}), &[("joe get -/pods", false)]);
    check(
        &json!({"verbs": ["create", "patch"]}),
        &[("jane patch -/pods", true), ("jane get -/pods", false)],
    );
    check(
        &json!({"namespaces": ["a", ""]}),
        &[
            ("jane get -/pods a", true),
            ("jane get -/nodes", true),
            ("jane get -/pods b", false),
            ("jane get /healthz", false),
        ],
    );
    check(
        &json!({"resources": [{"group": "", "resources": ["pods", "services/status"]}]}),
        &[
            ("jane get -/pods", true),
            ("jane get -/pods/log", false),
            ("jane get -/services/status", true),
            ("jane get -/services", false),
            ("jane get apps/pods", false),
            ("jane get /api", false),
        ],
    );
    check(
        &json!({"resources": [{"group": "", "resources": ["pods/*", "*/scale"]}]}),
        &[
            ("jane get -/pods", true),
            ("jane get -/pods/log", true),
            ("jane get -/others/scale", true),
            ("jane get -/others/status", false),
        ],
    );
    check(
        &json!({"resources": [{"group": "apps"}]}),
        &[("jane get apps/x/y", true), ("jane get -/pods", false)],
    );
    check(
        &json!({"resources": [{"resources": ["*"], "resourceNames": ["one"]}]}),
        &[
            ("jane get -/pods/log a one", true),
            ("jane get -/pods a two", false),
            ("jane list -/pods a", false),
        ],
    );
    check(
        &json!({"nonResourceURLs": ["/healthz*", "/version"]}),
        &[
            ("jane get /healthz/ping", true),
            ("jane get /version", true),
            ("jane get /version/x", false),
            ("jane get -/pods", false),
        ],
    );
    check(&json!({"nonResourceURLs": ["*"]}), &[("jane get /x", true)]);
}

#[test]
fn the_first_rule_that_fits_counts_and_none_means_nothing() {
    let policy = policy(&json!([
        {"level": "None", "users": ["system:quiet"]},
        {"level": "RequestResponse", "verbs": ["create"]},
        {"level": "Request", "namespaces": ["a"]},
    ]));
    assert_eq!(level(&policy, "system:quiet create -/pods a"), Level::None);
    assert_eq!(
        level(&policy, "jane create -/pods a"),
        Level::RequestResponse
    );
    assert_eq!(level(&policy, "jane get -/pods a"), Level::Request);
    assert_eq!(level(&policy, "jane get -/pods b"), Level::None);
}

#[test]
fn stages_are_omitted_by_the_policy_and_by_the_rule() {
    let file = json!({"apiVersion": "audit.k8s.io/v1", "kind": "Policy",
    "omitStages": ["RequestReceived"], "omitManagedFields": true,
    "rules": [
        {"level": "Metadata", "verbs": ["watch"], "omitStages": ["ResponseStarted"],
            "omitManagedFields": false},
        {"level": "Metadata"},
    ]});
    let policy = Policy::read(&file).unwrap();
    let caller = Caller::anonymous();
    let judged = |verb| {
        let target = Target::Path("/x");
        policy.judge(&Attributes {
            caller: &caller,
            verb,
            target,
        })
    };
    let written = |verb| -> Vec<&str> {
        let stages = Stage::ALL
            .iter()
            .filter(|(_, stage)| judged(verb).writes(*stage));
        stages.map(|(name, _)| *name).collect()
    };
    assert_eq!(written("watch"), ["ResponseComplete", "Panic"]);
    assert_eq!(
        written("get"),
        ["ResponseStarted", "ResponseComplete", "Panic"]
    );
    assert!(judged("get").omit_managed_fields);
    assert!(!judged("watch").omit_managed_fields);
}

fn refused(change: impl FnOnce(&mut Value)) -> String {
    let mut file = json!({"apiVersion": "audit.k8s.io/v1", "kind": "Policy",
        "rules": [{"level": "Metadata"}]});
    change(&mut file);
    Policy::read(&file).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_with_a_policy_is_said_with_its_field() {
    let rule = |rule: Value| refused(|file| file["rules"][0] = rule);
    let told = [
        Policy::read(&json!([])).unwrap_err().to_string(),
        refused(|file| file["apiVersion"] = "audit.k8s.io/v1beta1".into()),
        refused(|file| file["kind"] = "Policies".into()),
        refused(|file| file["rules"] = json!([])),
        refused(|file| file["rule"] = json!([])),
        refused(|file| file["omitStages"] = json!(["Begin"])),
        refused(|file| file["omitManagedFields"] = json!("yes")),
        rule(json!("x")),
        rule(json!({})),
        rule(json!({"level": "All"})),
        rule(json!({"level": "None", "user": ["x"]})),
        rule(json!({"level": "None", "users": "x"})),
        rule(json!({"level": "None", "verbs": [7]})),
        rule(json!({"level": "None", "nonResourceURLs": ["healthz"]})),
        rule(json!({"level": "None", "nonResourceURLs": ["/a*b"]})),
        rule(json!({"level": "None", "nonResourceURLs": ["/x"], "namespaces": ["a"]})),
        rule(json!({"level": "None", "resources": [{"group": "apps/v1"}]})),
        rule(json!({"level": "None", "resources": [{"resourceNames": ["x"]}]})),
    ];
    expect![[r#"
        the file: expected a map
        apiVersion: expected "audit.k8s.io/v1"
        kind: expected "Policy"
        rules: at least one rule is needed; without any nothing is written
        rule: unknown field; expected one of apiVersion, kind, metadata, omitManagedFields, omitStages, rules
        omitStages[0]: "Begin" is unknown; expected one of "RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"
        omitManagedFields: expected true or false
        rules[0]: expected a map
        rules[0].level: "" is unknown; expected one of "None", "Metadata", "Request", "RequestResponse"
        rules[0].level: "All" is unknown; expected one of "None", "Metadata", "Request", "RequestResponse"
        rules[0].user: unknown field; expected one of level, namespaces, nonResourceURLs, omitManagedFields, omitStages, resources, userGroups, users, verbs
        rules[0].users: expected a list
        rules[0].verbs[0]: expected a text
        rules[0].nonResourceURLs[0]: "healthz": non-resource URL rules must begin with a '/' character
        rules[0].nonResourceURLs[0]: "/a*b": non-resource URL wildcards '*' must be the final character of the rule
        rules[0].nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs; write two rules
        rules[0].resources[0].group: "apps/v1" is no API group; expected one such as "apps", "" for the core group, and no version or wildcard
        rules[0].resources[0].resourceNames: using resourceNames requires at least one resource"#]]
    .assert_eq(&told.join("\n"));
}

fn event(level: &str, stage: Stage, expected: &Expect) {
    let policy = policy(&json!([{"level": level, "omitManagedFields": true}]));
    let caller = Caller::authenticated("jane", &[]);
    let target = Target::Path("/x");
    let verb = "create";
    let judged = policy.judge(&Attributes {
        caller: &caller,
        verb,
        target,
    });
    let record = Record {
        id: "7".to_owned(),
        uri: "/api/v1/namespaces/a/pods?dryRun=All".to_owned(),
        verb: verb.to_owned(),
        caller: Some(caller),
        sources: vec!["10.0.0.1".to_owned()],
        agent: "kubectl".to_owned(),
        object: Some(ObjectRef {
            resource: "pods".to_owned(),
            namespace: "a".to_owned(),
            version: "v1".to_owned(),
            ..ObjectRef::default()
        }),
        request: Some(json!({"metadata": {"managedFields": []}, "sent": true})),
        response: Some(json!({"items": [{"metadata": {"name": "x", "managedFields": []}}]})),
        status: Some(json!({"metadata": {}, "code": 201})),
        annotations: [("a".to_owned(), "b".to_owned())].into(),
        ..Record::default()
    };
    let now = "2026-03-01T10:00:00.5Z".parse().unwrap();
    let event = record.event(&judged, stage, now);
    let parts = event.as_object().unwrap().iter().skip(2);
    let lines = parts.map(|(field, value)| format!("{field}: {value}\n"));
    expected.assert_eq(&lines.collect::<String>());
}

use super::event::ObjectRef;

#[test]
fn an_event_says_as_much_as_its_level_and_what_is_known_at_its_stage() {
    event(
        "RequestResponse",
        Stage::ResponseComplete,
        &expect![[r#"
            auditID: "7"
            kind: "Event"
            level: "RequestResponse"
            objectRef: {"apiVersion":"v1","namespace":"a","resource":"pods"}
            requestObject: {"metadata":{},"sent":true}
            requestReceivedTimestamp: "1970-01-01T00:00:00.000000Z"
            requestURI: "/api/v1/namespaces/a/pods?dryRun=All"
            responseObject: {"items":[{"metadata":{"name":"x"}}]}
            responseStatus: {"code":201,"metadata":{}}
            sourceIPs: ["10.0.0.1"]
            stage: "ResponseComplete"
            stageTimestamp: "2026-03-01T10:00:00.500000Z"
            user: {"groups":["system:authenticated"],"username":"jane"}
            userAgent: "kubectl"
            verb: "create"
        "#]],
    );
    event(
        "RequestResponse",
        Stage::RequestReceived,
        &expect![[r#"
            kind: "Event"
            level: "RequestResponse"
            objectRef: {"apiVersion":"v1","namespace":"a","resource":"pods"}
            requestReceivedTimestamp: "1970-01-01T00:00:00.000000Z"
            requestURI: "/api/v1/namespaces/a/pods?dryRun=All"
            sourceIPs: ["10.0.0.1"]
            stage: "RequestReceived"
            stageTimestamp: "2026-03-01T10:00:00.500000Z"
            user: {"groups":["system:authenticated"],"username":"jane"}
            userAgent: "kubectl"
            verb: "create"
        "#]],
    );
    event(
        "Metadata",
        Stage::ResponseComplete,
        &expect![[r#"
            auditID: "7"
            kind: "Event"
            level: "Metadata"
            objectRef: {"apiVersion":"v1","namespace":"a","resource":"pods"}
            requestReceivedTimestamp: "1970-01-01T00:00:00.000000Z"
            requestURI: "/api/v1/namespaces/a/pods?dryRun=All"
            responseStatus: {"code":201,"metadata":{}}
            sourceIPs: ["10.0.0.1"]
            stage: "ResponseComplete"
            stageTimestamp: "2026-03-01T10:00:00.500000Z"
            user: {"groups":["system:authenticated"],"username":"jane"}
            userAgent: "kubectl"
            verb: "create"
        "#]],
    );
}
