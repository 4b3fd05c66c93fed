//! Counts for every disruption budget how many of its pods are healthy, and how many may go.
//!
//! What may go is written down for whoever is asked to evict; nobody is evicted here.

mod scale;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec, ReplicationController};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector, Time};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use gantry_api::ObjectKey;
use gantry_api::views::meta::selector;
use gantry_api::views::{Meta, PodView};
use gantry_base::Timestamp;
use gantry_base::selector::Labels;
use gantry_base::time::{after, since, whole_seconds};
use gantry_reconcile::write::EventNote;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

use crate::limits::EVICTION_SEEN;
use scale::Scale;

const ALLOWED: &str = "DisruptionAllowed";

/// The controller of disruption budgets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disruption;

/// One budget, the pods that it means, and how many of them there should be.
#[derive(Debug)]
pub struct World {
    budget: Arc<PodDisruptionBudget>,
    pods: Vec<Arc<Pod>>,
    scale: Scale,
    now: Timestamp,
}

impl Controller for Disruption {
    const NAME: &'static str = "disruption-controller";

    fn sources(&self) -> Sources {
        Sources::new()
            .own::<PodDisruptionBudget>()
            .mapped::<Pod>(|pod, view| keys(view, pod, pod.labels()))
            .mapped::<Deployment>(|owner, view| {
                makes(view, owner, owner.spec.as_ref().map(|spec| &spec.template))
            })
            .mapped::<ReplicaSet>(|owner, view| {
                let spec = owner.spec.as_ref();
                makes(view, owner, spec.and_then(|spec| spec.template.as_ref()))
            })
            .mapped::<StatefulSet>(|owner, view| {
                makes(view, owner, owner.spec.as_ref().map(|spec| &spec.template))
            })
            .mapped::<ReplicationController>(|owner, view| {
                let spec = owner.spec.as_ref();
                makes(view, owner, spec.and_then(|spec| spec.template.as_ref()))
            })
    }

    fn observe(&self, view: &View, key: &ObjectKey, now: Timestamp) -> Option<World> {
        let budget = view.get::<PodDisruptionBudget>(&key.namespace, &key.name)?;
        let pods = view.within::<Pod>(&key.namespace);
        let pods: Vec<Arc<Pod>> = pods.filter(|pod| means(&budget, pod.labels())).collect();
        Some(World {
            scale: Scale::of(&pods, view),
            budget,
            pods,
            now,
        })
    }
}

/// The budgets that concern who makes pods of such a template. One whose pods no budget means
/// concerns none, however often it changes.
fn makes(view: &View, owner: &impl Meta, template: Option<&PodTemplateSpec>) -> Vec<ObjectKey> {
    let meta = template.and_then(|template| template.metadata.as_ref());
    let labels = meta.and_then(|meta| meta.labels.as_ref());
    labels.map_or_else(Vec::new, |labels| keys(view, owner, labels))
}

/// The budgets in the object's namespace that mean pods with such labels.
fn keys(view: &View, object: &impl Meta, labels: &Labels) -> Vec<ObjectKey> {
    let budgets = view.within::<PodDisruptionBudget>(object.namespace());
    budgets
        .filter(|budget| means(budget, labels))
        .map(|budget| budget.key())
        .collect()
}

/// Whether the budget means pods with such labels. One without a selector means none, and a pod
/// without labels is meant by none.
fn means(budget: &PodDisruptionBudget, labels: &Labels) -> bool {
    let wanted = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    let wanted = wanted.filter(|_| !labels.is_empty());
    // Most budgets mean the pods of somebody else, and most of those are told by one label.
    let could = |wanted: &&LabelSelector| {
        let mut equal = wanted.match_labels.iter().flatten();
        equal.all(|(label, value)| labels.get(label) == Some(value))
    };
    let wanted = wanted.filter(could);
    wanted.is_some_and(|wanted| selector(wanted).matches(labels))
}

impl Reconciler for Disruption {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        let status = match wanted(world) {
            Ok(wanted) => counted(world, wanted, &mut plan),
            Err(pod) => failed(world, &format!("found no controllers for pod {pod:?}")),
        };
        if world.budget.status.as_ref() != Some(&status) {
            let failure = status.conditions.iter().flatten();
            if let Some(failure) = failure.clone().find(|known| known.reason == "SyncFailed") {
                let about = EventNote::warning(
                    world.budget.as_ref(),
                    "CalculateExpectedPodCountFailed",
                    format!(
                        "Failed to calculate the number of expected pods: {}",
                        failure.message
                    ),
                );
                plan.act(Write::Note(about));
            }
            let budget = PodDisruptionBudget {
                status: Some(status),
                ..PodDisruptionBudget::clone(&world.budget)
            };
            plan.actions.insert(0, Write::update_status(&budget));
        }
        plan
    }
}

/// How many pods there should be, and how many of them must be healthy.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    expected: i32,
    healthy: i32,
}

