//! Whether a disruption budget lets a pod go, and what is written into the budget when it does.

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetStatus};
use serde_json::{Value, json};

use gantry_api::status::Cause;
use gantry_api::views::meta::selector;
use gantry_api::{GroupResource, Object, ObjectKey, Rejection, Revision};
use gantry_base::time::rfc3339;

use crate::call::Call;
use crate::limits::DISRUPTED_PODS;
use crate::validate;

const REFUSED: &str = "Cannot evict pod as it would violate the pod's disruption budget.";
const ALLOWED: &str = "DisruptionAllowed";
/// How long to wait for a budget that nobody has counted yet.
const UNCOUNTED_SECONDS: u32 = 10;

/// Charges the budget of the pod for its going. Refuses when the budget does not allow that.
pub(super) fn charge(call: &mut Call<'_>, pod: &Object) -> Result<(), Rejection> {
    let mut budgets = budgets(call, pod)?;
    let Some((object, since, budget)) = budgets.pop() else {
        return Ok(());
    };
    if !budgets.is_empty() {
        return Err(Rejection::internal(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does \
             not support.",
        ));
    }
    if !is_ready(pod) && lets_unready_go(&budget) {
        return Ok(());
    }
    check(&budget)?;
    let resource = GroupResource::new("policy", "poddisruptionbudgets");
    let key = ObjectKey::new(resource, object.namespace(), object.name());
    let charged = charged(call, object, pod.name(), &budget);
    call.amend(&key, since, &charged);
    Ok(())
}

/// The budgets that mean the pod.
fn budgets(
    call: &Call<'_>,
    pod: &Object,
) -> Result<Vec<(Object, Revision, PodDisruptionBudget)>, Rejection> {
    let labels = pod.labels();
    let resource = GroupResource::new("policy", "poddisruptionbudgets");
    let prefix = ObjectKey::prefix(&resource, Some(call.request.namespace()));
    let mut found = Vec::new();
    for (_, stored) in call.snapshot.range(&prefix, None) {
        let object = stored.value.object(stored.modified);
        let budget: PodDisruptionBudget = object.to_typed().map_err(validate::shape)?;
        let wanted = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        // A pod without labels is nobody's.
        if !labels.is_empty() && wanted.is_some_and(|wanted| selector(wanted).matches(&labels)) {
            found.push((object, stored.modified, budget));
        }
    }
    Ok(found)
}

fn is_ready(pod: &Object) -> bool {
    let conditions = pod.at(&["status", "conditions"]).and_then(Value::as_array);
    conditions.into_iter().flatten().any(|condition| {
        condition.get("type") == Some(&Value::from("Ready"))
            && condition.get("status") == Some(&Value::from("True"))
    })
}

/// A pod that is not ready may go when nobody counts on it: always, where the budget says so, else
/// while enough others are healthy.
fn lets_unready_go(budget: &PodDisruptionBudget) -> bool {
    let spec = budget.spec.as_ref();
    let policy = spec.and_then(|spec| spec.unhealthy_pod_eviction_policy.as_deref());
    let status = budget.status.clone().unwrap_or_default();
    policy == Some("AlwaysAllow")
        || (status.desired_healthy > 0 && status.current_healthy >= status.desired_healthy)
}

fn check(budget: &PodDisruptionBudget) -> Result<(), Rejection> {
    let name = budget.metadata.name.as_deref().unwrap_or("");
    let status = budget.status.clone().unwrap_or_default();
    let seen = status.observed_generation.unwrap_or(0);
    if seen < budget.metadata.generation.unwrap_or(0) {
        let why = format!("The disruption budget {name} is still being processed by the server.");
        return Err(refusal(why, UNCOUNTED_SECONDS));
    }
    if status.disruptions_allowed <= 0 {
        return Err(refusal(exhausted(name, &status), 0));
    }
    let disrupted = status.disrupted_pods.map_or(0, |pods| pods.len());
    if disrupted >= DISRUPTED_PODS {
        let resource = GroupResource::new("policy", "poddisruptionbudget");
        let why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
        return Err(Rejection::forbidden(resource, name, why));
    }
    Ok(())
}

fn exhausted(name: &str, status: &PodDisruptionBudgetStatus) -> String {
    let mut conditions = status.conditions.iter().flatten();
    let failed =
        conditions.find(|condition| condition.type_ == ALLOWED && condition.reason == "SyncFailed");
    match failed {
        Some(failed) => format!(
            "The disruption budget {name} does not allow evicting pods currently because it \
             failed sync: {}",
            failed.message
        ),
        None => format!(
            "The disruption budget {name} needs {} healthy pods and has {} currently",
            status.desired_healthy, status.current_healthy
        ),
    }
}

fn refusal(why: String, retry_after_seconds: u32) -> Rejection {
    Rejection::TooManyRequests {
        message: REFUSED.to_owned(),
        retry_after_seconds,
        causes: vec![Cause {
            reason: "DisruptionBudget".to_owned(),
            message: why,
            field: String::new(),
        }],
    }
}

/// The budget with one disruption less, and with the name of the pod that does not count any more,
/// whoever has seen it go already.
fn charged(call: &Call<'_>, mut object: Object, pod: &str, budget: &PodDisruptionBudget) -> Object {
    let status = budget.status.as_ref();
    let left = status.map_or(0, |status| status.disruptions_allowed - 1);
    object.set(&["status", "disruptionsAllowed"], Value::from(left));
    let now = Value::from(rfc3339(call.now));
    object.set(&["status", "disruptedPods", pod], now.clone());
    if left == 0 {
        let known = object
            .at(&["status", "conditions"])
            .and_then(Value::as_array);
        let mut conditions: Vec<Value> = known.cloned().unwrap_or_default();
        conditions.retain(|known| known.get("type") != Some(&Value::from(ALLOWED)));
        conditions.push(json!({
            "type": ALLOWED,
            "status": "False",
            "reason": "InsufficientPods",
            "message": "",
            "observedGeneration": status.and_then(|status| status.observed_generation),
            "lastTransitionTime": now,
        }));
        object.set(&["status", "conditions"], Value::from(conditions));
    }
    object
}
