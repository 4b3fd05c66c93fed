//! What a pod takes from the quotas of its namespace: itself, and what its containers may use.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gantry_api::views::amounts::{self, Amounts, Side};
use gantry_base::Quantity;
use gantry_base::time::{Timestamp, after};
use k8s_openapi::api::core::v1::{Affinity, Pod, PodAffinityTerm, PodSpec, ResourceRequirements};

use crate::cost::Cost;
use crate::parts::quota_resource::COMPUTE;
use crate::parts::{qos, resources};

const PODS: &str = "pods";
/// What containers ask for and are limited in under names of their own.
const MEASURED: [&str; 3] = ["cpu", "ephemeral-storage", "memory"];

/// Whether pods take of `resource`.
pub(super) fn takes(resource: &str) -> bool {
    let stem = ["limits.", "requests."]
        .iter()
        .find_map(|prefix| resource.strip_prefix(prefix));
    resource == PODS
        || MEASURED.contains(&stem.unwrap_or(resource))
        || resource.starts_with("hugepages-")
        || resource.starts_with("requests.hugepages-")
        || resource
            .strip_prefix("requests.")
            .is_some_and(resources::is_extended)
}

/// What the pod takes at `now`. One that has ended takes nothing any more.
pub(super) fn of(pod: &Pod, now: Timestamp) -> Cost {
    let Some(spec) = &pod.spec else {
        return Cost::default();
    };
    Cost {
        amounts: if is_over(pod, now) {
            Amounts::new()
        } else {
            with_names(&total(spec, Side::Requests), &total(spec, Side::Limits))
        },
        scopes: scopes(spec),
        unsaid: unsaid(spec),
    }
}

/// A pod is over when it has ended, or when nobody has ended it although its time was up twice.
fn is_over(pod: &Pod, now: Timestamp) -> bool {
    let status = pod.status.as_ref();
    let phase = status.and_then(|status| status.phase.as_deref());
    let meta = &pod.metadata;
    let overdue = meta.deletion_timestamp.as_ref().is_some_and(|end| {
        let grace = meta.deletion_grace_period_seconds.unwrap_or(0);
        let grace = Duration::from_secs(u64::try_from(grace).unwrap_or(0));
        after(end.0, grace) < now
    });
    matches!(phase, Some("Failed" | "Succeeded")) || overdue
}

/// What all containers take together, with what running them takes.
fn total(spec: &PodSpec, side: Side) -> Amounts {
    let mut total = amounts::of_pod(spec, side);
    let mut overhead = amounts::read(spec.overhead.as_ref());
    // Where there is no limit, overhead does not make one.
    overhead.retain(|resource, _| side == Side::Requests || total.contains_key(resource));
    amounts::add(&mut total, &overhead);
    total
}

/// The same amounts under the names that quotas use.
fn with_names(requests: &Amounts, limits: &Amounts) -> Amounts {
    let mut named = Amounts::from([(PODS.to_owned(), Quantity::units(1))]);
    for (resource, amount) in requests {
        if MEASURED.contains(&resource.as_str()) || resource.starts_with("hugepages-") {
            named.insert(resource.clone(), *amount);
            named.insert(format!("requests.{resource}"), *amount);
        } else if resources::is_extended(resource) {
            named.insert(format!("requests.{resource}"), *amount);
        }
    }
    for (resource, amount) in limits {
        if MEASURED.contains(&resource.as_str()) {
            named.insert(format!("limits.{resource}"), *amount);
        }
    }
    named
}

fn scopes(spec: &PodSpec) -> BTreeMap<&'static str, Option<String>> {
    let when = |is_in: bool| is_in.then(String::new);
    let ends = spec
        .active_deadline_seconds
        .is_some_and(|seconds| seconds >= 0);
    let best_effort = qos::class(spec) == "BestEffort";
    let class = spec.priority_class_name.clone();
    BTreeMap::from([
        ("BestEffort", when(best_effort)),
        ("CrossNamespacePodAffinity", when(looks_abroad(spec))),
        ("NotBestEffort", when(!best_effort)),
        ("NotTerminating", when(!ends)),
        ("PriorityClass", class.filter(|class| !class.is_empty())),
        ("Terminating", when(ends)),
    ])
}

/// Whether the pod wants to be near pods of other namespaces, or far from them.
fn looks_abroad(spec: &PodSpec) -> bool {
    spec.affinity
        .as_ref()
        .is_some_and(|affinity| terms(affinity).any(is_abroad))
}

fn is_abroad(term: &PodAffinityTerm) -> bool {
    let named = term.namespaces.as_ref();
    term.namespace_selector.is_some() || named.is_some_and(|named| !named.is_empty())
}

fn terms(affinity: &Affinity) -> impl Iterator<Item = &PodAffinityTerm> {
    let near = affinity.pod_affinity.as_ref();
    let far = affinity.pod_anti_affinity.as_ref();
    let must = [
        near.and_then(|near| {
            near.required_during_scheduling_ignored_during_execution
                .as_ref()
        }),
        far.and_then(|far| {
            far.required_during_scheduling_ignored_during_execution
                .as_ref()
        }),
    ];
    let may = [
        near.and_then(|near| {
            near.preferred_during_scheduling_ignored_during_execution
                .as_ref()
        }),
        far.and_then(|far| {
            far.preferred_during_scheduling_ignored_during_execution
                .as_ref()
        }),
    ];
    let may = may.into_iter().flatten().flatten();
    let must = must.into_iter().flatten().flatten();
    must.chain(may.map(|weighted| &weighted.pod_affinity_term))
}

/// What containers leave open. What the pod says as a whole is said for all of them.
fn unsaid(spec: &PodSpec) -> BTreeMap<&'static str, BTreeSet<String>> {
    let whole = said(spec.resources.as_ref());
    let mut unsaid: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    let containers = spec
        .containers
        .iter()
        .chain(spec.init_containers.iter().flatten());
    for container in containers {
        let own = said(container.resources.as_ref());
        for resource in COMPUTE {
            if !own.contains_key(resource) && !whole.contains_key(resource) {
                let names = unsaid.entry(resource).or_default();
                names.insert(container.name.clone());
            }
        }
    }
    unsaid
}

fn said(resources: Option<&ResourceRequirements>) -> Amounts {
    with_names(
        &amounts::of_resources(resources, Side::Requests),
        &amounts::of_resources(resources, Side::Limits),
    )
}
