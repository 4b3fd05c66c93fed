//! `StatefulSet`: pods with names and disks of their own, one after the other.

mod columns;
#[cfg(test)]
mod tests;

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::apps::v1::{
    RollingUpdateStatefulSetStrategy, StatefulSet,
    StatefulSetPersistentVolumeClaimRetentionPolicy as ClaimRetention, StatefulSetSpec,
    StatefulSetStatus, StatefulSetUpdateStrategy,
};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimStatus};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::column::Column;
use crate::descriptor::ScalePaths;
use crate::kind::Kind;
use crate::parts::container_default::fill;
use crate::parts::{check, label_selector, pod_template, replicas};
use crate::rules::Rules;
use crate::subresource::Subresource;

const HISTORY: i32 = 10;
const RETENTION: [&str; 2] = ["Delete", "Retain"];
const MAY_CHANGE: &str = "updates to statefulset spec for fields other than 'replicas', 'ordinals', \
                          'template', 'updateStrategy', 'revisionHistoryLimit', \
                          'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are \
                          forbidden";

/// Pods with names and disks of their own, one after the other.
#[derive(Debug)]
pub struct StatefulSets;

impl Kind for StatefulSets {
    type Object = StatefulSet;

    const SHORT: &'static [&'static str] = &["sts"];
    const CATEGORIES: &'static [&'static str] = &["all"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Scale, Subresource::Status];
    const COLUMNS: &'static [Column<StatefulSet>] = columns::COLUMNS;
    const RULES: Rules = Rules::new().with_status().counting(&[&["spec"]]);
    const SCALE: Option<ScalePaths> = Some(ScalePaths {
        spec_replicas: &["spec", "replicas"],
        status_replicas: &["status", "replicas"],
        selector: &["spec", "selector"],
    });
    const UNSERVED: Option<&'static str> = Some("run StatefulSets");

    fn default(set: &mut StatefulSet) {
        let spec = set.spec.get_or_insert_default();
        spec.replicas.get_or_insert(1);
        spec.revision_history_limit.get_or_insert(HISTORY);
        spec.min_ready_seconds = spec.min_ready_seconds.filter(|seconds| *seconds != 0);
        fill(&mut spec.pod_management_policy, "OrderedReady");
        let retention = spec
            .persistent_volume_claim_retention_policy
            .get_or_insert_default();
        fill(&mut retention.when_deleted, "Retain");
        fill(&mut retention.when_scaled, "Retain");
        default_strategy(spec.update_strategy.get_or_insert_default());
        pod_template::default(&mut spec.template);
        spec.volume_claim_templates
            .iter_mut()
            .flatten()
            .for_each(default_claim);
    }

    fn prepare(set: &mut StatefulSet, old: Option<&StatefulSet>) {
        if old.is_none() {
            set.status = Some(StatefulSetStatus::default());
        }
    }

    fn validate(set: &StatefulSet, old: Option<&StatefulSet>, errors: &mut FieldErrors) {
        let none = StatefulSetSpec::default();
        let spec = set.spec.as_ref().unwrap_or(&none);
        let old = old.and_then(|old| old.spec.as_ref());
        validate_spec(spec, old, errors);
        if old.is_some_and(|old| !only_changes_what_may(spec, old)) {
            errors.forbidden(&"spec".into(), MAY_CHANGE);
        }
    }

    fn warnings(set: &StatefulSet, old: Option<&StatefulSet>) -> Vec<String> {
        let name = pod_template::name_warning(set.name()).filter(|_| old.is_none());
        let mut told: Vec<String> = name.into_iter().collect();
        let Some(spec) = &set.spec else {
            return told;
        };
        told.extend(pod_template::warnings(&spec.template));
        if spec.revision_history_limit.is_some_and(|limit| limit < 0) {
            told.push(
                "spec.revisionHistoryLimit: a negative value retains all historical revisions; a \
                 value >= 0 is recommended"
                    .to_owned(),
            );
        }
        told
    }

    fn validate_status(set: &StatefulSet, old: &StatefulSet, errors: &mut FieldErrors) {
        let Some(status) = &set.status else { return };
        let counts = [
            ("readyReplicas", status.ready_replicas),
            ("currentReplicas", status.current_replicas),
            ("updatedReplicas", status.updated_replicas),
            ("availableReplicas", status.available_replicas),
        ];
        replicas::validate_status(&counts, status.replicas, errors);
        let others = [
            ("observedGeneration", status.observed_generation),
            ("collisionCount", status.collision_count.map(i64::from)),
        ];
        replicas::counts(&others, errors);
        if let Some(available) = status.available_replicas
            && available > status.ready_replicas.unwrap_or(0)
        {
            let path = FieldPath::new("status").field("availableReplicas");
            let detail = "cannot be greater than status.readyReplicas";
            errors.invalid(&path, available, detail);
        }
        let before = old
            .status
            .as_ref()
            .and_then(|status| status.collision_count);
        replicas::collisions(status.collision_count, before, errors);
    }
}

