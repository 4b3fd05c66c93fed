//! The one way of keeping a number of equal pods alive, shared by `ReplicaSet` and
//! `ReplicationController`.
//!
//! New pods are named after a hash of what was seen, so a plan that is carried out twice, or made
//! from a stale view, meets names that are taken instead of creating pods twice.

mod controller;
mod ranking;
mod status;

pub use controller::{Owner, Replicas};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::ReplicaSetStatus;
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use gantry_api::views::{Meta, PodView};
use gantry_base::Timestamp;
use gantry_base::hash::Fnv;
use gantry_base::selector::Selector;
use gantry_reconcile::sources::Kind;
use gantry_reconcile::view::View;
use gantry_reconcile::{EventNote, Plan, Write};

use crate::claims::{self, Claims, controller_reference};
use crate::limits::CREATE_BURST;

/// What an owner of replicas asks for.
#[derive(Clone, Copy, Debug)]
pub struct Desired<'a, T> {
    owner: &'a T,
    replicas: usize,
    min_ready: Duration,
    template: &'a PodTemplateSpec,
}

impl<'a, T: Kind> Desired<'a, T> {
    /// Numbers out of range count as zero; validation lets none through.
    pub fn new(
        owner: &'a T,
        replicas: Option<i32>,
        min_ready_seconds: Option<i32>,
        template: &'a PodTemplateSpec,
    ) -> Self {
        let replicas = replicas
            .and_then(|count| usize::try_from(count).ok())
            .unwrap_or(0);
        let seconds = min_ready_seconds
            .and_then(|count| u64::try_from(count).ok())
            .unwrap_or(0);
        Self {
            owner,
            replicas,
            min_ready: Duration::from_secs(seconds),
            template,
        }
    }
}

/// The pods an owner has to do with.
#[derive(Debug)]
struct Observed {
    now: Timestamp,
    claims: Claims<Pod>,
    /// How many active replicas of sibling owners run on each node.
    siblings_on: BTreeMap<String, usize>,
}

/// Looks through the owner's own pods and those that nobody has, never through everybody's.
fn observe<T: Kind>(view: &View, owner: &T, selector: &Selector, now: Timestamp) -> Observed {
    let own = owned(view, owner.namespace(), owner.uid());
    let candidates = own.chain(view.uncontrolled::<Pod>(owner.namespace()));
    let claims = claims::sort(candidates, owner.uid(), selector);
    Observed {
        now,
        siblings_on: siblings_on(view, owner),
        claims,
    }
}

/// Counts the pods of all owners that have the same controller as this one, by node.
fn siblings_on<T: Kind>(view: &View, owner: &T) -> BTreeMap<String, usize> {
    let uids: Vec<String> = match owner.controller() {
        Some(parent) => view
            .owned_by(&parent.uid)
            .filter_map(|sibling| sibling.meta().uid.clone())
            .collect(),
        None => vec![owner.uid().to_owned()],
    };
    let mut on = BTreeMap::new();
    let siblings = uids
        .iter()
        .flat_map(|uid| owned(view, owner.namespace(), uid));
    for pod in siblings.filter(|pod| pod.is_active()) {
        if let Some(node) = pod.node_name() {
            *on.entry(node.to_owned()).or_insert(0) += 1;
        }
    }
    on
}

/// The pods in a namespace that the owner with this uid controls, by name.
fn owned<'a>(view: &'a View, namespace: &'a str, uid: &str) -> impl Iterator<Item = Arc<Pod>> + 'a {
    let pods = view.controlled_by::<Pod>(uid);
    pods.filter(move |pod| pod.namespace() == namespace)
}

/// The status that follows from what was observed, and from a refused creation if there was one.
fn status<T: Kind>(
    desired: &Desired<'_, T>,
    observed: &Observed,
    old: &ReplicaSetStatus,
    failure: Option<&str>,
) -> ReplicaSetStatus {
    let pods = &observed.claims.owned;
    let counts = status::counts(pods, desired.template, desired.min_ready, observed.now);
    let enough = usize::try_from(counts.replicas).is_ok_and(|count| count >= desired.replicas);
    let generation = desired.owner.metadata().generation;
    status::next(old, generation, counts, failure, (enough, observed.now))
}

