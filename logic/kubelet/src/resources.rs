//! Requests and limits in the kernel's terms.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, Pod, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;

use gantry_base::Quantity;

use crate::pod::{all_containers, is_sidecar};
use crate::sandbox::Resources;

/// The least weight that the kernel knows.
const SHARES_MIN: u64 = 2;
/// The greatest.
const SHARES_MAX: u64 = 262_144;
/// The period over which processor time is counted out.
const PERIOD_US: u64 = 100_000;
/// The least amount of it that the kernel accepts.
const QUOTA_MIN_US: u64 = 1000;

/// The share of guaranteed pods in being killed: almost none.
const OOM_GUARANTEED: i32 = -997;
/// That of pods that asked for nothing: they go first.
const OOM_BEST_EFFORT: i32 = 1000;

/// The limits of one container.
#[must_use]
pub fn of_container(spec: &Container) -> Resources {
    let own = spec.resources.as_ref();
    let limit = amount(own, Limits, "cpu");
    let request = amount(own, Requests, "cpu").or(limit);
    Resources {
        cpu_shares: Some(shares(request.unwrap_or(Quantity::ZERO))),
        cpu_quota_us: limit.map(quota),
        cpu_period_us: limit.map(|_| PERIOD_US),
        memory_bytes: amount(own, Limits, "memory").and_then(bytes),
        pids: None,
    }
}

/// The limits of all containers of a pod together. There is one only if every container has one.
#[must_use]
pub fn of_pod(pod: &Pod) -> Resources {
    let limit = |resource| {
        let limits: Option<Vec<Quantity>> = all_containers(pod)
            .map(|container| amount(container.resources.as_ref(), Limits, resource))
            .collect();
        limits.map(|_| effective(pod, Limits, resource))
    };
    let overhead = |resource| {
        let overhead = pod.spec.as_ref()?.overhead.as_ref()?;
        read(overhead.get(resource)?)
    };
    let with = |amount: Quantity, resource| amount + overhead(resource).unwrap_or(Quantity::ZERO);
    let cpu = limit("cpu").map(|amount| with(amount, "cpu"));
    Resources {
        cpu_shares: Some(shares(with(effective(pod, Requests, "cpu"), "cpu"))),
        cpu_quota_us: cpu.map(quota),
        cpu_period_us: cpu.map(|_| PERIOD_US),
        memory_bytes: limit("memory").and_then(|amount| bytes(with(amount, "memory"))),
        pids: None,
    }
}

/// How readily the kernel kills the container when memory runs out: the less it asked for, the
/// sooner.
#[must_use]
pub fn oom_score_adj(pod: &Pod, spec: &Container, memory: Quantity) -> i32 {
    let class = pod
        .status
        .as_ref()
        .and_then(|status| status.qos_class.as_deref());
    let critical = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.priority_class_name.as_deref());
    match class {
        _ if critical == Some("system-node-critical") => OOM_GUARANTEED,
        Some("Guaranteed") => OOM_GUARANTEED,
        Some("BestEffort") => OOM_BEST_EFFORT,
        Some(_) | None => {
            let request = amount(spec.resources.as_ref(), Requests, "memory");
            let request = request.unwrap_or(Quantity::ZERO).value();
            let part = i128::from(request) * 1000 / i128::from(memory.value().max(1));
            let left = i32::try_from(1000 - part).unwrap_or(0);
            left.clamp(1000 + OOM_GUARANTEED, OOM_BEST_EFFORT - 1)
        }
    }
}

#[derive(Clone, Copy)]
enum Which {
    Limits,
    Requests,
}
use Which::{Limits, Requests};

/// What the pod needs at its busiest: all containers at once, or one init container beside the
/// sidecars before it.
fn effective(pod: &Pod, which: Which, resource: &str) -> Quantity {
    let of = |container: &Container| {
        amount(container.resources.as_ref(), which, resource).unwrap_or(Quantity::ZERO)
    };
    let Some(spec) = pod.spec.as_ref() else {
        return Quantity::ZERO;
    };
    let (mut sidecars, mut most) = (Quantity::ZERO, Quantity::ZERO);
    for init in spec.init_containers.iter().flatten() {
        most = most.max(sidecars + of(init));
        if is_sidecar(init) {
            sidecars = sidecars + of(init);
        }
    }
    let together: Quantity = spec.containers.iter().map(of).sum();
    most.max(sidecars + together)
}

fn amount(own: Option<&ResourceRequirements>, which: Which, resource: &str) -> Option<Quantity> {
    let own = own?;
    let list: &Option<BTreeMap<String, Written>> = match which {
        Limits => &own.limits,
        Requests => &own.requests,
    };
    read(list.as_ref()?.get(resource)?).filter(|amount| !amount.is_zero())
}

fn read(written: &Written) -> Option<Quantity> {
    written.0.parse().ok()
}

fn shares(cpu: Quantity) -> u64 {
    let millis = u64::try_from(cpu.milli_value()).unwrap_or(0);
    (millis.saturating_mul(1024) / 1000).clamp(SHARES_MIN, SHARES_MAX)
}

fn quota(cpu: Quantity) -> u64 {
    let millis = u64::try_from(cpu.milli_value()).unwrap_or(0);
    (millis.saturating_mul(PERIOD_US) / 1000).max(QUOTA_MIN_US)
}

fn bytes(memory: Quantity) -> Option<u64> {
    u64::try_from(memory.value()).ok()
}
