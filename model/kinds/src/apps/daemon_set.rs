//! `DaemonSet`: one pod on every node that fits.

mod columns;
#[cfg(test)]
mod tests;

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::FieldPath;
use k8s_openapi::api::apps::v1::{
    DaemonSet, DaemonSetSpec, DaemonSetStatus, DaemonSetUpdateStrategy, RollingUpdateDaemonSet,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::container_default::fill;
use crate::parts::{check, label_selector, pod_template, replicas};
use crate::rules::Rules;
use crate::subresource::Subresource;

const HISTORY: i32 = 10;
const STRATEGIES: [&str; 2] = ["RollingUpdate", "OnDelete"];
/// Counts the templates that the set has had; the server writes it.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// One pod on every node that fits.
#[derive(Debug)]
pub struct DaemonSets;

impl Kind for DaemonSets {
    type Object = DaemonSet;

    const SHORT: &'static [&'static str] = &["ds"];
    const CATEGORIES: &'static [&'static str] = &["all"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Status];
    const COLUMNS: &'static [Column<DaemonSet>] = columns::COLUMNS;
    const RULES: Rules = Rules::new().with_status().counting(&[&["spec"]]);
    const UNSERVED: Option<&'static str> = Some("run DaemonSets");

    fn default(set: &mut DaemonSet) {
        let spec = set.spec.get_or_insert_default();
        spec.revision_history_limit.get_or_insert(HISTORY);
        spec.min_ready_seconds = spec.min_ready_seconds.filter(|seconds| *seconds != 0);
        default_strategy(spec.update_strategy.get_or_insert_default());
        pod_template::default(&mut spec.template);
    }

    fn prepare(set: &mut DaemonSet, old: Option<&DaemonSet>) {
        let generation = match old {
            None => {
                set.status = Some(DaemonSetStatus::default());
                1
            }
            Some(old) => template_generation(old) + i64::from(template_of(set) != template_of(old)),
        };
        set.metadata
            .annotations
            .get_or_insert_default()
            .insert(TEMPLATE_GENERATION.to_owned(), generation.to_string());
    }

    fn validate(set: &DaemonSet, old: Option<&DaemonSet>, errors: &mut FieldErrors) {
        let none = DaemonSetSpec::default();
        let spec = set.spec.as_ref().unwrap_or(&none);
        validate_spec(spec, errors);
        if let Some(old) = old.and_then(|old| old.spec.as_ref()) {
            let path = FieldPath::new("spec").field("selector");
            errors.require_same(&path, &spec.selector, &old.selector);
        }
    }

    fn warnings(set: &DaemonSet, _old: Option<&DaemonSet>) -> Vec<String> {
        let spec = set.spec.as_ref();
        spec.map(|spec| pod_template::warnings(&spec.template))
            .unwrap_or_default()
    }

    fn validate_status(set: &DaemonSet, old: &DaemonSet, errors: &mut FieldErrors) {
        let Some(status) = &set.status else { return };
        let count = |count: i32| Some(i64::from(count));
        let counts = [
            (
                "currentNumberScheduled",
                count(status.current_number_scheduled),
            ),
            ("numberMisscheduled", count(status.number_misscheduled)),
            (
                "desiredNumberScheduled",
                count(status.desired_number_scheduled),
            ),
            ("numberReady", count(status.number_ready)),
            ("observedGeneration", status.observed_generation),
            (
                "updatedNumberScheduled",
                status.updated_number_scheduled.map(i64::from),
            ),
            ("numberAvailable", status.number_available.map(i64::from)),
            (
                "numberUnavailable",
                status.number_unavailable.map(i64::from),
            ),
            ("collisionCount", status.collision_count.map(i64::from)),
        ];
        replicas::counts(&counts, errors);
        let before = old
            .status
            .as_ref()
            .and_then(|status| status.collision_count);
        replicas::collisions(status.collision_count, before, errors);
    }
}

fn default_strategy(strategy: &mut DaemonSetUpdateStrategy) {
    fill(&mut strategy.type_, "RollingUpdate");
    if strategy.type_.as_deref() == Some("RollingUpdate") {
        let rolling = strategy.rolling_update.get_or_insert_default();
        rolling.max_unavailable.get_or_insert(IntOrString::Int(1));
        rolling.max_surge.get_or_insert(IntOrString::Int(0));
    }
}

fn template_generation(set: &DaemonSet) -> i64 {
    let written = set.annotations().get(TEMPLATE_GENERATION);
    written.and_then(|text| text.parse().ok()).unwrap_or(1)
}

fn template_of(set: &DaemonSet) -> Option<&k8s_openapi::api::core::v1::PodTemplateSpec> {
    set.spec.as_ref().map(|spec| &spec.template)
}

fn validate_spec(spec: &DaemonSetSpec, errors: &mut FieldErrors) {
    let path = FieldPath::new("spec");
    let at = path.field("template");
    let labels = pod_template::labels(&spec.template);
    label_selector::of_workload(&spec.selector, labels, &path, errors);
    pod_template::validate(&spec.template, &at, errors);
    pod_template::runs_forever(&spec.template, "DaemonSet", &at, errors);
    let counts = [
        ("minReadySeconds", spec.min_ready_seconds),
        ("revisionHistoryLimit", spec.revision_history_limit),
    ];
    for (field, count) in counts {
        check::not_negative(count.map(i64::from), &path.field(field), errors);
    }
    if let Some(strategy) = &spec.update_strategy {
        validate_strategy(strategy, &path.field("updateStrategy"), errors);
    }
}

fn validate_strategy(
    strategy: &DaemonSetUpdateStrategy,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let at = path.field("rollingUpdate");
    match (strategy.type_.as_deref(), &strategy.rolling_update) {
        (Some("OnDelete"), _) => {}
        (Some("RollingUpdate"), Some(rolling)) => validate_rolling(rolling, &at, errors),
        (Some("RollingUpdate"), None) => errors.required(&at, ""),
        (_, _) => errors.not_supported(path, strategy, &STRATEGIES),
    }
}

fn validate_rolling(rolling: &RollingUpdateDaemonSet, path: &FieldPath, errors: &mut FieldErrors) {
    let (Some(unavailable), Some(surge)) = (&rolling.max_unavailable, &rolling.max_surge) else {
        return;
    };
    let (low, high) = (path.field("maxUnavailable"), path.field("maxSurge"));
    for (part, at) in [(unavailable, &low), (surge, &high)] {
        replicas::number_or_share(part, at, errors);
    }
    match (
        replicas::is_nothing(unavailable),
        replicas::is_nothing(surge),
    ) {
        (false, false) => {
            let detail = "may not be set when maxUnavailable is non-zero";
            errors.invalid(&high, surge, detail);
        }
        (true, true) => errors.required(&low, "cannot be 0 when maxSurge is 0"),
        (true, false) | (false, true) => {}
    }
}