/// The event that tells of a refused creation.
fn refusal<T: Kind>(owner: &T, why: &str) -> Write {
    Write::Note(EventNote::warning(
        owner,
        "FailedCreate",
        format!("Error creating: {why}"),
    ))
}

/// Plans what brings the pods to the number desired. The status is the caller's.
fn plan<T: Kind>(desired: &Desired<'_, T>, observed: &Observed) -> Plan<Write> {
    let mut plan = Plan::default();
    let terminating = desired.owner.is_terminating();
    let reference = controller_reference(desired.owner);
    observed.claims.settle(&reference, terminating, &mut plan);
    let adopting = !observed.claims.orphans.is_empty();
    if terminating || adopting {
        // Adoption changes what is counted: count again when it has been seen.
        return plan;
    }
    let active: Vec<&Arc<Pod>> = observed
        .claims
        .owned
        .iter()
        .filter(|pod| pod.is_active())
        .collect();
    let missing = desired.replicas.saturating_sub(active.len());
    let surplus = active.len().saturating_sub(desired.replicas);
    create(desired, observed, &reference, missing, &mut plan);
    delete(desired.owner, observed, active, surplus, &mut plan);
    if let Some(wait) = next_available(observed, desired.min_ready) {
        plan.recheck_after(wait);
    }
    plan
}

fn create<T: Kind>(
    desired: &Desired<'_, T>,
    observed: &Observed,
    reference: &OwnerReference,
    missing: usize,
    plan: &mut Plan<Write>,
) {
    let seen = observed.claims.owned.iter().fold(
        Fnv::default().with(desired.owner.uid().as_bytes()),
        |hash, pod| hash.with(pod.uid().as_bytes()),
    );
    for ordinal in 0..missing.min(CREATE_BURST) {
        let suffix = seen.with(&ordinal.to_be_bytes()).letters(5);
        let pod = pod(desired, reference, &suffix);
        let name = pod.name().to_owned();
        plan.act(Write::create(&pod));
        let message = format!("Created pod: {name}");
        plan.act(Write::Note(EventNote::normal(
            desired.owner,
            "SuccessfulCreate",
            message,
        )));
        plan.explain(
            format!("create pod/{name}"),
            "there are fewer pods than replicas",
        );
    }
}

fn pod<T: Kind>(desired: &Desired<'_, T>, reference: &OwnerReference, suffix: &str) -> Pod {
    let template = desired.template;
    let meta = template.metadata.clone().unwrap_or_default();
    // Room for the dash and the suffix within the 63 letters a pod's host name may have.
    let base: String = desired.owner.name().chars().take(57).collect();
    Pod {
        metadata: ObjectMeta {
            name: Some(format!("{base}-{suffix}")),
            generate_name: Some(format!("{base}-")),
            namespace: desired.owner.metadata().namespace.clone(),
            labels: meta.labels,
            annotations: meta.annotations,
            finalizers: meta.finalizers,
            owner_references: Some(vec![reference.clone()]),
            ..ObjectMeta::default()
        },
        spec: template.spec.clone(),
        status: None,
    }
}

fn delete<T: Kind>(
    owner: &T,
    observed: &Observed,
    active: Vec<&Arc<Pod>>,
    surplus: usize,
    plan: &mut Plan<Write>,
) {
    let ranked = ranking::least_missed_first(active, &observed.siblings_on, observed.now);
    for pod in ranked.into_iter().take(surplus) {
        plan.act(Write::delete(pod.as_ref()));
        let message = format!("Deleted pod: {}", pod.name());
        plan.act(Write::Note(EventNote::normal(
            owner,
            "SuccessfulDelete",
            message,
        )));
        plan.explain(
            format!("delete pod/{}", pod.name()),
            "there are more pods than replicas",
        );
    }
}

/// When the next pod becomes available, if one is ready but not long enough.
fn next_available(observed: &Observed, min_ready: Duration) -> Option<Duration> {
    let waits = observed.claims.owned.iter().filter_map(|pod| {
        let ready_for = gantry_base::time::since(observed.now, pod.ready_since()?);
        min_ready
            .checked_sub(ready_for)
            .filter(|wait| !wait.is_zero())
    });
    waits.min()
}
