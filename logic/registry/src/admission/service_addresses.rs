//! Every service that wants one gets an address of its own out of the cluster's ranges.
//!
//! An address is taken by an `IPAddress` object that is made in the same transaction as the
//! service: two services cannot get the same one, whatever happens at the same time.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use gantry_api::field_error::FieldErrors;
use gantry_api::{GroupResource, Object, ObjectKey, Rejection, Revision};
use gantry_base::entropy;
use gantry_base::time::rfc3339;
use gantry_store::{Guard, Key};

use crate::admission::{Admission, is_on};
use crate::call::Call;
use crate::limits::RANDOM_PICKS;
use crate::settings::Ipv4Range;
use crate::validate;

/// The form of a headless service's address.
const NONE: &str = "None";

pub(super) struct ServiceAddresses;

impl Admission for ServiceAddresses {
    fn mutate(
        &self,
        call: &mut Call<'_>,
        object: &mut Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        if !is_on(call, "", "services") {
            return Ok(());
        }
        if !wants_address(object) {
            for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
                object.remove(&["spec", field]);
            }
        } else {
            keep(object, old);
            choose(call, object)?;
            families(object);
        }
        let (held, wanted) = (old.map(addresses).unwrap_or_default(), addresses(object));
        for address in wanted.difference(&held) {
            take(call, object, *address)?;
        }
        for address in held.difference(&wanted) {
            call.give_back(record(*address));
        }
        Ok(())
    }

    fn removed(&self, call: &mut Call<'_>, object: &Object) -> Result<(), Rejection> {
        if is_on(call, "", "services") {
            for address in addresses(object) {
                call.give_back(record(address));
            }
        }
        Ok(())
    }
}

fn wants_address(service: &Object) -> bool {
    service.text(&["spec", "type"]) != "ExternalName"
}

/// A client that does not speak of the address means to keep it.
fn keep(service: &mut Object, old: Option<&Object>) {
    let own = service.text(&["spec", "clusterIP"]);
    let known = old
        .filter(|old| wants_address(old))
        .map(|old| old.text(&["spec", "clusterIP"]));
    match known {
        Some(known) if own.is_empty() && !known.is_empty() => {
            service.set(&["spec", "clusterIP"], Value::from(known));
        }
        _ => {}
    }
}

/// Makes the two fields agree, and finds a free address when neither names one.
fn choose(call: &mut Call<'_>, service: &mut Object) -> Result<(), Rejection> {
    let listed = service
        .at(&["spec", "clusterIPs"])
        .and_then(|list| list.get(0)?.as_str());
    let own = match service.text(&["spec", "clusterIP"]) {
        "" => listed.unwrap_or("").to_owned(),
        own => own.to_owned(),
    };
    let address = if own.is_empty() {
        free(call)?.to_string()
    } else {
        own
    };
    service.set(&["spec", "clusterIP"], Value::from(address.as_str()));
    service.set(&["spec", "clusterIPs"], json!([address]));
    Ok(())
}

fn families(service: &mut Object) {
    if service.at(&["spec", "ipFamilies"]).is_none() {
        service.set(&["spec", "ipFamilies"], json!(["IPv4"]));
    }
    if service.text(&["spec", "ipFamilyPolicy"]).is_empty() {
        service.set(&["spec", "ipFamilyPolicy"], Value::from("SingleStack"));
    }
}

/// Where addresses may be taken from: the cluster's own range, and those that were added to it.
struct Source {
    range: Ipv4Range,
    /// The object that added it, as it was read: who takes an address counts on its staying.
    added_by: Option<(Key, Revision)>,
}

fn sources(call: &Call<'_>) -> Vec<Source> {
    let own = call.registry.settings().service_range;
    let resource = GroupResource::new("networking.k8s.io", "servicecidrs");
    let prefix = ObjectKey::prefix(&resource, None);
    let mut sources = vec![Source {
        range: own,
        added_by: None,
    }];
    for (key, stored) in call.snapshot.range(&prefix, None) {
        let object = stored.value.object(stored.modified);
        if object.is_terminating() || !is_ready(&object) {
            continue;
        }
        let texts = object.at(&["spec", "cidrs"]).and_then(Value::as_array);
        let texts = texts.into_iter().flatten().filter_map(Value::as_str);
        let ranges = texts.filter_map(Ipv4Range::read);
        sources.extend(ranges.filter(|range| *range != own).map(|range| Source {
            range,
            added_by: Some((key.clone(), stored.modified)),
        }));
    }
    sources
}

