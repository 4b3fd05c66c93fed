//! What is known to lead out of a container.

use std::collections::BTreeSet;

use serde_json::Value;

use super::checks::Violation;
use super::subject::{Subject, at, counted, items, name, note_other, plural, quoted, text};

const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// Profiles that confine, of AppArmor as of seccomp.
pub(super) const CONFINING: &[&str] = &["RuntimeDefault", "Localhost"];

const CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Kernel settings that touch nobody else, with the minor version since which that is known.
const SYSCTLS: &[(&str, u32)] = &[
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
];

/// SELinux types of containers, with the minor version since which they are known.
const SELINUX_TYPES: &[(&str, u32)] = &[
    ("", 0),
    ("container_t", 0),
    ("container_init_t", 0),
    ("container_kvm_t", 0),
    ("container_engine_t", 31),
];

pub(super) fn app_armor(subject: &Subject<'_>, _minor: u32) -> Option<Violation> {
    let mut values = BTreeSet::new();
    let path = ["appArmorProfile", "type"];
    let mut setters = subject.setters(|own| note_other(own, &path, CONFINING, &mut values));
    let mut values: Vec<String> = values.into_iter().collect();
    let confines =
        |value: &str| matches!(value, "" | "runtime/default") || value.starts_with("localhost/");
    let annotations: Vec<String> = subject
        .annotations
        .iter()
        .filter(|(key, value)| key.starts_with(APP_ARMOR) && !confines(value))
        .map(|(key, value)| format!("{key}={value:?}"))
        .collect();
    if !annotations.is_empty() {
        setters.push(plural("annotation", annotations.len()));
        values.extend(annotations);
    }
    (!setters.is_empty()).then(|| {
        let reason = plural("forbidden AppArmor profile", values.len());
        let setters = setters.join(" and ");
        let values = quoted(&values);
        let detail = format!("{setters} must not set AppArmor profile type to {values}");
        Violation::new(reason, detail)
    })
}

pub(super) fn capabilities(subject: &Subject<'_>, _minor: u32) -> Option<Violation> {
    let mut added = BTreeSet::new();
    let containers = subject.containers_that(|container| adds(container, CAPABILITIES, &mut added));
    let detail = not_added(&containers, &added)?;
    Some(Violation::new("non-default capabilities", detail))
}

/// Whether a container adds capabilities beyond those; they are noted.
pub(super) fn adds(container: &Value, allowed: &[&str], added: &mut BTreeSet<String>) -> bool {
    let list = at(container, &["securityContext", "capabilities", "add"]).and_then(Value::as_array);
    let names = list.into_iter().flatten().filter_map(Value::as_str);
    let others: Vec<String> = names
        .filter(|name| !allowed.contains(name))
        .map(str::to_owned)
        .collect();
    let is_any = !others.is_empty();
    added.extend(others);
    is_any
}

/// That these containers must not add those capabilities; nothing when there are none.
pub(super) fn not_added(containers: &[&str], added: &BTreeSet<String>) -> Option<String> {
    let containers = counted("container", containers)?;
    let added = quoted(added);
    Some(format!(
        "{containers} must not include {added} in securityContext.capabilities.add"
    ))
}

pub(super) fn host_namespaces(subject: &Subject<'_>, _minor: u32) -> Option<Violation> {
    let shared: Vec<String> = ["hostNetwork", "hostPID", "hostIPC"]
        .into_iter()
        .filter(|field| subject.is_true(field))
        .map(|field| format!("{field}=true"))
        .collect();
    (!shared.is_empty()).then(|| Violation::new("host namespaces", shared.join(", ")))
}

pub(super) fn host_paths(subject: &Subject<'_>, _minor: u32) -> Option<Violation> {
    let volumes = subject.items("volumes");
    let volumes: Vec<&str> = volumes
        .filter(|volume| volume.get("hostPath").is_some())
        .map(name)
        .collect();
    Some(Violation::new(
        "hostPath volumes",
        counted("volume", &volumes)?,
    ))
}

pub(super) fn host_ports(subject: &Subject<'_>, _minor: u32) -> Option<Violation> {
    let mut ports = BTreeSet::new();
    let containers = subject.containers_that(|container| {
        let used = items(container, "ports")
            .filter_map(|port| port.get("hostPort").and_then(Value::as_i64))
            .filter(|port| *port != 0);
        let used: Vec<String> = used.map(|port| port.to_string()).collect();
        let is_any = !used.is_empty();
        ports.extend(used);
        is_any
    });
    let named = counted("container", &containers)?;
    let uses = uses(containers.len());
    let what = plural("hostPort", ports.len());
    let ports = ports.into_iter().collect::<Vec<_>>().join(", ");
    let detail = format!("{named} {uses} {what} {ports}");
    Some(Violation::new("hostPort", detail))
}

/// What one of them does, or several do.
pub(super) const fn uses(count: usize) -> &'static str {
    if count == 1 { "uses" } else { "use" }
}

/// A probe of another host is a request from the node that the pod's author chooses.
pub(super) fn hosts(subject: &Subject<'_>, _minor: u32) -> Option<Violation> {
    const PLACES: &[&[&str]] = &[
        &["livenessProbe"],
        &["readinessProbe"],
        &["startupProbe"],
        &["lifecycle", "postStart"],
        &["lifecycle", "preStop"],
    ];
    let mut hosts = BTreeSet::new();
    let containers = subject.containers_that(|container| {
        let asked = PLACES.iter().filter_map(|place| at(container, place));
        let asked = asked.flat_map(|place| ["httpGet", "tcpSocket"].map(|by| (place, by)));
        let asked: Vec<&str> = asked
            .map(|(place, by)| text(place, &[by, "host"]))
            .filter(|host| !host.is_empty())
            .collect();
        let is_any = !asked.is_empty();
        hosts.extend(asked.into_iter().map(str::to_owned));
        is_any
    });
    let containers: BTreeSet<&str> = containers.into_iter().collect();
    let containers: Vec<&str> = containers.into_iter().collect();
    let named = counted("container", &containers)?;
    let uses = uses(containers.len());
    let what = plural("probe or lifecycle host", hosts.len());
    let detail = format!("{named} {uses} {what} {}", quoted(&hosts));
    Some(Violation::new("probe or lifecycle host", detail))
}

