//! Every service that is reached from outside gets node ports that no other service has.
//!
//! A port is taken by a small record of ours, made in the same transaction as the service.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use gantry_api::field_error::FieldErrors;
use gantry_api::{Object, Rejection};
use gantry_base::{FieldPath, entropy};
use gantry_store::Key;

use crate::admission::{Admission, is_on};
use crate::call::Call;
use crate::limits::RANDOM_PICKS;
use crate::validate;

pub(super) struct ServicePorts;

impl Admission for ServicePorts {
    fn mutate(
        &self,
        call: &mut Call<'_>,
        object: &mut Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        if !is_on(call, "", "services") {
            return Ok(());
        }
        let held = old.map(node_ports).unwrap_or_default();
        if wants_node_ports(object) {
            keep(object, old);
            take_named(call, object, &held)?;
            choose(call, object)?;
        } else {
            clear(object, old);
        }
        for port in held.difference(&node_ports(object)) {
            call.give_back(record(*port));
        }
        Ok(())
    }

    fn removed(&self, call: &mut Call<'_>, object: &Object) -> Result<(), Rejection> {
        if is_on(call, "", "services") {
            for port in node_ports(object) {
                call.give_back(record(port));
            }
        }
        Ok(())
    }
}

fn wants_node_ports(service: &Object) -> bool {
    match service.text(&["spec", "type"]) {
        "NodePort" => true,
        "LoadBalancer" => {
            let wanted = service.at(&["spec", "allocateLoadBalancerNodePorts"]);
            wanted != Some(&Value::Bool(false))
        }
        _ => false,
    }
}

/// A client that does not speak of a port's node port means to keep it.
fn keep(service: &mut Object, old: Option<&Object>) {
    let Some(old) = old.filter(|old| wants_node_ports(old)) else {
        return;
    };
    let named: BTreeSet<u64> = node_ports(service);
    for port in ports_mut(service) {
        if node_port(port).is_some() {
            continue;
        }
        let same = |known: &&Value| same_port(known, port);
        let known = ports(old).iter().find(same).and_then(node_port);
        if let Some(known) = known.filter(|known| !named.contains(known)) {
            set(port, known);
        }
    }
}

fn same_port(left: &Value, right: &Value) -> bool {
    left.get("port") == right.get("port") && left.get("protocol") == right.get("protocol")
}

/// Takes the node ports that the service names and does not hold yet.
fn take_named(
    call: &mut Call<'_>,
    service: &Object,
    held: &BTreeSet<u64>,
) -> Result<(), Rejection> {
    let range = call.registry.settings().node_ports.clone();
    let mut errors = FieldErrors::new();
    let mut taken = BTreeSet::new();
    for (index, port) in ports(service).iter().enumerate() {
        let Some(number) = node_port(port) else {
            continue;
        };
        if held.contains(&number) || !taken.insert(number) {
            continue;
        }
        let path = FieldPath::new("spec")
            .field("ports")
            .index(index)
            .field("nodePort");
        if !u16::try_from(number).is_ok_and(|number| range.contains(&number)) {
            let detail = format!(
                "provided port is not in the valid range. The range of valid ports is {}-{}",
                range.start(),
                range.end()
            );
            errors.invalid(&path, number, detail);
        } else if call.snapshot.get(&record(number)).is_some() {
            errors.invalid(&path, number, "provided port is already allocated");
        } else {
            take(call, service, number);
        }
    }
    validate::refuse(call, service, errors)
}

/// Finds a free node port for every port that has none.
fn choose(call: &mut Call<'_>, service: &mut Object) -> Result<(), Rejection> {
    let wanting = ports(service)
        .iter()
        .filter(|port| node_port(port).is_none())
        .count();
    let mut chosen = node_ports(service);
    let mut fresh = Vec::new();
    for _ in 0..wanting {
        let port = free(call, &chosen)?;
        take(call, service, port);
        chosen.insert(port);
        fresh.push(port);
    }
    let mut fresh = fresh.into_iter();
    for port in ports_mut(service)
        .iter_mut()
        .filter(|port| node_port(port).is_none())
    {
        if let Some(number) = fresh.next() {
            set(port, number);
        }
    }
    Ok(())
}

fn free(call: &mut Call<'_>, chosen: &BTreeSet<u64>) -> Result<u64, Rejection> {
    let range = call.registry.settings().node_ports.clone();
    let (first, count) = (u64::from(*range.start()), range.len());
    let is_free = |call: &Call<'_>, port: u64| {
        !chosen.contains(&port) && call.snapshot.get(&record(port)).is_none()
    };
    for _ in 0..RANDOM_PICKS.min(count) {
        let pick = u64::try_from(entropy::below(call.chance, count)).unwrap_or(0);
        if is_free(call, first + pick) {
            return Ok(first + pick);
        }
    }
    let mut rest = range.map(u64::from);
    rest.find(|port| is_free(call, *port)).ok_or_else(|| {
        Rejection::internal(
            "failed to allocate a nodePort: range is full: delete services that are not needed",
        )
    })
}

/// A service that is not reached from outside has no node ports: those left over from its former
/// type go, others are for validation to refuse.
fn clear(service: &mut Object, old: Option<&Object>) {
    let held = old.map(node_ports).unwrap_or_default();
    for port in ports_mut(service) {
        if node_port(port).is_some_and(|number| held.contains(&number)) {
            port.as_object_mut().map(|port| port.remove("nodePort"));
        }
    }
}

fn take(call: &mut Call<'_>, service: &Object, port: u64) {
    let holder = json!({"metadata": {"namespace": service.namespace(), "name": service.name()}});
    call.take(
        record(port),
        &Object::from_value(holder).unwrap_or_default(),
    );
}

fn record(port: u64) -> Key {
    Key::new(format!("~nodeports//{port}"))
}

/// The node ports that a service holds.
fn node_ports(service: &Object) -> BTreeSet<u64> {
    ports(service).iter().filter_map(node_port).collect()
}

fn node_port(port: &Value) -> Option<u64> {
    port.get("nodePort")?.as_u64().filter(|number| *number > 0)
}

fn set(port: &mut Value, number: u64) {
    if let Some(port) = port.as_object_mut() {
        port.insert("nodePort".to_owned(), Value::from(number));
    }
}

fn ports(service: &Object) -> &[Value] {
    let list = service.at(&["spec", "ports"]).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

fn ports_mut(service: &mut Object) -> &mut [Value] {
    let spec = service.0.get_mut("spec");
    let list = spec
        .and_then(|spec| spec.get_mut("ports"))
        .and_then(Value::as_array_mut);
    list.map_or(&mut [], Vec::as_mut_slice)
}
