//! The options of a request, checked before anything is done: everything that is wrong with them, as
//! one refusal.

use gantry_api::field_error::FieldErrors;
use gantry_api::{GroupKind, Rejection};

use crate::limits::FIELD_MANAGER_BYTES;
use crate::request::{DeleteOptions, Options, PatchType, Request, Verb};

/// What may happen to dependents.
const PROPAGATIONS: [&str; 3] = ["Foreground", "Background", "Orphan"];
/// How a revision may be meant.
const MATCHES: [&str; 2] = ["Exact", "NotOlderThan"];

/// Refuses a request whose options cannot be meant.
pub(crate) fn check(request: &Request) -> Result<(), Rejection> {
    let mut errors = FieldErrors::new();
    match request.verb {
        Verb::List => list(&request.options, &mut errors),
        Verb::Watch => watch(&request.options, &mut errors),
        Verb::Create | Verb::Update | Verb::Patch(_) => write(request, &mut errors),
        Verb::Get | Verb::Delete | Verb::DeleteCollection => {}
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(refusal(request.verb, errors))
}

/// Refuses options of a delete that cannot be meant.
pub(crate) fn check_delete(options: &DeleteOptions) -> Result<(), Rejection> {
    let mut errors = FieldErrors::new();
    let path = "propagationPolicy".into();
    if let Some(policy) = options.propagation_policy.as_deref() {
        if options.orphan_dependents.is_some() {
            let detail = "orphanDependents and deletionPropagation cannot be both set";
            errors.invalid(&path, policy, detail);
        }
        if !PROPAGATIONS.contains(&policy) {
            let known = [PROPAGATIONS.as_slice(), &["nil"]].concat();
            errors.not_supported(&path, policy, &known);
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(refusal(Verb::Delete, errors))
}

/// The refusal of options, in the words that clients know for each verb.
#[must_use]
pub fn refusal(verb: Verb, errors: FieldErrors) -> Rejection {
    let kind = match verb {
        Verb::Get => "GetOptions",
        Verb::List | Verb::Watch => "ListOptions",
        Verb::Create => "CreateOptions",
        Verb::Update => "UpdateOptions",
        Verb::Patch(_) => "PatchOptions",
        Verb::Delete | Verb::DeleteCollection => "DeleteOptions",
    };
    Rejection::Invalid {
        kind: GroupKind::new("meta.k8s.io", kind),
        name: String::new(),
        errors: errors.into_vec(),
    }
}

fn list(options: &Options, errors: &mut FieldErrors) {
    if options.send_initial_events.is_some() {
        let detail = "sendInitialEvents is forbidden for list";
        errors.forbidden(&"sendInitialEvents".into(), detail);
    }
    let meant = options.resource_version_match.as_deref().unwrap_or("");
    if meant.is_empty() {
        return;
    }
    let path = "resourceVersionMatch".into();
    let revision = options.resource_version.as_deref().unwrap_or("");
    if revision.is_empty() {
        let detail = "resourceVersionMatch is forbidden unless resourceVersion is provided";
        errors.forbidden(&path, detail);
    }
    if options.continue_token.is_some() {
        errors.forbidden(&path, "resourceVersionMatch is forbidden with continue");
    }
    if !MATCHES.contains(&meant) {
        errors.not_supported(&path, meant, &[MATCHES.as_slice(), &[""]].concat());
    }
    if meant == "Exact" && revision == "0" {
        let detail = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
        errors.forbidden(&path, detail);
    }
}

fn watch(options: &Options, errors: &mut FieldErrors) {
    let path = "resourceVersionMatch".into();
    let meant = options.resource_version_match.as_deref().unwrap_or("");
    let streams = options.send_initial_events.is_some();
    if streams && meant != "NotOlderThan" {
        let detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        errors.forbidden(&path, detail);
    }
    if meant.is_empty() {
        return;
    }
    if !streams {
        let detail =
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
        errors.forbidden(&path, detail);
    }
    if meant != "NotOlderThan" {
        errors.not_supported(&path, meant, &["NotOlderThan"]);
    }
    if options.continue_token.is_some() {
        errors.forbidden(&path, "resourceVersionMatch is forbidden with continue");
    }
}

fn write(request: &Request, errors: &mut FieldErrors) {
    let options = &request.options;
    let manager = options.field_manager.as_deref().unwrap_or("");
    let path = "fieldManager".into();
    if manager.len() > FIELD_MANAGER_BYTES {
        errors.too_long(&path, FIELD_MANAGER_BYTES);
    }
    if manager.chars().any(char::is_control) {
        let detail = "should only contain printable characters";
        errors.invalid(&path, manager, detail);
    }
    let is_other_patch = matches!(request.verb, Verb::Patch(kind) if kind != PatchType::Apply);
    if is_other_patch && options.force {
        let detail = "may not be specified for non-apply patch";
        errors.forbidden(&"force".into(), detail);
    }
}
