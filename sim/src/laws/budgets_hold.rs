//! Who is evicted although a disruption budget means them is charged to that budget at once, and
//! no budget ever owes anything.

use serde_json::Value;

use gantry_api::views::meta::selector;
use gantry_api::{GroupResource, Object, ObjectKey};
use gantry_store::Stored;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::{Broken, Seen, Sight, Verdict, objects};

const GROUP: &str = "policy";
const BUDGETS: &str = "poddisruptionbudgets";

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law;

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "budgets hold"
    }

    fn change(&mut self, change: &Seen, sight: &Sight<'_>) -> Verdict {
        let (Some(old), Some(new)) = (&change.old, &change.new) else {
            return Ok(());
        };
        let resource = &change.key.resource;
        if resource.group == GROUP && resource.resource == BUDGETS {
            return solvent(change, new);
        }
        let begins = change.is_core("pods") && !is_evicted(old) && is_evicted(new);
        if !begins || !is_ready(old) || old.is_terminating() {
            return Ok(());
        }
        charged(change, old, sight)
    }
}

fn solvent(change: &Seen, budget: &Object) -> Verdict {
    let left = budget.at(&["status", "disruptionsAllowed"]);
    let left = left.and_then(Value::as_i64).unwrap_or(0);
    if left < 0 {
        return Err(Broken::new(&change.key, format!("allows {left}")));
    }
    Ok(())
}

/// The budget of a ready pod that is evicted is written together with it.
fn charged(change: &Seen, pod: &Object, sight: &Sight<'_>) -> Verdict {
    let resource = GroupResource::new(GROUP, BUDGETS);
    let prefix = ObjectKey::prefix(&resource, Some(&change.key.namespace));
    let all = sight.snapshot.range(&prefix, None);
    let before = all.filter(|(_, stored)| stored.created < change.revision);
    let meant: Vec<&Stored> = before
        .map(|(_, stored)| stored)
        .filter(|stored| means(&objects::decoded(stored), pod))
        .collect();
    match meant.as_slice() {
        [] => Ok(()),
        [budget] if budget.modified >= change.revision => Ok(()),
        [budget] => {
            let budget = objects::decoded(budget);
            let what = format!("is evicted, and the budget {} is not told", budget.name());
            Err(Broken::new(&change.key, what).and(budget.name()))
        }
        _ => Err(Broken::new(
            &change.key,
            "is evicted, and two budgets mean it",
        )),
    }
}

fn means(budget: &Object, pod: &Object) -> bool {
    let wanted = budget.at(&["spec", "selector"]).cloned();
    let wanted: Option<LabelSelector> =
        wanted.and_then(|wanted| serde_json::from_value(wanted).ok());
    wanted.is_some_and(|wanted| selector(&wanted).matches(&pod.labels()))
}

fn is_evicted(pod: &Object) -> bool {
    let mut conditions = objects::list(pod, &["status", "conditions"]).iter();
    conditions.any(|condition| condition["reason"] == "EvictionByEvictionAPI")
}

fn is_ready(pod: &Object) -> bool {
    let mut conditions = objects::list(pod, &["status", "conditions"]).iter();
    let is_running = pod.text(&["status", "phase"]) == "Running";
    is_running
        && conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}
