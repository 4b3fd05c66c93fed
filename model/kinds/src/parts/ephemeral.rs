//! What must hold for containers for debugging: much of what others may have, they may not.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::core::v1::{Container, EphemeralContainer, PodSpec, ResourceRequirements};

use super::container;

const NOT_HERE: &str = "cannot be set for an Ephemeral Container";

/// Checks all containers for debugging of a pod whose other containers are called `names`.
pub fn validate_all<'a>(
    spec: &'a PodSpec,
    names: &mut BTreeSet<&'a str>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let others = names.clone();
    for (index, from) in spec.ephemeral_containers.iter().flatten().enumerate() {
        let path = path.field("ephemeralContainers").index(index);
        let at = path.field("name");
        if from.name.is_empty() {
            errors.required(&at, "");
        } else {
            errors.named(&at, &from.name, name::dns_label);
        }
        container::validate(&common(from), spec, &path, errors);
        if !names.insert(&from.name) {
            errors.duplicate(&at, &from.name);
        }
        let target = from.target_container_name.as_deref().unwrap_or("");
        if !target.is_empty() && !others.contains(target) {
            errors.not_found(&path.field("targetContainerName"), target);
        }
        without(from, &path, errors);
    }
}

/// What a container for debugging has in common with the others.
fn common(from: &EphemeralContainer) -> Container {
    let from = from.clone();
    Container {
        name: from.name,
        image: from.image,
        image_pull_policy: from.image_pull_policy,
        env: from.env,
        env_from: from.env_from,
        volume_mounts: from.volume_mounts,
        volume_devices: from.volume_devices,
        security_context: from.security_context,
        termination_message_path: from.termination_message_path,
        termination_message_policy: from.termination_message_policy,
        ..Container::default()
    }
}

/// Nothing relies on such a container, and nothing is kept free for it.
fn without(from: &EphemeralContainer, path: &FieldPath, errors: &mut FieldErrors) {
    let resources = from.resources.as_ref();
    let has_resources = resources.is_some_and(|own| *own != ResourceRequirements::default());
    let set = [
        (
            "ports",
            from.ports.as_ref().is_some_and(|ports| !ports.is_empty()),
        ),
        ("resources", has_resources),
        (
            "resizePolicy",
            from.resize_policy
                .as_ref()
                .is_some_and(|all| !all.is_empty()),
        ),
        ("restartPolicy", from.restart_policy.is_some()),
        (
            "restartPolicyRules",
            from.restart_policy_rules
                .as_ref()
                .is_some_and(|all| !all.is_empty()),
        ),
        ("livenessProbe", from.liveness_probe.is_some()),
        ("readinessProbe", from.readiness_probe.is_some()),
        ("startupProbe", from.startup_probe.is_some()),
        ("lifecycle", from.lifecycle.is_some()),
    ];
    for (field, _) in set.into_iter().filter(|(_, is_set)| *is_set) {
        errors.forbidden(&path.field(field), NOT_HERE);
    }
    for (index, mount) in from.volume_mounts.iter().flatten().enumerate() {
        let path = path.field("volumeMounts").index(index);
        for (field, text) in [
            ("subPath", &mount.sub_path),
            ("subPathExpr", &mount.sub_path_expr),
        ] {
            if text.as_deref().is_some_and(|text| !text.is_empty()) {
                errors.forbidden(&path.field(field), NOT_HERE);
            }
        }
    }
}
