//! `Endpoints`: the addresses behind a service, all in one object. `EndpointSlice` replaces it.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::core::v1::{EndpointAddress, EndpointSubset, Endpoints};
use serde_json::Value;

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::container_default::fill;
use crate::parts::{cell, check, ports};
use crate::rules::Rules;

/// How many addresses a table shows.
const SHOWN: usize = 3;

/// The addresses behind a service, all in one object.
#[derive(Debug)]
pub struct EndpointsKind;

impl Kind for EndpointsKind {
    type Object = Endpoints;

    const SHORT: &'static [&'static str] = &["ep"];
    const COLUMNS: &'static [Column<Endpoints>] = &[
        Column::NAME,
        Column::text(
            "Endpoints",
            "The addresses that are ready.",
            |endpoints, _| shown(endpoints),
        ),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().created_by_update();

    fn default(endpoints: &mut Endpoints) {
        for subset in endpoints.subsets.iter_mut().flatten() {
            for port in subset.ports.iter_mut().flatten() {
                fill(&mut port.protocol, "TCP");
            }
        }
    }

    fn validate(endpoints: &Endpoints, _old: Option<&Endpoints>, errors: &mut FieldErrors) {
        for (index, subset) in endpoints.subsets.iter().flatten().enumerate() {
            validate_subset(subset, &FieldPath::new("subsets").index(index), errors);
        }
    }

    fn warnings(_endpoints: &Endpoints, _old: Option<&Endpoints>) -> Vec<String> {
        vec![
            "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
                .to_owned(),
        ]
    }
}

fn validate_subset(subset: &EndpointSubset, path: &FieldPath, errors: &mut FieldErrors) {
    let ready = subset.addresses.as_deref().unwrap_or(&[]);
    let waiting = subset.not_ready_addresses.as_deref().unwrap_or(&[]);
    if ready.is_empty() && waiting.is_empty() {
        errors.required(path, "must specify `addresses` or `notReadyAddresses`");
    }
    for (field, addresses) in [("addresses", ready), ("notReadyAddresses", waiting)] {
        for (index, address) in addresses.iter().enumerate() {
            validate_address(address, &path.field(field).index(index), errors);
        }
    }
    let subset_ports = subset.ports.as_deref().unwrap_or(&[]);
    for (index, port) in subset_ports.iter().enumerate() {
        let path = path.field("ports").index(index);
        match port.name.as_deref().unwrap_or("") {
            "" if subset_ports.len() > 1 => errors.required(&path.field("name"), ""),
            "" => {}
            name => errors.named(&path.field("name"), name, name::dns_label),
        }
        ports::number(port.port, &path.field("port"), errors);
        check::one_of(
            port.protocol.as_deref(),
            &ports::PROTOCOLS,
            &path.field("protocol"),
            errors,
        );
    }
}

fn validate_address(address: &EndpointAddress, path: &FieldPath, errors: &mut FieldErrors) {
    if let Some(ip) = check::ip(&address.ip, &path.field("ip"), errors) {
        special(ip, &address.ip, &path.field("ip"), errors);
    }
    if let Some(host) = address.hostname.as_deref().filter(|host| !host.is_empty()) {
        errors.named(&path.field("hostname"), host, name::dns_label);
    }
}

/// Addresses by which a client could reach its own machine may not be given out.
pub(crate) fn special(
    ip: std::net::IpAddr,
    written: &str,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let link_local = match ip {
        std::net::IpAddr::V4(ip) => ip.is_link_local(),
        std::net::IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    let wrong = [
        (
            ip.is_unspecified(),
            "may not be unspecified (0.0.0.0 or ::)",
        ),
        (
            ip.is_loopback(),
            "may not be in the loopback range (127.0.0.0/8, ::1/128)",
        ),
        (
            link_local,
            "may not be in the link-local range (169.254.0.0/16, fe80::/10)",
        ),
        (
            ip.is_multicast(),
            "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
        ),
    ];
    for (_, detail) in wrong.into_iter().filter(|(applies, _)| *applies) {
        errors.invalid(path, written, detail);
    }
}

fn shown(endpoints: &Endpoints) -> Value {
    let mut list = Vec::new();
    for subset in endpoints.subsets.iter().flatten() {
        let ports: Vec<i32> = subset
            .ports
            .iter()
            .flatten()
            .map(|port| port.port)
            .collect();
        for address in subset.addresses.iter().flatten() {
            if ports.is_empty() {
                list.push(address.ip.clone());
            }
            list.extend(ports.iter().map(|port| joined(&address.ip, *port)));
        }
    }
    cell::or_none(&cell::first_of(&list, SHOWN))
}

fn joined(ip: &str, port: i32) -> String {
    if ip.contains(':') {
        format!("[{ip}]:{port}")
    } else {
        format!("{ip}:{port}")
    }
}