fn default_strategy(strategy: &mut StatefulSetUpdateStrategy) {
    fill(&mut strategy.type_, "RollingUpdate");
    if strategy.type_.as_deref() == Some("RollingUpdate") {
        let rolling = strategy.rolling_update.get_or_insert_default();
        rolling.partition.get_or_insert(0);
        rolling.max_unavailable.get_or_insert(IntOrString::Int(1));
    }
}

/// A claim that is yet to be made is shown as one that waits.
fn default_claim(claim: &mut PersistentVolumeClaim) {
    claim.metadata.creation_timestamp = None;
    let spec = claim.spec.get_or_insert_default();
    fill(&mut spec.volume_mode, "Filesystem");
    let waiting = || PersistentVolumeClaimStatus {
        phase: Some("Pending".to_owned()),
        ..PersistentVolumeClaimStatus::default()
    };
    claim.status.get_or_insert_with(waiting);
}

/// Whether all that differs is what may differ.
fn only_changes_what_may(new: &StatefulSetSpec, old: &StatefulSetSpec) -> bool {
    let rest = StatefulSetSpec {
        replicas: old.replicas,
        template: old.template.clone(),
        update_strategy: old.update_strategy.clone(),
        min_ready_seconds: old.min_ready_seconds,
        ordinals: old.ordinals.clone(),
        revision_history_limit: old.revision_history_limit,
        persistent_volume_claim_retention_policy: old
            .persistent_volume_claim_retention_policy
            .clone(),
        ..new.clone()
    };
    rest == *old
}

fn validate_spec(spec: &StatefulSetSpec, old: Option<&StatefulSetSpec>, errors: &mut FieldErrors) {
    let path = FieldPath::new("spec");
    management(spec.pod_management_policy.as_deref(), &path, errors);
    if let Some(strategy) = &spec.update_strategy {
        validate_strategy(strategy, &path.field("updateStrategy"), errors);
    }
    if let Some(retention) = &spec.persistent_volume_claim_retention_policy {
        let path = path.field("persistentVolumeClaimRetentionPolicy");
        validate_retention(retention, &path, errors);
    }
    let start = spec.ordinals.as_ref().and_then(|ordinals| ordinals.start);
    let counts = [
        ("replicas", spec.replicas),
        ("minReadySeconds", spec.min_ready_seconds),
        ("ordinals.start", start),
    ];
    for (field, count) in counts {
        check::not_negative(count.map(i64::from), &path.field(field), errors);
    }
    let before = old.map(|old| &old.service_name);
    if before != Some(&spec.service_name)
        && let Some(service) = spec.service_name.as_deref().filter(|name| !name.is_empty())
    {
        errors.named(&path.field("serviceName"), service, name::dns1035_label);
    }
    let labels = pod_template::labels(&spec.template);
    label_selector::of_workload(&spec.selector, labels, &path, errors);
    let at = path.field("template");
    // What was accepted once must not keep the set from being scaled.
    if old.is_none_or(|old| old.template != spec.template) {
        pod_template::validate(&spec.template, &at, errors);
    }
    pod_template::runs_forever(&spec.template, "StatefulSet", &at, errors);
    let claims = spec.volume_claim_templates.as_deref().unwrap_or(&[]);
    for (index, claim) in claims.iter().enumerate() {
        let at = path.field("volumeClaimTemplates").index(index);
        let at = at.field("metadata").field("name");
        errors.named(&at, claim.name(), name::dns_label);
    }
}

fn management(policy: Option<&str>, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("podManagementPolicy");
    match policy.unwrap_or("") {
        "" => errors.required(&at, ""),
        "OrderedReady" | "Parallel" => {}
        other => errors.invalid(&at, other, "must be 'OrderedReady' or 'Parallel'"),
    }
}

fn validate_strategy(
    strategy: &StatefulSetUpdateStrategy,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let at = path.field("rollingUpdate");
    match (strategy.type_.as_deref(), &strategy.rolling_update) {
        (Some("OnDelete"), Some(rolling)) => {
            let detail = "only allowed for updateStrategy 'RollingUpdate'";
            errors.invalid(&at, rolling, detail);
        }
        (Some("RollingUpdate"), Some(rolling)) => validate_rolling(rolling, &at, errors),
        (Some("OnDelete" | "RollingUpdate"), None) => {}
        (None | Some(""), _) => errors.required(path, ""),
        (Some(_), _) => {
            errors.invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'");
        }
    }
}

fn validate_rolling(
    rolling: &RollingUpdateStatefulSetStrategy,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let partition = rolling.partition.map(i64::from);
    check::not_negative(partition, &path.field("partition"), errors);
    if let Some(unavailable) = &rolling.max_unavailable {
        let at = path.field("maxUnavailable");
        replicas::number_or_share(unavailable, &at, errors);
        if replicas::is_nothing(unavailable) {
            errors.invalid(&at, unavailable, "cannot be 0");
        }
    }
}

fn validate_retention(retention: &ClaimRetention, path: &FieldPath, errors: &mut FieldErrors) {
    let policies = [
        ("whenDeleted", &retention.when_deleted),
        ("whenScaled", &retention.when_scaled),
    ];
    for (field, policy) in policies {
        let policy = policy.as_deref().unwrap_or("");
        if !RETENTION.contains(&policy) {
            errors.not_supported(&path.field(field), policy, &RETENTION);
        }
    }
}
