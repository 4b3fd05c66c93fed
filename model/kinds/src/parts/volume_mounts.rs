//! Where a container sees its volumes.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use k8s_openapi::api::core::v1::{Container, PodSpec, VolumeMount};

use super::check;

const PROPAGATIONS: [&str; 3] = ["Bidirectional", "HostToContainer", "None"];

/// Checks the mounts of one container against the volumes of its pod.
pub fn validate(container: &Container, spec: &PodSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let volumes: BTreeSet<&str> = spec
        .volumes
        .iter()
        .flatten()
        .map(|volume| volume.name.as_str())
        .collect();
    let mut places = BTreeSet::new();
    for (index, mount) in container.volume_mounts.iter().flatten().enumerate() {
        let path = path.field("volumeMounts").index(index);
        name(mount, &volumes, &path, errors);
        if mount.mount_path.is_empty() {
            errors.required(&path.field("mountPath"), "");
        } else if !places.insert(mount.mount_path.as_str()) {
            errors.invalid(
                &path.field("mountPath"),
                &mount.mount_path,
                "must be unique",
            );
        }
        sub_path(mount, &path, errors);
        let propagation = mount.mount_propagation.as_deref();
        check::maybe_one_of(
            propagation,
            &PROPAGATIONS,
            &path.field("mountPropagation"),
            errors,
        );
    }
}

fn name(mount: &VolumeMount, volumes: &BTreeSet<&str>, path: &FieldPath, errors: &mut FieldErrors) {
    if mount.name.is_empty() {
        errors.required(&path.field("name"), "");
    } else if !volumes.contains(mount.name.as_str()) {
        errors.not_found(&path.field("name"), &mount.name);
    }
}

fn sub_path(mount: &VolumeMount, path: &FieldPath, errors: &mut FieldErrors) {
    let plain = mount.sub_path.as_deref().unwrap_or("");
    let expanded = mount.sub_path_expr.as_deref().unwrap_or("");
    if !plain.is_empty() && !expanded.is_empty() {
        let detail = "subPathExpr and subPath are mutually exclusive";
        errors.invalid(&path.field("subPathExpr"), expanded, detail);
    }
    for (field, value) in [("subPath", plain), ("subPathExpr", expanded)] {
        relative(value, &path.field(field), errors);
    }
}

/// A path that stays below where it begins.
pub fn relative(value: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if value.starts_with('/') {
        errors.invalid(path, value, "must be a relative path");
    }
    without_parents(value, path, errors);
}

/// A path that never goes up.
pub fn without_parents(value: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if value.split('/').any(|part| part == "..") {
        errors.invalid(path, value, "must not contain '..'");
    }
}
