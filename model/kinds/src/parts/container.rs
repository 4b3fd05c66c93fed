//! What must hold for the containers of a pod.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::core::v1::{Container, PodSpec};

use super::probe::{self, Purpose};
use super::{check, env, ephemeral, ports, resources, security, volume_mounts};

const PULL_POLICIES: [&str; 3] = ["Always", "IfNotPresent", "Never"];
const MESSAGE_POLICIES: [&str; 2] = ["FallbackToLogsOnError", "File"];
const RESTART_POLICIES: [&str; 3] = ["Always", "Never", "OnFailure"];

/// Checks all containers of a pod, and that they do not get in each other's way.
pub fn validate_all(spec: &PodSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let (main, init) = (path.field("containers"), path.field("initContainers"));
    let mut names = BTreeSet::new();
    if spec.containers.is_empty() {
        errors.required(&main, "");
    }
    for (index, container) in spec.containers.iter().enumerate() {
        let path = main.index(index);
        unique_name(container, &mut names, &path, errors);
        validate(container, spec, &path, errors);
    }
    for (index, container) in spec.init_containers.iter().flatten().enumerate() {
        let path = init.index(index);
        unique_name(container, &mut names, &path, errors);
        validate(container, spec, &path, errors);
        if container.restart_policy.as_deref() != Some("Always") {
            without_probes(container, &path, errors);
        }
    }
    host_ports(spec, &main, errors);
    ephemeral::validate_all(spec, &mut names, path, errors);
}

fn unique_name<'a>(
    container: &'a Container,
    names: &mut BTreeSet<&'a str>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let at = path.field("name");
    if container.name.is_empty() {
        errors.required(&at, "");
    } else {
        errors.named(&at, &container.name, name::dns_label);
        if !names.insert(&container.name) {
            errors.duplicate(&at, &container.name);
        }
    }
}

pub(super) fn validate(
    container: &Container,
    spec: &PodSpec,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    image(container.image.as_deref(), path, errors);
    words(container, path, errors);
    let ports = container.ports.as_deref().unwrap_or(&[]);
    ports::of_container(ports, &path.field("ports"), errors);
    env::validate(container, path, errors);
    volume_mounts::validate(container, spec, path, errors);
    if let Some(lifecycle) = &container.lifecycle {
        probe::validate_lifecycle(lifecycle, &path.field("lifecycle"), errors);
    }
    for (field, probe, purpose) in probes(container) {
        if let Some(probe) = probe {
            probe::validate(probe, purpose, &path.field(field), errors);
        }
    }
    if let Some(resources) = &container.resources {
        resources::validate(resources, &path.field("resources"), errors);
    }
    if let Some(context) = &container.security_context {
        security::of_container(context, &path.field("securityContext"), errors);
    }
}

fn probes(
    container: &Container,
) -> [(
    &'static str,
    Option<&k8s_openapi::api::core::v1::Probe>,
    Purpose,
); 3] {
    [
        (
            "livenessProbe",
            container.liveness_probe.as_ref(),
            Purpose::Liveness,
        ),
        (
            "readinessProbe",
            container.readiness_probe.as_ref(),
            Purpose::Readiness,
        ),
        (
            "startupProbe",
            container.startup_probe.as_ref(),
            Purpose::Startup,
        ),
    ]
}

fn image(image: Option<&str>, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("image");
    match image.unwrap_or("") {
        "" => errors.required(&at, ""),
        image if image.trim() != image => {
            errors.invalid(&at, image, "must not have leading or trailing whitespace");
        }
        _ => {}
    }
}

fn words(container: &Container, path: &FieldPath, errors: &mut FieldErrors) {
    let fields = [
        (
            "imagePullPolicy",
            &container.image_pull_policy,
            PULL_POLICIES.as_slice(),
        ),
        (
            "terminationMessagePolicy",
            &container.termination_message_policy,
            &MESSAGE_POLICIES,
        ),
    ];
    for (field, word, known) in fields {
        check::one_of(word.as_deref(), known, &path.field(field), errors);
    }
    let restart = container.restart_policy.as_deref();
    check::maybe_one_of(
        restart,
        &RESTART_POLICIES,
        &path.field("restartPolicy"),
        errors,
    );
}

/// An init container that ends has no probes and no hooks; one that stays has.
fn without_probes(container: &Container, path: &FieldPath, errors: &mut FieldErrors) {
    let detail = "may not be set for init containers without restartPolicy=Always";
    if container.lifecycle.is_some() {
        errors.forbidden(&path.field("lifecycle"), detail);
    }
    for (field, probe, _) in probes(container) {
        if probe.is_some() {
            errors.forbidden(&path.field(field), detail);
        }
    }
}

fn host_ports(spec: &PodSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let mut taken = BTreeSet::new();
    for (index, container) in spec.containers.iter().enumerate() {
        let at = path.index(index).field("ports");
        let ports = container.ports.as_deref().unwrap_or(&[]);
        ports::host_ports(ports, &mut taken, &at, errors);
        if spec.host_network == Some(true) {
            ports::on_host_network(ports, &at, errors);
        }
    }
}
