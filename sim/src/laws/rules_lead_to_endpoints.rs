//! Packets are led exactly to the endpoints that are ready, or to those that still serve when there
//! are no others, as the node saw them; a service without any is refused, and nothing else is led
//! anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::rc::Rc;

use gantry_api::{GroupResource, Object, Revision};
use gantry_routing::{Endpoint, Frontend, Protocol, Ruleset, Treatment};
use gantry_store::Snapshot;
use serde_json::Value;

use super::{Broken, Sight, Verdict, objects};
use crate::fact::Fact;

const SLICES: (&str, &str) = ("discovery.k8s.io", "endpointslices");
const SERVICES: (&str, &str) = ("", "services");

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// How far nodes have seen, by node and resource.
    seen: BTreeMap<(String, String), Revision>,
    wanted: Wanted,
}

/// Where packets are to be led, by the revisions of the Services and of the EndpointSlices that say
/// so: several nodes have seen the same.
#[derive(Debug, Default)]
struct Wanted(BTreeMap<(Revision, Revision), Rc<Leads>>);

type Leads = BTreeMap<Frontend, BTreeSet<Endpoint>>;

/// So many nodes may be out of step before it is worked out twice where packets are to be led.
const KEPT: usize = 16;

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "rules lead to endpoints"
    }

    fn fact(&mut self, fact: &Fact, sight: &Sight<'_>) -> Verdict {
        match fact {
            Fact::Seen {
                who,
                resource,
                revision,
            } => {
                let view = (who.clone(), resource.clone());
                self.seen.insert(view, *revision);
                Ok(())
            }
            // A machine that lost power has no rules at all.
            Fact::Rules { node, rules } if !rules.frontends.is_empty() => {
                let seen = |(group, resource): (&str, &str)| {
                    let resource = GroupResource::new(group, resource).to_string();
                    self.seen.get(&(node.clone(), resource)).copied()
                };
                match (seen(SERVICES), seen(SLICES)) {
                    (Some(services), Some(slices)) => {
                        let wanted = self.wanted.at((services, slices), sight.snapshot);
                        judge((node, rules), wanted.as_deref())
                    }
                    _ => Err(Broken::new(node, "made rules before it saw anything")),
                }
            }
            _ => Ok(()),
        }
    }

    fn audit(&mut self, sight: &Sight<'_>) -> Verdict {
        for (node, inside) in sight.parts {
            let (Some(view), Some(machine)) = (inside.view, &inside.machine) else {
                continue;
            };
            let mut seen = inside.followed.iter();
            let has_seen = seen.all(|watched| view.revision(&watched.resource).is_some());
            let seen = |(group, resource): (&str, &str)| {
                view.revision(&GroupResource::new(group, resource))
            };
            if let (Some(services), Some(slices), true) = (seen(SERVICES), seen(SLICES), has_seen) {
                let wanted = self.wanted.at((services, slices), sight.snapshot);
                judge((node, machine.rules), wanted.as_deref())?;
            }
        }
        Ok(())
    }

    fn settled(&mut self, sight: &Sight<'_>) -> Verdict {
        let now = sight.snapshot.revision();
        for (node, inside) in sight.parts {
            if let Some(machine) = &inside.machine {
                let wanted = self.wanted.at((now, now), sight.snapshot);
                judge((node, machine.rules), wanted.as_deref())?;
            }
        }
        Ok(())
    }
}

impl Wanted {
    /// Where packets are to be led; nothing when that is forgotten by now.
    fn at(
        &mut self,
        (services, slices): (Revision, Revision),
        snapshot: &Snapshot,
    ) -> Option<Rc<Leads>> {
        if let Some(known) = self.0.get(&(services, slices)) {
            return Some(Rc::clone(known));
        }
        let (Ok(past), Ok(behind)) = (snapshot.at(services), snapshot.at(slices)) else {
            return None;
        };
        let backends = Backends::read(&behind);
        let mut leads = Leads::new();
        for (_, service) in objects::known(&past, SERVICES) {
            for port in objects::list(&service, &["spec", "ports"]) {
                for frontend in frontends(&service, port) {
                    leads
                        .entry(frontend)
                        .or_insert_with(|| backends.of(&service, port));
                }
            }
        }
        let leads = Rc::new(leads);
        if self.0.len() >= KEPT {
            self.0.pop_first();
        }
        self.0.insert((services, slices), Rc::clone(&leads));
        Some(leads)
    }
}

