//! What a program can do without.

use std::collections::BTreeSet;

use serde_json::Value;

use super::baseline::{self, CONFINING, uses};
use super::checks::Violation;
use super::subject::{Subject, at, counted, name, plural, quoted, text};

/// Volumes that bring nothing of the node along.
const HARMLESS_VOLUMES: &[&str] = &[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// The minor version since which pods for another system are known as such.
const KNOWS_SYSTEMS: u32 = 25;

/// The minor version since which users of a pod's own are nobody outside of it.
const KNOWS_OWN_USERS: u32 = 35;

pub(super) fn privilege_escalation(subject: &Subject<'_>, minor: u32) -> Option<Violation> {
    if is_elsewhere(subject, minor) {
        return None;
    }
    let containers = subject.containers_that(|container| {
        at(container, &["securityContext", "allowPrivilegeEscalation"]) != Some(&Value::Bool(false))
    });
    let containers = counted("container", &containers)?;
    let detail = format!("{containers} must set securityContext.allowPrivilegeEscalation=false");
    Some(Violation::new("allowPrivilegeEscalation != false", detail))
}

fn is_elsewhere(subject: &Subject<'_>, minor: u32) -> bool {
    KNOWS_SYSTEMS <= minor && subject.is_for_windows()
}

pub(super) fn capabilities(subject: &Subject<'_>, minor: u32) -> Option<Violation> {
    if is_elsewhere(subject, minor) {
        return None;
    }
    let keeping = subject.containers_that(|container| {
        let dropped = at(container, &["securityContext", "capabilities", "drop"]);
        let mut dropped = dropped.and_then(Value::as_array).into_iter().flatten();
        !dropped.any(|name| name == "ALL")
    });
    let mut added = BTreeSet::new();
    let adding = subject
        .containers_that(|container| baseline::adds(container, &["NET_BIND_SERVICE"], &mut added));
    let keeping = counted("container", &keeping).map(|containers| {
        format!(r#"{containers} must set securityContext.capabilities.drop=["ALL"]"#)
    });
    let wrong: Vec<String> = keeping
        .into_iter()
        .chain(baseline::not_added(&adding, &added))
        .collect();
    (!wrong.is_empty()).then(|| Violation::new("unrestricted capabilities", wrong.join("; ")))
}

pub(super) fn proc_mount(subject: &Subject<'_>, _minor: u32) -> Option<Violation> {
    baseline::unmasked(subject)
}

pub(super) fn volumes(subject: &Subject<'_>, _minor: u32) -> Option<Violation> {
    let has = |volume: &Value, kind: &&&str| volume.get(**kind).is_some();
    let is_harmless = |volume: &Value| HARMLESS_VOLUMES.iter().any(|kind| has(volume, &kind));
    let others: Vec<&Value> = subject
        .items("volumes")
        .filter(|volume| !is_harmless(volume))
        .collect();
    let types: BTreeSet<&str> = others.iter().map(|volume| type_of(volume)).collect();
    let names: Vec<&str> = others.into_iter().map(name).collect();
    let named = counted("volume", &names)?;
    let uses = uses(names.len());
    let what = plural("restricted volume type", types.len());
    let detail = format!("{named} {uses} {what} {}", quoted(&types));
    Some(Violation::new("restricted volume types", detail))
}

/// What a volume is made of: the field that it has beside its name.
fn type_of(volume: &Value) -> &str {
    let mut fields = volume.as_object().into_iter().flatten();
    let own = fields.find(|(field, _)| *field != "name");
    own.map_or("unknown", |(field, _)| field)
}

pub(super) fn run_as_non_root(subject: &Subject<'_>, minor: u32) -> Option<Violation> {
    if KNOWS_OWN_USERS <= minor && subject.has_own_users() {
        return None;
    }
    const FIELD: &str = "runAsNonRoot";
    const REASON: &str = "runAsNonRoot != true";
    let setters = subject.setters(|own| own.get(FIELD) == Some(&Value::Bool(false)));
    if !setters.is_empty() {
        let setters = setters.join(" and ");
        let detail = format!("{setters} must not set securityContext.runAsNonRoot=false");
        return Some(Violation::new(REASON, detail));
    }
    if at(subject.spec, &["securityContext", FIELD]) == Some(&Value::Bool(true)) {
        return None;
    }
    let containers = subject.containers_that(|container| {
        let own = at(container, &["securityContext", FIELD]);
        own.is_none_or(Value::is_null)
    });
    let containers = counted("container", &containers)?;
    let detail = format!("pod or {containers} must set securityContext.runAsNonRoot=true");
    Some(Violation::new(REASON, detail))
}

pub(super) fn run_as_user(subject: &Subject<'_>, minor: u32) -> Option<Violation> {
    if KNOWS_OWN_USERS <= minor && subject.has_own_users() {
        return None;
    }
    let is_root = |own: &Value| own.get("runAsUser").and_then(Value::as_i64) == Some(0);
    let setters = subject.setters(is_root);
    (!setters.is_empty()).then(|| {
        let detail = format!("{} must not set runAsUser=0", setters.join(" and "));
        Violation::new("runAsUser=0", detail)
    })
}

pub(super) fn seccomp(subject: &Subject<'_>, minor: u32) -> Option<Violation> {
    if is_elsewhere(subject, minor) {
        return None;
    }
    if let Some(wrong) = baseline::unconfined(subject) {
        return Some(wrong);
    }
    let profile = ["securityContext", "seccompProfile"];
    if CONFINING.contains(&text(subject.spec, &[profile[0], profile[1], "type"])) {
        return None;
    }
    let containers = subject.containers_that(|container| at(container, &profile).is_none());
    let containers = counted("container", &containers)?;
    let detail = format!(
        "pod or {containers} must set securityContext.seccompProfile.type to \
         \"RuntimeDefault\" or \"Localhost\""
    );
    Some(Violation::new("seccompProfile", detail))
}
