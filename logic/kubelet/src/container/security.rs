//! Who a container runs as and what it may do: its own wishes, and the pod's where it has none.

use std::collections::BTreeSet;
use std::path::Path;

use k8s_openapi::api::core::v1::{
    Container, Pod, PodSecurityContext, SeccompProfile, SecurityContext,
};

use super::{ConfigError, Surroundings};
use crate::sandbox::{Capabilities, ContainerConfig, RunAs, Seccomp};

/// Kernel settings that reach no further than the pod that sets them.
pub const SAFE_SYSCTLS: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];

fn of_pod(pod: &Pod) -> Option<&PodSecurityContext> {
    pod.spec.as_ref()?.security_context.as_ref()
}

/// The group that the pod's volumes belong to.
#[must_use]
pub fn fs_group(pod: &Pod) -> Option<u32> {
    number(of_pod(pod)?.fs_group)
}

/// The one user as whom all containers of the pod run, when there is exactly one.
#[must_use]
pub fn sole_user(pod: &Pod) -> Option<u32> {
    let users: Option<BTreeSet<u32>> = crate::pod::all_containers(pod)
        .map(|container| user(pod, container))
        .collect();
    users.filter(|users| users.len() == 1)?.pop_first()
}

fn user(pod: &Pod, spec: &Container) -> Option<u32> {
    let own = spec.security_context.as_ref();
    let own = own.and_then(|own| own.run_as_user);
    number(own.or_else(|| of_pod(pod)?.run_as_user))
}

fn number(id: Option<i64>) -> Option<u32> {
    id.and_then(|id| u32::try_from(id).ok())
}

fn must_not_be_root(pod: &Pod, spec: &Container) -> bool {
    let own = spec.security_context.as_ref();
    let own = own.and_then(|own| own.run_as_non_root);
    own.or_else(|| of_pod(pod)?.run_as_non_root) == Some(true)
}

pub(super) fn check(pod: &Pod, spec: &Container) -> Result<(), ConfigError> {
    if must_not_be_root(pod, spec) && user(pod, spec) == Some(0) {
        let meta = &pod.metadata;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        return Err(ConfigError::Root {
            pod: format!(
                "{}_{}({})",
                text(&meta.name),
                text(&meta.namespace),
                text(&meta.uid)
            ),
            container: spec.name.clone(),
        });
    }
    Ok(())
}

pub(super) fn apply(
    on: &Surroundings<'_>,
    spec: &Container,
    config: &mut ContainerConfig,
) -> Result<(), ConfigError> {
    check(on.pod, spec)?;
    let pod = of_pod(on.pod);
    let own = spec.security_context.clone().unwrap_or_default();
    config.run_as = RunAs {
        uid: user(on.pod, spec),
        gid: number(own.run_as_group.or_else(|| pod?.run_as_group)),
        groups: groups(pod),
    };
    config.run_as_non_root = must_not_be_root(on.pod, spec);
    config.privileged = own.privileged == Some(true);
    config.no_new_privs = own.allow_privilege_escalation == Some(false);
    config.readonly_rootfs = own.read_only_root_filesystem == Some(true);
    config.unmasked_proc = own.proc_mount.as_deref() == Some("Unmasked");
    config.capabilities = capabilities(&own);
    let profile = own.seccomp_profile.as_ref();
    let profile = profile.or_else(|| pod?.seccomp_profile.as_ref());
    config.seccomp = seccomp(profile, config.privileged, on.seccomp_dir);
    Ok(())
}

fn groups(pod: Option<&PodSecurityContext>) -> Vec<u32> {
    let Some(pod) = pod else { return Vec::new() };
    let more = pod.supplemental_groups.iter().flatten().copied();
    let all: BTreeSet<u32> = more
        .chain(pod.fs_group)
        .filter_map(|id| number(Some(id)))
        .collect();
    all.into_iter().collect()
}

fn capabilities(own: &SecurityContext) -> Capabilities {
    let set = |names: &Option<Vec<String>>| {
        let names = names.iter().flatten();
        names
            .map(|name| {
                let upper = name.to_uppercase();
                upper
                    .strip_prefix("CAP_")
                    .map_or(upper.clone(), str::to_owned)
            })
            .collect()
    };
    match &own.capabilities {
        Some(changes) => Capabilities {
            add: set(&changes.add),
            drop: set(&changes.drop),
        },
        None => Capabilities::default(),
    }
}

/// The runtime's own profile unless something else is asked for: it costs nothing and stops much.
fn seccomp(profile: Option<&SeccompProfile>, privileged: bool, dir: &Path) -> Seccomp {
    if privileged {
        return Seccomp::Unconfined;
    }
    let Some(profile) = profile else {
        return Seccomp::Default;
    };
    match profile.type_.as_str() {
        "Unconfined" => Seccomp::Unconfined,
        "Localhost" => {
            let file = profile.localhost_profile.as_deref().unwrap_or("");
            Seccomp::Localhost(dir.join(file))
        }
        _ => Seccomp::Default,
    }
}
