//! When a cron job's jobs come: the schedule, and the time zone that it is meant in.

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use gantry_base::cron::Schedule;
use gantry_base::zone::{self, TimeZone};
use k8s_openapi::api::batch::v1::CronJobSpec;

/// A time zone can be named at the beginning of a schedule, in two ways that both contain this.
const ZONE: &str = "TZ";

/// Checks schedule and time zone.
pub(super) fn validate(
    spec: &CronJobSpec,
    old: Option<&CronJobSpec>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let at = path.field("schedule");
    if spec.schedule.is_empty() {
        errors.required(&at, "");
    } else {
        let zone_was_there = old.is_some_and(|old| old.schedule.contains(ZONE));
        format(spec, zone_was_there, &at, errors);
    }
    let zone = spec.time_zone.as_deref();
    if let Some(zone) =
        zone.filter(|zone| old.and_then(|old| old.time_zone.as_deref()) != Some(zone))
    {
        time_zone(zone, &path.field("timeZone"), errors);
    }
}

fn format(spec: &CronJobSpec, zone_was_there: bool, path: &FieldPath, errors: &mut FieldErrors) {
    let text = &spec.schedule;
    if let Err(error) = Schedule::parse(text, TimeZone::UTC) {
        errors.invalid(path, text, error.to_string());
    }
    if !text.contains(ZONE) {
        return;
    }
    if !zone_was_there {
        let detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        errors.invalid(path, text, detail);
    } else if spec.time_zone.is_some() {
        let detail = "cannot use both timeZone field and TZ or CRON_TZ in schedule";
        errors.invalid(path, text, detail);
    }
}

fn time_zone(name: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if name.is_empty() {
        errors.invalid(path, name, "timeZone must be nil or non-empty string");
    } else if name.eq_ignore_ascii_case("local") {
        let detail = "timeZone must be an explicit time zone as defined in \
                      https://www.iana.org/time-zones";
        errors.invalid(path, name, detail);
    } else if zone::find(name).is_none() {
        errors.invalid(path, name, format!("unknown time zone {name}"));
    }
}

/// What the writer of a schedule with a time zone is told.
pub(super) fn warning(spec: &CronJobSpec) -> Option<String> {
    let told = "cannot use TZ or CRON_TZ in \"spec.schedule\", use timeZone field instead";
    spec.schedule.contains(ZONE).then(|| told.to_owned())
}
