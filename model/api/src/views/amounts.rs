//! What the containers of a pod ask for together, and what they may use at most.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;

use gantry_base::Quantity;

/// Amounts by resource name.
pub type Amounts = BTreeMap<String, Quantity>;

/// Which of the two amounts of a container is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What it may use at most.
    Limits,
    /// What it asks for.
    Requests,
}

/// The amounts of all containers of a pod: those that run together, or the largest that runs
/// before them if that is more, sidecars counted with both. What the pod says as a whole counts
/// instead. The overhead of its runtime is not in it.
#[must_use]
pub fn of_pod(spec: &PodSpec, side: Side) -> Amounts {
    let mut running = Amounts::new();
    let mut starting = Amounts::new();
    let mut sidecars = Amounts::new();
    for container in spec.init_containers.iter().flatten() {
        let mut own = of_container(container, side);
        add(&mut own, &sidecars);
        if container.restart_policy.as_deref() == Some("Always") {
            sidecars.clone_from(&own);
        }
        raise(&mut starting, &own);
    }
    for container in &spec.containers {
        add(&mut running, &of_container(container, side));
    }
    add(&mut running, &sidecars);
    raise(&mut running, &starting);
    running.extend(of_resources(spec.resources.as_ref(), side));
    running
}

/// The amounts of one container.
#[must_use]
pub fn of_container(container: &Container, side: Side) -> Amounts {
    of_resources(container.resources.as_ref(), side)
}

/// The amounts of a map as the API writes it. What is no quantity was refused on the way in.
#[must_use]
pub fn read(map: Option<&BTreeMap<String, Written>>) -> Amounts {
    let read = |(name, amount): (&String, &Written)| Some((name.clone(), amount.0.parse().ok()?));
    map.into_iter().flatten().filter_map(read).collect()
}

/// Adds `more` to `total`.
pub fn add(total: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let known = total.entry(name.clone()).or_default();
        *known = *known + *amount;
    }
}

/// Takes away what was added once.
pub fn subtract(total: &mut Amounts, less: &Amounts) {
    for (name, amount) in less {
        let known = total.entry(name.clone()).or_default();
        *known = *known - *amount;
    }
}

/// The amounts that are written in one place.
#[must_use]
pub fn of_resources(resources: Option<&ResourceRequirements>, side: Side) -> Amounts {
    read(resources.and_then(|resources| match side {
        Side::Limits => resources.limits.as_ref(),
        Side::Requests => resources.requests.as_ref(),
    }))
}

fn raise(total: &mut Amounts, other: &Amounts) {
    for (name, amount) in other {
        let known = total.entry(name.clone()).or_default();
        *known = (*known).max(*amount);
    }
}
