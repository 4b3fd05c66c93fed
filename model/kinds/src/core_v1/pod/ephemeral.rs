//! `/ephemeralcontainers`: containers for debugging, which join a pod and never leave it.

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::FieldPath;
use k8s_openapi::api::core::v1::{EphemeralContainer, Pod};

use super::MIRROR;
use crate::parts::{changes, pod_spec};

/// The old pod with the containers for debugging of the new one.
pub(super) fn prepare(pod: &mut Pod, old: &Pod) {
    let added = pod
        .spec
        .as_mut()
        .and_then(|spec| spec.ephemeral_containers.take());
    super::take_back(pod, old);
    if let Some(spec) = &mut pod.spec {
        spec.ephemeral_containers = added;
    }
}

/// Checks that what is there already stays as it is, and that what is added may be.
pub(super) fn validate(pod: &Pod, old: &Pod, errors: &mut FieldErrors) {
    if old.annotations().contains_key(MIRROR) {
        let detail = "static pods do not support ephemeral containers";
        errors.forbidden(&FieldPath::root(), detail);
        return;
    }
    let path = FieldPath::new("spec");
    if let Some(spec) = &pod.spec {
        pod_spec::validate(spec, &path, errors);
    }
    let path = path.field("ephemeralContainers");
    let now = containers(pod);
    for before in containers(old) {
        let name = &before.name;
        match now.iter().find(|now| now.name == *name) {
            None => {
                let detail = format!("existing ephemeral containers {name:?} may not be removed\n");
                errors.forbidden(&path, detail);
            }
            Some(now) if now != before => {
                let changed = changes::list(now, before, &path);
                let detail =
                    format!("existing ephemeral containers {name:?} may not be changed\n{changed}");
                errors.forbidden(&path, detail);
            }
            Some(_) => {}
        }
    }
}

fn containers(pod: &Pod) -> &[EphemeralContainer] {
    let spec = pod.spec.as_ref();
    let all = spec.and_then(|spec| spec.ephemeral_containers.as_deref());
    all.unwrap_or(&[])
}
