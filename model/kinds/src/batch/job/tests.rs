//! What a job gets, what it may not be, and what of it may change.

use expect_test::expect;
use serde_json::{Value, json};

use super::Jobs;
use crate::describe;
use crate::testing::{
    check_create, check_defaults, check_row, check_status, check_update, created, warnings,
};

fn job(spec: Value) -> Value {
    let mut fields = json!({ "template": { "spec": {
        "restartPolicy": "Never",
        "containers": [{ "name": "a", "image": "perl:5" }],
    } } });
    fields
        .as_object_mut()
        .unwrap()
        .extend(spec.as_object().unwrap().clone());
    json!({ "metadata": { "name": "pi", "uid": "u1" }, "spec": fields })
}

/// A job as it is after its creation, changed.
fn stored(change: impl FnOnce(&mut Value)) -> Value {
    let mut job = created::<Jobs>(job(json!({}))).into_value();
    change(&mut job);
    job
}

#[test]
fn a_small_job_gets_the_rest() {
    check_defaults::<Jobs>(
        job(json!({})),
        &expect![[r#"
        metadata.labels.batch.kubernetes.io/controller-uid = "u1"
        metadata.labels.batch.kubernetes.io/job-name = "pi"
        metadata.labels.controller-uid = "u1"
        metadata.labels.job-name = "pi"
        spec.backoffLimit = 6
        spec.completionMode = "NonIndexed"
        spec.completions = 1
        spec.manualSelector = false
        spec.parallelism = 1
        spec.podReplacementPolicy = "TerminatingOrFailed"
        spec.selector.matchLabels.batch.kubernetes.io/controller-uid = "u1"
        spec.suspend = false
        spec.template.metadata.labels.batch.kubernetes.io/controller-uid = "u1"
        spec.template.metadata.labels.batch.kubernetes.io/job-name = "pi"
        spec.template.metadata.labels.controller-uid = "u1"
        spec.template.metadata.labels.job-name = "pi"
        spec.template.spec.containers[0].imagePullPolicy = "IfNotPresent"
        spec.template.spec.containers[0].resources = {}
        spec.template.spec.containers[0].terminationMessagePath = "/dev/termination-log"
        spec.template.spec.containers[0].terminationMessagePolicy = "File"
        spec.template.spec.dnsPolicy = "ClusterFirst"
        spec.template.spec.schedulerName = "default-scheduler"
        spec.template.spec.securityContext = {}
        spec.template.spec.terminationGracePeriodSeconds = 30
        status = {}
    "#]],
    );
}

#[test]
fn what_is_left_out_depends_on_what_is_said() {
    let spec = json!({
        "parallelism": 3,
        "backoffLimitPerIndex": 1,
        "podFailurePolicy": { "rules": [
            { "action": "Ignore", "onPodConditions": [{ "type": "DisruptionTarget" }] },
        ] },
    });
    let job = created::<Jobs>(job(spec));
    let spec = job.at(&["spec"]).unwrap();
    assert_eq!(spec.get("completions"), None);
    assert_eq!(spec["backoffLimit"], i32::MAX);
    assert_eq!(spec["podReplacementPolicy"], "Failed");
    let pattern = &spec["podFailurePolicy"]["rules"][0]["onPodConditions"][0];
    assert_eq!(pattern["status"], "True");
}

#[test]
fn labels_of_the_template_become_the_jobs() {
    let mut fields = job(json!({}));
    fields["spec"]["template"]["metadata"] = json!({ "labels": { "app": "pi" } });
    let unlabelled = created::<Jobs>(fields.clone());
    assert_eq!(unlabelled.labels()["app"], "pi");
    assert_eq!(unlabelled.labels()["job-name"], "pi");
    fields["metadata"]["labels"] = json!({ "team": "x" });
    let labelled = created::<Jobs>(fields);
    assert_eq!(labelled.labels().len(), 1);
}

#[test]
fn a_selector_is_made_and_not_chosen() {
    let chosen = json!({ "selector": { "matchLabels": { "app": "pi" } } });
    check_create::<Jobs>(
        job(chosen.clone()),
        &expect![[r#"
        spec.selector: Invalid value: {"matchLabels":{"app":"pi","batch.kubernetes.io/controller-uid":"u1"}}: `selector` not auto-generated
        spec.template.metadata.labels: Invalid value: {"batch.kubernetes.io/controller-uid":"u1","batch.kubernetes.io/job-name":"pi","controller-uid":"u1","job-name":"pi"}: `selector` does not match template `labels`
    "#]],
    );
    let mut insisting = job(chosen);
    insisting["spec"]["manualSelector"] = json!(true);
    insisting["spec"]["template"]["metadata"] = json!({ "labels": { "app": "pi" } });
    check_create::<Jobs>(insisting, &expect![[r#""#]]);
    let mut wrong = job(json!({}));
    wrong["spec"]["template"]["metadata"] = json!({ "labels": { "job-name": "e" } });
    check_create::<Jobs>(
        wrong,
        &expect![[r#"
        spec.template.metadata.labels[job-name]: Invalid value: {"batch.kubernetes.io/controller-uid":"u1","batch.kubernetes.io/job-name":"pi","controller-uid":"u1","job-name":"e"}: must be 'pi'
    "#]],
    );
    let without = json!({ "manualSelector": true });
    check_create::<Jobs>(
        job(without),
        &expect![[r#"
        spec.selector: Required value
    "#]],
    );
}

#[test]
fn numbers_and_words_are_checked() {
    let spec = json!({
        "parallelism": -1,
        "completions": -1,
        "activeDeadlineSeconds": -1,
        "backoffLimit": -1,
        "ttlSecondsAfterFinished": -1,
        "backoffLimitPerIndex": -1,
        "maxFailedIndexes": -1,
        "completionMode": "Random",
        "managedBy": "me",
        "podReplacementPolicy": "Never",
    });
    check_create::<Jobs>(
        job(spec),
        &expect![[r#"
        spec.parallelism: Invalid value: -1: must be greater than or equal to 0
        spec.completions: Invalid value: -1: must be greater than or equal to 0
        spec.activeDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0
        spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0
        spec.ttlSecondsAfterFinished: Invalid value: -1: must be greater than or equal to 0
        spec.backoffLimitPerIndex: Invalid value: -1: must be greater than or equal to 0
        spec.maxFailedIndexes: Invalid value: -1: must be greater than or equal to 0
        spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")
        spec.completionMode: Unsupported value: "Random": supported values: "Indexed", "NonIndexed"
        spec.backoffLimitPerIndex: Invalid value: -1: requires indexed completion mode
        spec.maxFailedIndexes: Invalid value: -1: requires indexed completion mode
        spec.podReplacementPolicy: Unsupported value: "Never": supported values: "Failed", "TerminatingOrFailed"
    "#]],
    );
    let mut restarting = job(json!({}));
    restarting["spec"]["template"]["spec"]["restartPolicy"] = json!("Always");
    check_create::<Jobs>(
        restarting,
        &expect![[r#"
        spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"
    "#]],
    );
}

#[test]
fn indexed_jobs_have_limits() {
    let spec = json!({ "completionMode": "Indexed", "parallelism": 100_001 });
    check_create::<Jobs>(
        job(spec),
        &expect![[r#"
        spec.completions: Required value: when completion mode is Indexed
    "#]],
    );
    let spec = json!({
        "completionMode": "Indexed",
        "completions": 100_002,
        "parallelism": 100_001,
        "backoffLimitPerIndex": 1,
        "maxFailedIndexes": 100_003,
    });
    check_create::<Jobs>(
        job(spec),
        &expect![[r#"
        spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed
        spec.maxFailedIndexes: Invalid value: 100003: must be less than or equal to completions
        spec.maxFailedIndexes: Invalid value: 100003: must be less than or equal to 100000
        spec.parallelism: Invalid value: 100001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index
        spec.maxFailedIndexes: Invalid value: 100003: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index
    "#]],
    );
    let mut long = job(json!({ "completionMode": "Indexed", "completions": 11 }));
    long["metadata"]["name"] = json!("a".repeat(61));
    check_create::<Jobs>(
        long,
        &expect![[r#"
        metadata.name: Invalid value: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": will not able to create pod with invalid DNS label: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-10
    "#]],
    );
}

#[test]
fn policies_on_failure_are_checked() {
    let rules = json!([
        { "action": "", "onExitCodes": { "operator": "", "values": [] } },
        {
            "action": "FailIndex",
            "onExitCodes": { "containerName": "b", "operator": "In", "values": [3, 0, 3] },
            "onPodConditions": [{ "type": "a b", "status": "Maybe" }],
        },
        { "action": "Explode" },
    ]);
    let spec = json!({ "podFailurePolicy": { "rules": rules } });
    check_create::<Jobs>(
        job(spec),
        &expect![[r#"
        spec.podFailurePolicy.rules[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]
        spec.podFailurePolicy.rules[0].onExitCodes.operator: Required value: valid values: ["In" "NotIn"]
        spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: []: at least one value is required
        spec.podFailurePolicy.rules[1].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set
        spec.podFailurePolicy.rules[1].onExitCodes.containerName: Invalid value: "b": must be one of the container or initContainer names in the pod template
        spec.podFailurePolicy.rules[1].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator
        spec.podFailurePolicy.rules[1].onExitCodes.values[2]: Duplicate value: 3
        spec.podFailurePolicy.rules[1].onExitCodes.values: Invalid value: [3,0,3]: must be ordered
        spec.podFailurePolicy.rules[1].onPodConditions[0].type: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')
        spec.podFailurePolicy.rules[1].onPodConditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"
        spec.podFailurePolicy.rules[1]: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported
        spec.podFailurePolicy.rules[2].action: Unsupported value: "Explode": supported values: "Count", "FailIndex", "FailJob", "Ignore"
        spec.podFailurePolicy.rules[2]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required
    "#]],
    );
    let rule = json!({ "action": "FailJob", "onExitCodes": { "operator": "In", "values": [1] } });
    let mut restarting = job(json!({
        "podFailurePolicy": { "rules": [rule] },
        "podReplacementPolicy": "TerminatingOrFailed",
    }));
    restarting["spec"]["template"]["spec"]["restartPolicy"] = json!("OnFailure");
    check_create::<Jobs>(
        restarting,
        &expect![[r#"
        spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"
        spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified
    "#]],
    );
}

#[test]
fn policies_on_success_are_checked() {
    let policy = json!({ "rules": [{ "succeededCount": 1 }] });
    check_create::<Jobs>(
        job(json!({ "successPolicy": policy })),
        &expect![[r#"
        spec.successPolicy: Invalid value: {"rules":[{"succeededCount":1}]}: requires indexed completion mode
    "#]],
    );
    let indexed = |rules: Value| {
        job(json!({
            "completionMode": "Indexed", "completions": 3, "successPolicy": { "rules": rules },
        }))
    };
    check_create::<Jobs>(
        indexed(json!([])),
        &expect![[r#"
        spec.successPolicy.rules: Required value: at least one rules must be specified when the successPolicy is specified
    "#]],
    );
    let rules = json!([
        {},
        { "succeededIndexes": "0-1", "succeededCount": 3 },
        { "succeededIndexes": "2-5" },
        { "succeededCount": 4 },
    ]);
    check_create::<Jobs>(
        indexed(rules),
        &expect![[r#"
        spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified
        spec.successPolicy.rules[1].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)
        spec.successPolicy.rules[2].succeededIndexes: Invalid value: "2-5": error parsing succeededIndexes: too large index: "5"
        spec.successPolicy.rules[3].succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of specified completions)
    "#]],
    );
}

#[test]
fn pods_of_a_job_stay_as_they_are() {
    let other = stored(|job| {
        job["spec"]["template"]["spec"]["nodeSelector"] = json!({ "disk": "fast" });
        job["spec"]["completions"] = json!(2);
        job["spec"]["parallelism"] = json!(2);
        job["spec"]["backoffLimit"] = json!(2);
    });
    check_update::<Jobs>(
        stored(|_| {}),
        other,
        &expect![[r#"
        spec.completions: Invalid value: 2: field is immutable
        spec.template: Invalid value: {"metadata":{"labels":{"batch.kubernetes.io/controller-uid":"u1","batch.kubernetes.io/job-name":"pi","controller-uid":"u1","job-name":"pi"}},"spec":{"containers":[{"image":"perl:5","imagePullPolicy":"IfNotPresent","name":"a","resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}],"dnsPolicy":"ClusterFirst","nodeSelector":{"disk":"fast"},"restartPolicy":"Never","schedulerName":"default-scheduler","securityContext":{},"terminationGracePeriodSeconds":30}}: field is immutable
    "#]],
    );
}

#[test]
fn a_job_that_waits_may_be_sent_elsewhere() {
    let waiting = stored(|job| job["spec"]["suspend"] = json!(true));
    let affinity = json!({ "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [
            { "matchExpressions": [{ "key": "disk", "operator": "Exists" }] },
        ] },
    } });
    let sent = stored(|job| {
        let template = &mut job["spec"]["template"];
        template["metadata"]["annotations"] = json!({ "a": "b" });
        template["spec"]["nodeSelector"] = json!({ "disk": "fast" });
        template["spec"]["tolerations"] = json!([{ "operator": "Exists" }]);
        template["spec"]["affinity"] = affinity;
    });
    check_update::<Jobs>(waiting.clone(), sent, &expect![[r#""#]]);
    let other = stored(|job| {
        job["spec"]["template"]["spec"]["containers"][0]["image"] = json!("perl:6");
    });
    check_update::<Jobs>(
        waiting,
        other,
        &expect![[r#"
        spec.template: Invalid value: {"metadata":{"labels":{"batch.kubernetes.io/controller-uid":"u1","batch.kubernetes.io/job-name":"pi","controller-uid":"u1","job-name":"pi"}},"spec":{"containers":[{"image":"perl:6","imagePullPolicy":"IfNotPresent","name":"a","resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}],"dnsPolicy":"ClusterFirst","restartPolicy":"Never","schedulerName":"default-scheduler","securityContext":{},"terminationGracePeriodSeconds":30}}: field is immutable
    "#]],
    );
}

#[test]
fn indexes_come_and_go_together_with_pods() {
    let indexed = |completions: i32, parallelism: i32| {
        stored(|job| {
            job["spec"]["completionMode"] = json!("Indexed");
            job["spec"]["completions"] = json!(completions);
            job["spec"]["parallelism"] = json!(parallelism);
        })
    };
    check_update::<Jobs>(indexed(2, 1), indexed(3, 3), &expect![[r#""#]]);
    check_update::<Jobs>(
        indexed(2, 1),
        indexed(3, 2),
        &expect![[r#"
        spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism
    "#]],
    );
}

fn with_status(status: Value) -> Value {
    stored(|job| job["status"] = status)
}

fn condition(kind: &str) -> Value {
    json!({ "type": kind, "status": "True" })
}

#[test]
fn a_status_tells_a_story_that_can_be_true() {
    let start = "2026-01-01T00:00:00Z";
    let running = with_status(json!({ "startTime": start, "active": 1, "failed": 1 }));
    let done = with_status(json!({
        "startTime": start, "completionTime": "2026-01-01T00:01:00Z", "succeeded": 1, "failed": 1,
        "conditions": [condition("SuccessCriteriaMet"), condition("Complete")],
    }));
    check_status::<Jobs>(running.clone(), done.clone(), &expect![[r#""#]]);
    let impossible = with_status(json!({
        "completionTime": "2025-01-01T00:01:00Z", "active": 1, "ready": 2, "terminating": 1,
        "uncountedTerminatedPods": { "succeeded": ["a", ""], "failed": ["a"] },
        "conditions": [condition("Failed"), condition("Complete")],
        "completedIndexes": "1-2", "failedIndexes": "x",
    }));
    check_status::<Jobs>(
        running,
        impossible,
        &expect![[r#"
        status.ready: Invalid value: 2: cannot set more ready pods than active
        status.failed: Invalid value: 0: cannot decrease the failed counter
        status.uncountedTerminatedPods.succeeded[1]: Invalid value: "": must not be empty
        status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"
        status.conditions: Invalid value: cannot set Complete=True and Failed=true conditions
        status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition
        status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition
        status.startTime: Required value: startTime cannot be removed for unsuspended job
        status.active: Invalid value: 1: active>0 is invalid for finished job
        status.terminating: Invalid value: 1: terminating>0 is invalid for finished job
        status.startTime: Required value: startTime is required for finished job
        status.uncountedTerminatedPods: Invalid value: {"failed":["a"],"succeeded":["a",""]}: uncountedTerminatedPods needs to be empty for finished job
        status.completedIndexes: Invalid value: "1-2": error parsing completedIndexes: too large index: "1"
        status.failedIndexes: Invalid value: "x": error parsing failedIndexes: cannot convert string to integer for index: "x"
        status.completedIndexes: Invalid value: "1-2": cannot set non-empty completedIndexes when non-indexed completion mode
        status.failedIndexes: Invalid value: "x": cannot set non-null failedIndexes when backoffLimitPerIndex is null
    "#]],
    );
    let undone = with_status(json!({ "startTime": "2026-01-02T00:00:00Z", "succeeded": 1 }));
    check_status::<Jobs>(
        done,
        undone,
        &expect![[r#"
        status.failed: Invalid value: 0: cannot decrease the failed counter
        status.conditions: Invalid value: cannot disable the terminal Complete=True condition
        status.startTime: Invalid value: "2026-01-02T00:00:00Z": startTime cannot be updated for unsuspended job
    "#]],
    );
}

#[test]
fn an_odd_condition_is_nobodys_business() {
    let patched = with_status(json!({ "conditions": [condition("Odd")], "active": 1 }));
    check_status::<Jobs>(stored(|_| {}), patched, &expect![[r#""#]]);
}

#[test]
fn remarks_on_names_and_numbers() {
    let mut dotted = job(json!({}));
    dotted["metadata"]["name"] = json!("a.b");
    expect!["metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]"].assert_eq(&warnings::<Jobs>(dotted).join("\n"));
    let large = job(json!({
        "completionMode": "Indexed", "completions": 100_001, "parallelism": 10_001,
    }));
    expect![[r#"
        spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail"#]].assert_eq(&warnings::<Jobs>(large).join("\n"));
}

#[test]
fn rows_tell_how_far_it_is() {
    let running = with_status(json!({ "startTime": "2026-01-02T03:03:05Z", "active": 1 }));
    check_row::<Jobs>(
        running,
        &expect![[r#"
        Name: pi
        Status: Running
        Completions: 0/1
        Duration: 60s
        Age: <unknown>
        Containers: a
        Images: perl:5
        Selector: batch.kubernetes.io/controller-uid=u1
    "#]],
    );
    let mut queue = with_status(json!({
        "startTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:00:05Z",
        "succeeded": 1, "conditions": [condition("Complete")],
    }));
    queue["spec"]["completions"] = Value::Null;
    queue["spec"]["parallelism"] = json!(2);
    check_row::<Jobs>(
        queue.clone(),
        &expect![[r#"
        Name: pi
        Status: Complete
        Completions: 1/1 of 2
        Duration: 5s
        Age: <unknown>
        Containers: a
        Images: perl:5
        Selector: batch.kubernetes.io/controller-uid=u1
    "#]],
    );
    let fields = describe::<Jobs>().hooks;
    let queue = gantry_api::Object::from_value(queue).unwrap();
    assert_eq!(fields.fields(&queue)["status.successful"], "1");
}
