//! Names of headless Services: their endpoints, together and one by one.
//!
//! An endpoint is called by its hostname, or else by its address with dashes for dots.

use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::ServiceSpec;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};

use super::{Zone, below};
use crate::name::Name;
use crate::wire::Record;

/// Adds what makes a headless Service known under `name`.
pub(super) fn add(zone: &mut Zone, name: &Name, spec: &ServiceSpec, slices: &[&EndpointSlice]) {
    let all = spec.publish_not_ready_addresses == Some(true);
    // Without endpoints the name still exists, with nothing to say.
    zone.names.entry(name.clone()).or_default();
    for slice in slices {
        for endpoint in slice
            .endpoints
            .iter()
            .filter(|endpoint| all || is_ready(endpoint))
        {
            add_endpoint(zone, name, slice, endpoint);
        }
    }
}

fn is_ready(endpoint: &Endpoint) -> bool {
    endpoint
        .conditions
        .as_ref()
        .and_then(|conditions| conditions.ready)
        .unwrap_or(true)
}

fn add_endpoint(zone: &mut Zone, name: &Name, slice: &EndpointSlice, endpoint: &Endpoint) {
    let hostname = endpoint
        .hostname
        .as_deref()
        .filter(|hostname| !hostname.is_empty());
    let addresses = endpoint
        .addresses
        .iter()
        .filter_map(|text| text.parse::<Ipv4Addr>().ok());
    for address in addresses {
        let dashed = address.to_string().replace('.', "-");
        let Some(own) = below(&[hostname.unwrap_or(&dashed)], name) else {
            continue;
        };
        zone.put_at(name.clone(), Record::A(address));
        zone.put_at(own.clone(), Record::A(address));
        if hostname.is_some() {
            zone.put_reverse(address, own.clone());
        }
        for port in slice.ports.iter().flatten() {
            if let Some(number) = port.port.and_then(|number| u16::try_from(number).ok()) {
                let label = (port.name.as_deref(), port.protocol.as_deref());
                zone.put_port(
                    name,
                    label,
                    Record::Srv {
                        port: number,
                        target: own.clone(),
                    },
                );
            }
        }
    }
}
