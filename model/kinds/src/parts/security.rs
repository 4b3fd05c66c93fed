//! Security contexts of pods and containers.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use k8s_openapi::api::core::v1::{PodSecurityContext, PodSpec, SeccompProfile, SecurityContext};

use super::{check, volume_mounts};

const SYSCTL_MAX: usize = 253;
const ID_DETAIL: &str = "must be between 0 and 2147483647, inclusive";
const PROFILES: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];

/// Checks what holds for all containers of a pod.
pub fn of_pod(
    context: &PodSecurityContext,
    spec: &PodSpec,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let ids = [
        ("fsGroup", context.fs_group),
        ("runAsUser", context.run_as_user),
        ("runAsGroup", context.run_as_group),
    ];
    for (field, number) in ids {
        id(number, &path.field(field), errors);
    }
    for (index, group) in context.supplemental_groups.iter().flatten().enumerate() {
        id(
            Some(*group),
            &path.field("supplementalGroups").index(index),
            errors,
        );
    }
    sysctls(context, &path.field("sysctls"), errors);
    let policies = ["Always", "OnRootMismatch"];
    let policy = context.fs_group_change_policy.as_deref();
    check::maybe_one_of(
        policy,
        &policies,
        &path.field("fsGroupChangePolicy"),
        errors,
    );
    if let Some(profile) = &context.seccomp_profile {
        seccomp(profile, &path.field("seccompProfile"), errors);
    }
    if spec.share_process_namespace == Some(true) && spec.host_pid == Some(true) {
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.invalid(&path.field("shareProcessNamespace"), true, detail);
    }
}

fn sysctls(context: &PodSecurityContext, path: &FieldPath, errors: &mut FieldErrors) {
    let mut names = BTreeSet::new();
    for (index, sysctl) in context.sysctls.iter().flatten().enumerate() {
        let path = path.index(index).field("name");
        if sysctl.name.is_empty() {
            errors.required(&path, "");
        } else if !is_sysctl(&sysctl.name) {
            let detail = format!(
                "must have at most {SYSCTL_MAX} characters and match regex \
                 ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
            );
            errors.invalid(&path, &sysctl.name, detail);
        } else if !names.insert(sysctl.name.replace('/', ".")) {
            errors.duplicate(&path, &sysctl.name);
        }
    }
}

fn is_sysctl(name: &str) -> bool {
    let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let legal = |c: char| ends(c) || c == '-' || c == '_';
    name.len() <= SYSCTL_MAX
        && name
            .split(['.', '/'])
            .all(|part| part.starts_with(ends) && part.ends_with(ends) && part.chars().all(legal))
}

/// Checks what holds for one container.
pub fn of_container(context: &SecurityContext, path: &FieldPath, errors: &mut FieldErrors) {
    id(context.run_as_user, &path.field("runAsUser"), errors);
    id(context.run_as_group, &path.field("runAsGroup"), errors);
    let mounts = ["Default", "Unmasked"];
    check::maybe_one_of(
        context.proc_mount.as_deref(),
        &mounts,
        &path.field("procMount"),
        errors,
    );
    if let Some(profile) = &context.seccomp_profile {
        seccomp(profile, &path.field("seccompProfile"), errors);
    }
    if context.allow_privilege_escalation == Some(false) {
        escalation(context, path, errors);
    }
}

/// Who may not gain privileges may not have all of them from the start.
fn escalation(context: &SecurityContext, path: &FieldPath, errors: &mut FieldErrors) {
    if context.privileged == Some(true) {
        let detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
        errors.invalid(path, context, detail);
    }
    let added = context
        .capabilities
        .iter()
        .flat_map(|capabilities| &capabilities.add)
        .flatten();
    if added
        .into_iter()
        .any(|capability| capability == "CAP_SYS_ADMIN")
    {
        let detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` \
                      CAP_SYS_ADMIN";
        errors.invalid(path, context, detail);
    }
}

fn id(number: Option<i64>, path: &FieldPath, errors: &mut FieldErrors) {
    if let Some(number) = number.filter(|number| !(0..=i64::from(i32::MAX)).contains(number)) {
        errors.invalid(path, number, ID_DETAIL);
    }
}

fn seccomp(profile: &SeccompProfile, path: &FieldPath, errors: &mut FieldErrors) {
    check::one_of(Some(&profile.type_), &PROFILES, &path.field("type"), errors);
    let at = path.field("localhostProfile");
    match (profile.type_.as_str(), &profile.localhost_profile) {
        ("Localhost", None) => {
            errors.required(&at, "must be set when seccomp type is Localhost");
        }
        ("Localhost", Some(file)) => volume_mounts::relative(file, &at, errors),
        (_, Some(file)) => {
            errors.invalid(&at, file, "can only be set when seccomp type is Localhost");
        }
        (_, None) => {}
    }
}
