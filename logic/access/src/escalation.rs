//! Whether a caller may give permissions away: only those they hold, unless a verb waives it.

use k8s_openapi::api::rbac::v1::PolicyRule;

use gantry_api::caller::MASTERS;
use gantry_store::Snapshot;

use crate::attributes::{Attributes, Target};
use crate::authorizer::Access;
use crate::rules;

/// Says why the caller may not give `wanted` away; `waiver` is the permission that allows it
/// regardless (`escalate` on a role, `bind` on what a binding refers to).
pub fn check(
    access: &Access,
    snapshot: &Snapshot,
    waiver: &Attributes<'_>,
    wanted: &[PolicyRule],
) -> Result<(), String> {
    let caller = waiver.caller;
    if caller.is_in(MASTERS) || access.authorize(waiver, snapshot).is_allowed() {
        return Ok(());
    }
    let namespace = match waiver.target {
        Target::Resource(target) => target.namespace,
        Target::Path(_) => "",
    };
    let missing = rules::uncovered(&access.rules_for(caller, namespace), wanted);
    if missing.is_empty() {
        return Ok(());
    }
    let missing: Vec<String> = missing.iter().map(shown).collect();
    Err(format!(
        "user {:?} (groups={:?}) is attempting to grant RBAC permissions not currently held:\n{}",
        caller.user,
        caller.groups,
        missing.join("\n")
    ))
}

/// A single permission as refusals show it.
fn shown(rule: &PolicyRule) -> String {
    let lists = [
        ("APIGroups", rule.api_groups.as_ref()),
        ("Resources", rule.resources.as_ref()),
        ("ResourceNames", rule.resource_names.as_ref()),
        ("NonResourceURLs", rule.non_resource_urls.as_ref()),
        ("Verbs", Some(&rule.verbs)),
    ];
    let given = lists
        .iter()
        .filter_map(|(name, list)| Some(format!("{name}:{:?}", (*list)?)));
    let given: Vec<String> = given.collect();
    format!("{{{}}}", given.join(", "))
}
