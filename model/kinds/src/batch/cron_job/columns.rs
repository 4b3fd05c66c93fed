//! What `kubectl get cronjobs` shows.

use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, JobSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::Value;

use crate::column::Column;
use crate::parts::{cell, label_selector, pod_template};

pub(super) const COLUMNS: &[Column<CronJob>] = &[
    Column::NAME,
    Column::text("Schedule", "When its jobs come.", |cron_job, _| {
        text(cron_job, |spec| Some(&spec.schedule), "")
    }),
    Column::text(
        "Timezone",
        "The time zone in which the schedule is meant.",
        |cron_job, _| text(cron_job, |spec| spec.time_zone.as_ref(), cell::NONE),
    ),
    Column::boolean(
        "Suspend",
        "Whether no jobs come for the time being.",
        |cron_job, _| suspended(cron_job),
    ),
    Column::integer(
        "Active",
        "How many of its jobs are running.",
        |cron_job, _| active(cron_job).into(),
    ),
    Column::text(
        "Last Schedule",
        "How long ago a job came.",
        |cron_job, now| {
            let last = cron_job
                .status
                .as_ref()
                .and_then(|status| cell::moment(status.last_schedule_time.as_ref()));
            last.map_or_else(|| cell::NONE.into(), |last| cell::age(Some(last), now))
        },
    ),
    Column::AGE,
    Column::text(
        "Containers",
        "The names of its containers.",
        |cron_job, _| template(cron_job, pod_template::container_names),
    )
    .wide(),
    Column::text("Images", "The images of its containers.", |cron_job, _| {
        template(cron_job, pod_template::images)
    })
    .wide(),
    Column::text("Selector", "The labels of its pods.", |cron_job, _| {
        label_selector::shown(job(cron_job).and_then(|job| job.selector.as_ref())).into()
    })
    .wide(),
];

fn text(cron_job: &CronJob, field: fn(&CronJobSpec) -> Option<&String>, none: &str) -> Value {
    let text = cron_job.spec.as_ref().and_then(field);
    text.map_or_else(|| none.into(), |text| text.as_str().into())
}

fn suspended(cron_job: &CronJob) -> Value {
    match cron_job.spec.as_ref().and_then(|spec| spec.suspend) {
        Some(true) => "True".into(),
        Some(false) => "False".into(),
        None => "<unset>".into(),
    }
}

fn active(cron_job: &CronJob) -> usize {
    let status = cron_job.status.as_ref();
    status
        .and_then(|status| status.active.as_ref())
        .map_or(0, Vec::len)
}

fn job(cron_job: &CronJob) -> Option<&JobSpec> {
    cron_job.spec.as_ref()?.job_template.spec.as_ref()
}

fn template(cron_job: &CronJob, text: fn(&PodTemplateSpec) -> String) -> Value {
    let template = job(cron_job).map(|job| text(&job.template));
    template.unwrap_or_default().into()
}
