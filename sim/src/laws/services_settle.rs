//! In the end every Service's slices and Endpoints name exactly its ready pods, and addresses and
//! node ports are taken by exactly the Services that are there.

use std::collections::BTreeSet;

use gantry_api::{Object, ObjectKey};
use serde_json::Value;

use super::{Broken, Sight, Verdict, objects};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law;

type Addresses = BTreeSet<String>;

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "services settle"
    }

    fn settled(&mut self, sight: &Sight<'_>) -> Verdict {
        let all = |group: &str, resource: &str| objects::all(sight.snapshot, group, resource);
        let services = all("", "services");
        let pods = all("", "pods");
        let slices = all("discovery.k8s.io", "endpointslices");
        let endpoints = all("", "endpoints");
        for (key, service) in &services {
            let Some(selector) = service.at(&["spec", "selector"]) else {
                continue;
            };
            let wanted = ready(&pods, &key.namespace, selector);
            let own = slices.iter().filter(|(slice, object)| {
                let of = ["metadata", "labels", "kubernetes.io/service-name"];
                slice.namespace == key.namespace && object.text(&of) == key.name
            });
            let sliced = own.flat_map(|(_, slice)| in_slice(slice)).collect();
            same(key, "slices", (&wanted, &sliced))?;
            let own = endpoints.iter().filter(|(other, _)| {
                (&other.namespace, &other.name) == (&key.namespace, &key.name)
            });
            let listed = own.flat_map(|(_, object)| in_endpoints(object)).collect();
            same(key, "Endpoints", (&wanted, &listed))?;
        }
        taken(sight, &services)
    }
}

fn same(key: &ObjectKey, where_: &str, (wanted, found): (&Addresses, &Addresses)) -> Verdict {
    if wanted == found {
        return Ok(());
    }
    let what = format!("its ready pods have {wanted:?}, and its {where_} {found:?}");
    Err(Broken::new(key, what))
}

fn ready(pods: &[(ObjectKey, Object)], namespace: &str, selector: &Value) -> Addresses {
    let selector = selector.as_object();
    let is_selected = |pod: &Object| {
        let labels = pod.labels();
        let mut wanted = selector.into_iter().flatten();
        wanted.all(|(name, value)| labels.get(name).map(String::as_str) == value.as_str())
    };
    let pods = pods.iter().filter(|(key, _)| key.namespace == namespace);
    pods.filter(|(_, pod)| objects::is_available(pod) && is_selected(pod))
        .map(|(_, pod)| pod.text(&["status", "podIP"]).to_owned())
        .collect()
}

fn in_slice(slice: &Object) -> Addresses {
    let endpoints = objects::list(slice, &["endpoints"]).iter();
    let ready = endpoints.filter(|endpoint| endpoint["conditions"]["ready"] != false);
    let addresses = ready.filter_map(|endpoint| endpoint["addresses"].as_array());
    let addresses = addresses.flatten().filter_map(Value::as_str);
    addresses.map(str::to_owned).collect()
}

fn in_endpoints(endpoints: &Object) -> Addresses {
    let subsets = objects::list(endpoints, &["subsets"]).iter();
    let addresses = subsets.filter_map(|subset| subset["addresses"].as_array());
    let addresses = addresses
        .flatten()
        .filter_map(|address| address["ip"].as_str());
    addresses.map(str::to_owned).collect()
}

/// Judges what is allocated.
fn taken(sight: &Sight<'_>, services: &[(ObjectKey, Object)]) -> Verdict {
    let addresses = services
        .iter()
        .map(|(_, service)| service.text(&["spec", "clusterIP"]));
    let addresses = addresses.filter(|address| !address.is_empty() && *address != "None");
    let addresses: Addresses = addresses.map(str::to_owned).collect();
    let taken = objects::all(sight.snapshot, "networking.k8s.io", "ipaddresses");
    let taken: Addresses = taken.into_iter().map(|(key, _)| key.name).collect();
    exact("addresses", (&addresses, &taken))?;
    let ports = services
        .iter()
        .flat_map(|(_, service)| objects::list(service, &["spec", "ports"]));
    let ports = ports.filter_map(|port| port["nodePort"].as_u64());
    let ports: Addresses = ports.map(|port| port.to_string()).collect();
    let taken = sight.snapshot.range("~nodeports//", None);
    let taken = taken.filter_map(|(key, _)| key.as_str().strip_prefix("~nodeports//"));
    exact("node ports", (&ports, &taken.map(str::to_owned).collect()))
}

fn exact(what: &str, (used, taken): (&Addresses, &Addresses)) -> Verdict {
    if used == taken {
        return Ok(());
    }
    let lost: Vec<_> = taken.difference(used).collect();
    let free: Vec<_> = used.difference(taken).collect();
    let what = format!("{what}: {lost:?} are taken by nobody, {free:?} are used and not taken");
    Err(Broken::new("services", what))
}
