//! What a cron job gets, and what it may not be.

use expect_test::expect;
use serde_json::{Value, json};

use super::CronJobs;
use crate::describe::describe;
use crate::testing::{check_create, check_defaults, check_row, check_update, created, warnings_of};

fn cron_job(spec: Value) -> Value {
    let mut fields = json!({
        "schedule": "*/5 * * * *",
        "jobTemplate": { "spec": { "template": { "spec": {
            "restartPolicy": "OnFailure",
            "containers": [{ "name": "a", "image": "perl:5" }],
        } } } },
    });
    fields
        .as_object_mut()
        .unwrap()
        .extend(spec.as_object().unwrap().clone());
    json!({ "spec": fields })
}

#[test]
fn a_small_cron_job_gets_the_rest() {
    check_defaults::<CronJobs>(
        cron_job(json!({})),
        &expect![[r#"
        spec.concurrencyPolicy = "Allow"
        spec.failedJobsHistoryLimit = 1
        spec.jobTemplate.spec.template.spec.containers[0].imagePullPolicy = "IfNotPresent"
        spec.jobTemplate.spec.template.spec.containers[0].resources = {}
        spec.jobTemplate.spec.template.spec.containers[0].terminationMessagePath = "/dev/termination-log"
        spec.jobTemplate.spec.template.spec.containers[0].terminationMessagePolicy = "File"
        spec.jobTemplate.spec.template.spec.dnsPolicy = "ClusterFirst"
        spec.jobTemplate.spec.template.spec.schedulerName = "default-scheduler"
        spec.jobTemplate.spec.template.spec.securityContext = {}
        spec.jobTemplate.spec.template.spec.terminationGracePeriodSeconds = 30
        spec.successfulJobsHistoryLimit = 3
        spec.suspend = false
        status = {}
    "#]],
    );
}

#[test]
fn schedules_and_time_zones_are_checked() {
    let scheduled =
        |schedule: &str, zone: Value| cron_job(json!({ "schedule": schedule, "timeZone": zone }));
    check_create::<CronJobs>(
        scheduled("", json!("")),
        &expect![[r#"
        spec.schedule: Required value
        spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string
    "#]],
    );
    check_create::<CronJobs>(
        scheduled("* * * *", json!("Local")),
        &expect![[r#"
        spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]
        spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones
    "#]],
    );
    check_create::<CronJobs>(
        scheduled("@hourly", json!("Europe/Berlin")),
        &expect![[r#""#]],
    );
    check_create::<CronJobs>(
        scheduled("@hourly", json!("Mars/Olympus")),
        &expect![[r#"
            spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus
        "#]],
    );
    let zoned = scheduled("TZ=UTC 0 * * * *", Value::Null);
    check_create::<CronJobs>(
        zoned,
        &expect![[r#"
        spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead
    "#]],
    );
}

#[test]
fn a_zone_in_a_schedule_is_borne_where_it_was() {
    let zoned =
        |schedule: &str, zone: Value| cron_job(json!({ "schedule": schedule, "timeZone": zone }));
    let old = zoned("TZ=UTC 0 * * * *", Value::Null);
    check_update::<CronJobs>(
        old.clone(),
        zoned("CRON_TZ=UTC 1 * * * *", Value::Null),
        &expect![[r#""#]],
    );
    check_update::<CronJobs>(
        old.clone(),
        zoned("TZ=UTC 0 * * * *", json!("UTC")),
        &expect![[r#"
            spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use both timeZone field and TZ or CRON_TZ in schedule
        "#]],
    );
    let old = created::<CronJobs>(old);
    expect![[r#"cannot use TZ or CRON_TZ in "spec.schedule", use timeZone field instead"#]]
        .assert_eq(&warnings_of(&describe::<CronJobs>(), &old, Some(&old)).join("\n"));
}

#[test]
fn numbers_words_and_the_template_are_checked() {
    let mut wrong = cron_job(json!({
        "startingDeadlineSeconds": -1,
        "concurrencyPolicy": "Maybe",
        "successfulJobsHistoryLimit": -1,
        "failedJobsHistoryLimit": -1,
    }));
    wrong["metadata"] = json!({ "name": "a".repeat(53) });
    let job = &mut wrong["spec"]["jobTemplate"]["spec"];
    job["selector"] = json!({ "matchLabels": { "a": "b" } });
    job["manualSelector"] = json!(true);
    job["template"]["spec"]["restartPolicy"] = json!("Always");
    check_create::<CronJobs>(
        wrong,
        &expect![[r#"
        spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0
        spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"
        spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"
        spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated
        spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"
        spec.successfulJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0
        spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0
        metadata.name: Invalid value: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": must be no more than 52 characters
    "#]],
    );
}

#[test]
fn the_row_tells_when() {
    let mut fields = cron_job(json!({ "suspend": true, "timeZone": "Europe/Berlin" }));
    fields["status"] = json!({
        "lastScheduleTime": "2026-01-02T03:00:05Z",
        "active": [{ "name": "web-1" }],
    });
    check_row::<CronJobs>(
        fields,
        &expect![[r#"
        Name: web
        Schedule: */5 * * * *
        Timezone: Europe/Berlin
        Suspend: True
        Active: 1
        Last Schedule: 4m
        Age: <unknown>
        Containers: a
        Images: perl:5
        Selector: <none>
    "#]],
    );
}
