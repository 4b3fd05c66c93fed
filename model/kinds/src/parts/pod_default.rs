//! What a pod's specification has when its author left it out.

use k8s_openapi::api::core::v1::PodSpec;

use super::container_default::fill;
use super::{container_default, resources, volume_default};

/// How long a pod has to end, in seconds.
const GRACE_SECONDS: i64 = 30;

/// Fills in what may be left out in a template as well as in a pod.
pub fn default(spec: &mut PodSpec) {
    fill(&mut spec.dns_policy, "ClusterFirst");
    fill(&mut spec.restart_policy, "Always");
    fill(&mut spec.scheduler_name, "default-scheduler");
    spec.termination_grace_period_seconds
        .get_or_insert(GRACE_SECONDS);
    spec.security_context.get_or_insert_default();
    mirror_service_account(spec);
    drop_empty_texts(spec);
    spec.containers
        .iter_mut()
        .for_each(container_default::default);
    spec.init_containers
        .iter_mut()
        .flatten()
        .for_each(container_default::default);
    spec.ephemeral_containers
        .iter_mut()
        .flatten()
        .for_each(container_default::default_ephemeral);
    spec.volumes
        .iter_mut()
        .flatten()
        .for_each(volume_default::default);
    resources::canonical_amounts(&mut spec.overhead);
}

/// Fills in what may be left out in a pod, and must not be filled in in a template.
pub fn default_in_pod(spec: &mut PodSpec) {
    spec.enable_service_links.get_or_insert(true);
    container_default::default_in_pod(spec);
}

/// The account has an old name and a new one; both are shown.
fn mirror_service_account(spec: &mut PodSpec) {
    let name = spec
        .service_account_name
        .take()
        .filter(|name| !name.is_empty());
    let name = name.or_else(|| spec.service_account.take().filter(|name| !name.is_empty()));
    spec.service_account.clone_from(&name);
    spec.service_account_name = name;
}

/// An empty text means the same as none; none is what is stored.
fn drop_empty_texts(spec: &mut PodSpec) {
    let texts = [
        &mut spec.node_name,
        &mut spec.hostname,
        &mut spec.subdomain,
        &mut spec.priority_class_name,
    ];
    for text in texts {
        if text.as_deref() == Some("") {
            *text = None;
        }
    }
    for flag in [
        &mut spec.host_network,
        &mut spec.host_pid,
        &mut spec.host_ipc,
    ] {
        *flag = flag.filter(|flag| *flag);
    }
}