pub(super) fn privileged(subject: &Subject<'_>, _minor: u32) -> Option<Violation> {
    let containers = subject.containers_that(|container| {
        at(container, &["securityContext", "privileged"]) == Some(&Value::Bool(true))
    });
    let containers = counted("container", &containers)?;
    let detail = format!("{containers} must not set securityContext.privileged=true");
    Some(Violation::new("privileged", detail))
}

pub(super) fn proc_mount(subject: &Subject<'_>, minor: u32) -> Option<Violation> {
    if 35 <= minor && subject.has_own_users() {
        return None;
    }
    unmasked(subject)
}

/// Whose `/proc` shows what is usually hidden.
pub(super) fn unmasked(subject: &Subject<'_>) -> Option<Violation> {
    let mut types = BTreeSet::new();
    let path = ["securityContext", "procMount"];
    let containers =
        subject.containers_that(|container| note_other(container, &path, &["Default"], &mut types));
    let containers = counted("container", &containers)?;
    let types = quoted(&types);
    let detail = format!("{containers} must not set securityContext.procMount to {types}");
    Some(Violation::new("procMount", detail))
}

pub(super) fn selinux(subject: &Subject<'_>, minor: u32) -> Option<Violation> {
    let known = known(SELINUX_TYPES, minor);
    let mut types = BTreeSet::new();
    let (mut has_user, mut has_role) = (false, false);
    let setters = subject.setters(|own| {
        let Some(options) = own.get("seLinuxOptions") else {
            return false;
        };
        let other = note_other(options, &["type"], &known, &mut types);
        let sets = |field| !text(options, &[field]).is_empty();
        has_user |= sets("user");
        has_role |= sets("role");
        other || sets("user") || sets("role")
    });
    if setters.is_empty() {
        return None;
    }
    let types: Vec<&str> = types.iter().map(String::as_str).collect();
    let wrong: Vec<String> = counted("type", &types)
        .into_iter()
        .chain(has_user.then(|| "user may not be set".to_owned()))
        .chain(has_role.then(|| "role may not be set".to_owned()))
        .collect();
    let (setters, wrong) = (setters.join(" and "), wrong.join("; "));
    let detail = format!("{setters} set forbidden securityContext.seLinuxOptions: {wrong}");
    Some(Violation::new("seLinuxOptions", detail))
}

/// Those that the minor version knows.
fn known(table: &'static [(&'static str, u32)], minor: u32) -> Vec<&'static str> {
    let known = table.iter().filter(|(_, since)| *since <= minor);
    known.map(|(name, _)| *name).collect()
}

pub(super) fn seccomp(subject: &Subject<'_>, minor: u32) -> Option<Violation> {
    if minor < 19 {
        return seccomp_annotations(subject);
    }
    unconfined(subject)
}

/// Who says that no system call is to be kept from them.
pub(super) fn unconfined(subject: &Subject<'_>) -> Option<Violation> {
    let mut types = BTreeSet::new();
    let path = ["seccompProfile", "type"];
    let setters = subject.setters(|own| note_other(own, &path, CONFINING, &mut types));
    (!setters.is_empty()).then(|| {
        let (setters, types) = (setters.join(" and "), quoted(&types));
        let detail =
            format!("{setters} must not set securityContext.seccompProfile.type to {types}");
        Violation::new("seccompProfile", detail)
    })
}

/// The same, in the days when it was said by annotations.
fn seccomp_annotations(subject: &Subject<'_>) -> Option<Violation> {
    let confines = |value: &str| {
        matches!(value, "runtime/default" | "docker/default") || value.starts_with("localhost/")
    };
    let containers = subject.containers();
    let keys = containers.map(|container| format!("{SECCOMP_CONTAINER}{}", name(container)));
    let keys: BTreeSet<String> = keys.chain([SECCOMP_POD.to_owned()]).collect();
    let wrong: Vec<String> = keys
        .into_iter()
        .filter_map(|key| subject.annotations.get_key_value(&key))
        .filter(|(_, value)| !confines(value))
        .map(|(key, value)| format!("{key}={value:?}"))
        .collect();
    (!wrong.is_empty()).then(|| {
        let what = plural("annotation", wrong.len());
        let detail = format!("forbidden {what} {}", wrong.join(", "));
        Violation::new("seccompProfile", detail)
    })
}

pub(super) fn sysctls(subject: &Subject<'_>, minor: u32) -> Option<Violation> {
    let own = subject.spec.get("securityContext").unwrap_or(&Value::Null);
    let known = known(SYSCTLS, minor);
    let names = items(own, "sysctls").map(name);
    let others: Vec<&str> = names.filter(|name| !known.contains(name)).collect();
    (!others.is_empty()).then(|| Violation::new("forbidden sysctls", others.join(", ")))
}

pub(super) fn windows(subject: &Subject<'_>, _minor: u32) -> Option<Violation> {
    let path = ["windowsOptions", "hostProcess"];
    let setters = subject.setters(|own| at(own, &path) == Some(&Value::Bool(true)));
    (!setters.is_empty()).then(|| {
        let setters = setters.join(" and ");
        let detail =
            format!("{setters} must not set securityContext.windowsOptions.hostProcess=true");
        Violation::new("hostProcess", detail)
    })
}
