//! `Deployment`: equal pods, and a gentle way from one version of them to the next.

mod columns;
#[cfg(test)]
mod tests;

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::FieldPath;
use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, DeploymentStatus, DeploymentStrategy, RollingUpdateDeployment,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::json;

use crate::column::Column;
use crate::descriptor::ScalePaths;
use crate::kind::Kind;
use crate::parts::container_default::fill;
use crate::parts::{check, label_selector, pod_template, replicas};
use crate::rules::Rules;
use crate::subresource::Subresource;

const HISTORY: i32 = 10;
const PROGRESS_SECONDS: i32 = 600;
/// How much of a deployment may be missing, or too many, during an update.
const QUARTER: &str = "25%";

/// Equal pods, and a gentle way from one version of them to the next.
#[derive(Debug)]
pub struct Deployments;

impl Kind for Deployments {
    type Object = Deployment;

    const SHORT: &'static [&'static str] = &["deploy"];
    const CATEGORIES: &'static [&'static str] = &["all"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Scale, Subresource::Status];
    const COLUMNS: &'static [Column<Deployment>] = columns::COLUMNS;
    // Annotations count, since they are copied to the replica sets.
    const RULES: Rules = Rules::new()
        .with_status()
        .counting(&[&["spec"], &["metadata", "annotations"]]);
    const SCALE: Option<ScalePaths> = Some(ScalePaths {
        spec_replicas: &["spec", "replicas"],
        status_replicas: &["status", "replicas"],
        selector: &["spec", "selector"],
    });

    fn default(deployment: &mut Deployment) {
        let spec = deployment.spec.get_or_insert_default();
        spec.replicas.get_or_insert(1);
        spec.revision_history_limit.get_or_insert(HISTORY);
        spec.progress_deadline_seconds
            .get_or_insert(PROGRESS_SECONDS);
        spec.min_ready_seconds = spec.min_ready_seconds.filter(|seconds| *seconds != 0);
        spec.paused = spec.paused.filter(|paused| *paused);
        default_strategy(spec.strategy.get_or_insert_default());
        pod_template::default(&mut spec.template);
    }

    fn prepare(deployment: &mut Deployment, old: Option<&Deployment>) {
        if old.is_none() {
            deployment.status = Some(DeploymentStatus::default());
        }
    }

    fn validate(deployment: &Deployment, old: Option<&Deployment>, errors: &mut FieldErrors) {
        let none = DeploymentSpec::default();
        let spec = deployment.spec.as_ref().unwrap_or(&none);
        validate_spec(spec, errors);
        if let Some(old) = old.and_then(|old| old.spec.as_ref()) {
            let path = FieldPath::new("spec").field("selector");
            errors.require_same(&path, &spec.selector, &old.selector);
        }
    }

    fn warnings(deployment: &Deployment, old: Option<&Deployment>) -> Vec<String> {
        let name = pod_template::name_warning(deployment.name()).filter(|_| old.is_none());
        let spec = deployment.spec.as_ref();
        let template = spec.map(|spec| &spec.template);
        name.into_iter()
            .chain(template.map(pod_template::warnings).unwrap_or_default())
            .collect()
    }

    fn validate_status(deployment: &Deployment, old: &Deployment, errors: &mut FieldErrors) {
        let Some(status) = &deployment.status else {
            return;
        };
        let counts = [
            ("updatedReplicas", status.updated_replicas),
            ("readyReplicas", status.ready_replicas),
            ("availableReplicas", status.available_replicas),
        ];
        replicas::validate_status(&counts, status.replicas.unwrap_or(0), errors);
        replicas::available(status.available_replicas, status.ready_replicas, errors);
        let others = [
            ("observedGeneration", status.observed_generation),
            (
                "unavailableReplicas",
                status.unavailable_replicas.map(i64::from),
            ),
            (
                "terminatingReplicas",
                status.terminating_replicas.map(i64::from),
            ),
            ("collisionCount", status.collision_count.map(i64::from)),
        ];
        replicas::counts(&others, errors);
        let before = old
            .status
            .as_ref()
            .and_then(|status| status.collision_count);
        replicas::collisions(status.collision_count, before, errors);
    }
}

fn default_strategy(strategy: &mut DeploymentStrategy) {
    fill(&mut strategy.type_, "RollingUpdate");
    if strategy.type_.as_deref() == Some("RollingUpdate") {
        let rolling = strategy.rolling_update.get_or_insert_default();
        let quarter = || IntOrString::String(QUARTER.to_owned());
        rolling.max_surge.get_or_insert_with(quarter);
        rolling.max_unavailable.get_or_insert_with(quarter);
    }
}

fn validate_spec(spec: &DeploymentSpec, errors: &mut FieldErrors) {
    let path = FieldPath::new("spec");
    let not_negative = |field: &str, count: Option<i32>, errors: &mut FieldErrors| {
        check::not_negative(count.map(i64::from), &path.field(field), errors);
    };
    not_negative("replicas", spec.replicas, errors);
    let labels = pod_template::labels(&spec.template);
    label_selector::of_workload(&spec.selector, labels, &path, errors);
    let template = path.field("template");
    pod_template::validate(&spec.template, &template, errors);
    pod_template::runs_forever(&spec.template, "ReplicaSet", &template, errors);
    if let Some(strategy) = &spec.strategy {
        validate_strategy(strategy, &path.field("strategy"), errors);
    }
    not_negative("minReadySeconds", spec.min_ready_seconds, errors);
    not_negative("revisionHistoryLimit", spec.revision_history_limit, errors);
    let deadline = spec.progress_deadline_seconds;
    not_negative("progressDeadlineSeconds", deadline, errors);
    let ready = spec.min_ready_seconds.unwrap_or(0);
    if let Some(seconds) = deadline.filter(|deadline| *deadline <= ready) {
        let at = path.field("progressDeadlineSeconds");
        errors.invalid(&at, seconds, "must be greater than minReadySeconds");
    }
}

fn validate_strategy(strategy: &DeploymentStrategy, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("rollingUpdate");
    match (strategy.type_.as_deref(), &strategy.rolling_update) {
        (Some("Recreate"), Some(_)) => {
            let detail = "may not be specified when strategy `type` is 'Recreate'";
            errors.forbidden(&at, detail);
        }
        (Some("Recreate"), None) => {}
        (Some("RollingUpdate"), Some(rolling)) => validate_rolling(rolling, &at, errors),
        (kind, rolling) => {
            let rolling = rolling.as_ref().map(|rolling| {
                json!({"MaxUnavailable": rolling.max_unavailable, "MaxSurge": rolling.max_surge})
            });
            let given = json!({"Type": kind.unwrap_or(""), "RollingUpdate": rolling});
            errors.not_supported(path, given, &["Recreate", "RollingUpdate"]);
        }
    }
}

fn validate_rolling(rolling: &RollingUpdateDeployment, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("maxUnavailable");
    let (Some(unavailable), Some(surge)) = (&rolling.max_unavailable, &rolling.max_surge) else {
        return;
    };
    replicas::number_or_share(unavailable, &at, errors);
    replicas::number_or_percent(surge, &path.field("maxSurge"), errors);
    if replicas::is_nothing(unavailable) && replicas::is_nothing(surge) {
        errors.invalid(&at, unavailable, "may not be 0 when `maxSurge` is 0");
    }
}