/// What the budget asks for; the name of a pod of which nobody knows how many there should be.
fn wanted(world: &World) -> Result<Wanted, String> {
    let Some(spec) = &world.budget.spec else {
        return Ok(Wanted {
            expected: 0,
            healthy: 0,
        });
    };
    Ok(match (&spec.max_unavailable, &spec.min_available) {
        (Some(unavailable), _) => {
            let expected = world.scale.total()?;
            let healthy = (expected - part(unavailable, expected)).max(0);
            Wanted { expected, healthy }
        }
        (None, Some(IntOrString::Int(healthy))) => Wanted {
            expected: i32::try_from(world.pods.len()).unwrap_or(i32::MAX),
            healthy: *healthy,
        },
        (None, Some(share)) => {
            let expected = world.scale.total()?;
            let healthy = part(share, expected);
            Wanted { expected, healthy }
        }
        (None, None) => Wanted {
            expected: 0,
            healthy: 0,
        },
    })
}

/// A part of the whole, rounded up.
fn part(part: &IntOrString, whole: i32) -> i32 {
    match part {
        IntOrString::Int(number) => *number,
        IntOrString::String(text) => {
            let share = text.strip_suffix('%').and_then(|text| text.parse().ok());
            let hundredths = i64::from(whole) * i64::from(share.unwrap_or(0_u32));
            i32::try_from((hundredths + 99) / 100).unwrap_or(i32::MAX)
        }
    }
}

fn counted(world: &World, wanted: Wanted, plan: &mut Plan<Write>) -> PodDisruptionBudgetStatus {
    let disrupted = disrupted(world, plan);
    let is_healthy = |pod: &&Arc<Pod>| {
        !pod.is_terminating() && !disrupted.contains_key(pod.name()) && pod.is_ready()
    };
    let healthy = world.pods.iter().filter(is_healthy).count();
    let healthy = i32::try_from(healthy).unwrap_or(i32::MAX);
    // Of a set that is not there yet nothing may go: its first pods may come before the next count.
    let allowed = match wanted.expected {
        0 => 0,
        _ => (healthy - wanted.healthy).max(0),
    };
    let mut status = observed(world);
    status.current_healthy = healthy;
    status.desired_healthy = wanted.healthy;
    status.expected_pods = wanted.expected;
    status.disruptions_allowed = allowed;
    status.disrupted_pods = Some(disrupted).filter(|pods| !pods.is_empty());
    let (is_allowed, reason) = if allowed > 0 {
        (true, "SufficientPods")
    } else {
        (false, "InsufficientPods")
    };
    conclude(world, &mut status, is_allowed, (reason, ""));
    status
}

/// Nothing may go when it cannot be told how many there should be.
fn failed(world: &World, why: &str) -> PodDisruptionBudgetStatus {
    let mut status = observed(world);
    status.disruptions_allowed = 0;
    conclude(world, &mut status, false, ("SyncFailed", why));
    status
}

fn observed(world: &World) -> PodDisruptionBudgetStatus {
    PodDisruptionBudgetStatus {
        observed_generation: world.budget.metadata.generation,
        ..world.budget.status.clone().unwrap_or_default()
    }
}

/// The pods that were allowed to go and are not seen going yet. Who has not gone after a while
/// stays, and counts again.
fn disrupted(world: &World, plan: &mut Plan<Write>) -> BTreeMap<String, Time> {
    let status = world.budget.status.as_ref();
    let known = status.and_then(|status| status.disrupted_pods.as_ref());
    let mut left = BTreeMap::new();
    for (name, since_when) in known.into_iter().flatten() {
        let pod = world.pods.iter().find(|pod| pod.name() == name);
        if pod.is_none_or(|pod| pod.is_terminating()) {
            continue;
        }
        let until = after(since_when.0, EVICTION_SEEN);
        if until < world.now {
            let key = world.budget.key();
            let message = format!(
                "Pod was expected by PDB {}/{} to be deleted but it wasn't",
                key.namespace, key.name
            );
            if let Some(pod) = pod {
                plan.act(Write::Note(EventNote::warning(
                    pod.as_ref(),
                    "NotDeleted",
                    message,
                )));
            }
        } else {
            plan.recheck_after(since(until, world.now) + Duration::from_secs(1));
            left.insert(name.clone(), since_when.clone());
        }
    }
    left
}

/// Says in one word whether anything may go, and since when that has been so.
fn conclude(
    world: &World,
    status: &mut PodDisruptionBudgetStatus,
    is_allowed: bool,
    (reason, message): (&str, &str),
) {
    let word = if is_allowed { "True" } else { "False" };
    let conditions = status.conditions.get_or_insert_default();
    let known = conditions.iter().position(|known| known.type_ == ALLOWED);
    let since = known
        .map(|at| conditions.remove(at))
        .filter(|known| known.status == word)
        .map_or(Time(whole_seconds(world.now)), |known| {
            known.last_transition_time
        });
    conditions.push(Condition {
        type_: ALLOWED.to_owned(),
        status: word.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        observed_generation: status.observed_generation,
        last_transition_time: since,
    });
}