/// Judges a node's rules by where packets were to be led at the revisions that it had seen.
fn judge((node, rules): (&str, &Ruleset), wanted: Option<&Leads>) -> Verdict {
    let Some(wanted) = wanted else {
        return Ok(());
    };
    let made = rules.frontends.iter();
    let made: BTreeMap<Frontend, BTreeSet<Endpoint>> = made
        .map(|(frontend, treatment)| (*frontend, led(treatment)))
        .collect();
    let all = wanted.keys().chain(made.keys());
    match all.into_iter().find(|one| wanted.get(one) != made.get(one)) {
        Some(frontend) => {
            let (wanted, made) = (wanted.get(frontend), made.get(frontend));
            let what = format!("{frontend} leads to {made:?} and should lead to {wanted:?}");
            Err(Broken::new(node, what).and(frontend))
        }
        None => Ok(()),
    }
}

fn led(treatment: &Treatment) -> BTreeSet<Endpoint> {
    match treatment {
        Treatment::Balance(balance) => balance.endpoints.clone(),
        Treatment::Drop | Treatment::Reject => BTreeSet::new(),
    }
}

/// Where clients send packets for a port of a service; nothing for those without an address.
fn frontends(service: &Object, port: &Value) -> Vec<Frontend> {
    let Ok(address) = service.text(&["spec", "clusterIP"]).parse::<Ipv4Addr>() else {
        return Vec::new();
    };
    let protocol = Protocol::named(port["protocol"].as_str());
    let number = |field: &str| {
        port[field]
            .as_u64()
            .and_then(|port| u16::try_from(port).ok())
    };
    let of = |address, port| {
        Some(Frontend {
            address,
            protocol: protocol?,
            port: port?,
        })
    };
    let inside = of(Some(address), number("port"));
    let outside = of(None, number("nodePort"));
    inside.into_iter().chain(outside).collect()
}

/// A service and one of its ports, by name and protocol.
type PortOf = (String, String, String, Option<Protocol>);

/// The endpoints of all services: those that are ready, and those that still serve.
struct Backends(BTreeMap<PortOf, [BTreeSet<Endpoint>; 2]>);

impl Backends {
    fn read(picture: &Snapshot) -> Self {
        let mut all = Self(BTreeMap::new());
        for (key, slice) in objects::known(picture, SLICES) {
            let labels = slice.labels();
            let Some(service) = labels.get("kubernetes.io/service-name") else {
                continue;
            };
            for port in objects::list(&slice, &["ports"]) {
                let [ready, leaving] = all
                    .0
                    .entry(port_of((&key.namespace, service), port))
                    .or_default();
                for endpoint in objects::list(&slice, &["endpoints"]) {
                    let is = |what: &str| endpoint["conditions"][what].as_bool();
                    let found = addresses(endpoint, port);
                    if is("ready") != Some(false) {
                        ready.extend(found);
                    } else if is("serving") == Some(true) && is("terminating") == Some(true) {
                        leaving.extend(found);
                    }
                }
            }
        }
        all
    }

    fn of(&self, service: &Object, port: &Value) -> BTreeSet<Endpoint> {
        let port = port_of((service.namespace(), service.name()), port);
        match self.0.get(&port) {
            Some([ready, leaving]) if ready.is_empty() => leaving.clone(),
            Some([ready, _]) => ready.clone(),
            None => BTreeSet::new(),
        }
    }
}

fn port_of((namespace, service): (&str, &str), port: &Value) -> PortOf {
    let name = port["name"].as_str().unwrap_or_default();
    let protocol = Protocol::named(port["protocol"].as_str());
    (
        namespace.to_owned(),
        service.to_owned(),
        name.to_owned(),
        protocol,
    )
}

fn addresses(endpoint: &Value, port: &Value) -> Vec<Endpoint> {
    let port = port["port"]
        .as_u64()
        .and_then(|port| u16::try_from(port).ok());
    let addresses = endpoint["addresses"].as_array().into_iter().flatten();
    let addresses = addresses.filter_map(|address| address.as_str()?.parse().ok());
    addresses
        .filter_map(|address| {
            Some(Endpoint {
                address,
                port: port?,
            })
        })
        .collect()
}