fn is_ready(range: &Object) -> bool {
    let conditions = range
        .at(&["status", "conditions"])
        .and_then(Value::as_array);
    conditions.into_iter().flatten().any(|condition| {
        condition.get("type") == Some(&Value::from("Ready"))
            && condition.get("status") == Some(&Value::from("True"))
    })
}

fn shown(sources: &[Source]) -> String {
    let ranges: Vec<String> = sources
        .iter()
        .map(|source| source.range.to_string())
        .collect();
    ranges.join(", ")
}

/// A free address.
fn free(call: &mut Call<'_>) -> Result<Ipv4Addr, Rejection> {
    let sources = sources(call);
    let mut found = sources
        .iter()
        .filter_map(|source| free_in(call, source.range));
    found.next().ok_or_else(|| {
        Rejection::internal(format!(
            "failed to allocate a serviceIP: the range {} is full: delete services that are not \
             needed",
            shown(&sources)
        ))
    })
}

/// A free address of one range. Its beginning is left to services that name theirs.
fn free_in(call: &mut Call<'_>, range: Ipv4Range) -> Option<Ipv4Addr> {
    let size = range.size();
    let reserved = (size / 16).clamp(16, 256).min(size / 2);
    let span = usize::try_from(size.saturating_sub(reserved + 1)).unwrap_or(0);
    for _ in 0..RANDOM_PICKS.min(span) {
        let pick = u32::try_from(entropy::below(call.chance, span)).unwrap_or(0);
        if let Some(address) = range
            .at(reserved + pick)
            .filter(|address| is_free(call, *address))
        {
            return Some(address);
        }
    }
    // The first address is the API server's own.
    let rest = (reserved..size.saturating_sub(1)).chain(2..reserved);
    let mut rest = rest.filter_map(|offset| range.at(offset));
    rest.find(|address| is_free(call, *address))
}

fn is_free(call: &Call<'_>, address: Ipv4Addr) -> bool {
    call.snapshot.get(&record(address)).is_none()
}

/// Takes an address that the service names or was given.
fn take(call: &mut Call<'_>, service: &Object, address: Ipv4Addr) -> Result<(), Rejection> {
    let sources = sources(call);
    let source = sources.iter().find(|source| source.range.usable(address));
    let problem = match source {
        None => format!(
            "the provided network is not in the valid range. The range of valid IPs is {}",
            shown(&sources)
        ),
        Some(source) if is_free(call, address) => {
            let holder = holder(call, service, address);
            call.take(record(address), &holder);
            if let Some((key, since)) = source.added_by.clone() {
                call.require(Guard::Unchanged { key, since });
            }
            return Ok(());
        }
        Some(_) => "provided IP is already allocated".to_owned(),
    };
    let mut errors = FieldErrors::new();
    errors.invalid(
        &"spec.clusterIPs".into(),
        [address.to_string()],
        format!("failed to allocate IP {address}: {problem}"),
    );
    validate::refuse(call, service, errors)
}

/// The object that stands for a taken address.
fn holder(call: &mut Call<'_>, service: &Object, address: Ipv4Addr) -> Object {
    let value = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IPAddress",
        "metadata": {
            "name": address.to_string(),
            "uid": entropy::uid(call.chance),
            "creationTimestamp": rfc3339(call.now),
            "labels": {
                "ipaddress.kubernetes.io/ip-family": "IPv4",
                "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
            },
        },
        "spec": {"parentRef": {
            "group": "",
            "resource": "services",
            "namespace": service.namespace(),
            "name": service.name(),
        }},
    });
    Object::from_value(value).unwrap_or_default()
}

fn record(address: Ipv4Addr) -> Key {
    let resource = GroupResource::new("networking.k8s.io", "ipaddresses");
    Key::from(&ObjectKey::new(resource, "", &address.to_string()))
}

/// The addresses that a service holds.
fn addresses(service: &Object) -> BTreeSet<Ipv4Addr> {
    let list = service
        .at(&["spec", "clusterIPs"])
        .and_then(Value::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts
        .filter(|text| *text != NONE)
        .filter_map(|text| text.parse().ok())
        .collect()
}
