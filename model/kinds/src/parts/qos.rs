//! The quality of service that a pod gets from what its containers ask for.

use std::collections::BTreeMap;

use gantry_base::Quantity;
use k8s_openapi::api::core::v1::{Container, PodSpec};

use super::resources::{Amounts, amount};

const COUNTED: [&str; 2] = ["cpu", "memory"];

/// `Guaranteed`, `Burstable` or `BestEffort`.
#[must_use]
pub fn class(spec: &PodSpec) -> &'static str {
    let containers = spec
        .containers
        .iter()
        .chain(spec.init_containers.iter().flatten());
    let asked: Vec<_> = containers.map(asked).collect();
    let nothing = |(limits, requests): &Asked<'_>| limits.is_empty() && requests.is_empty();
    let all = |(limits, requests): &Asked<'_>| limits.len() == COUNTED.len() && limits == requests;
    if asked.iter().all(nothing) {
        "BestEffort"
    } else if asked.iter().all(all) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

type Asked<'a> = (BTreeMap<&'a str, Quantity>, BTreeMap<&'a str, Quantity>);

fn asked(container: &Container) -> Asked<'_> {
    let resources = container.resources.as_ref();
    let limits = positive(resources.and_then(|resources| resources.limits.as_ref()));
    let requests = positive(resources.and_then(|resources| resources.requests.as_ref()));
    (limits, requests)
}

fn positive(amounts: Option<&Amounts>) -> BTreeMap<&str, Quantity> {
    let amounts = amounts.into_iter().flatten();
    amounts
        .filter(|(resource, _)| COUNTED.contains(&resource.as_str()))
        .filter_map(|(resource, written)| Some((resource.as_str(), amount(written)?)))
        .filter(|(_, amount)| !amount.is_zero())
        .collect()
}
