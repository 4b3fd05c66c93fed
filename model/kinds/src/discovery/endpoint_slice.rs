//! `EndpointSlice`: some of the addresses behind a service.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointPort, EndpointSlice};
use serde_json::Value;

use crate::column::Column;
use crate::core_v1::endpoints::special;
use crate::kind::Kind;
use crate::parts::container_default::fill;
use crate::parts::{cell, check, ports};
use crate::rules::Rules;

const TYPES: [&str; 3] = ["FQDN", "IPv4", "IPv6"];
const ENDPOINTS_MAX: usize = 1000;
const ADDRESSES_MAX: usize = 100;
const PORTS_MAX: usize = 20_000;
/// How many entries a table shows.
const SHOWN: usize = 3;

/// Some of the addresses behind a service.
#[derive(Debug)]
pub struct EndpointSlices;

impl Kind for EndpointSlices {
    type Object = EndpointSlice;

    const COLUMNS: &'static [Column<EndpointSlice>] = &[
        Column::NAME,
        Column::text("AddressType", "What its addresses are.", |slice, _| {
            slice.address_type.as_str().into()
        }),
        Column::text("Ports", "The ports of all its addresses.", |slice, _| {
            shown_ports(slice)
        }),
        Column::text("Endpoints", "Its addresses.", |slice, _| {
            shown_addresses(slice)
        }),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().counting(&[
        &["addressType"],
        &["endpoints"],
        &["ports"],
        &["metadata", "labels"],
    ]);

    fn default(slice: &mut EndpointSlice) {
        for port in slice.ports.iter_mut().flatten() {
            port.name.get_or_insert_default();
            fill(&mut port.protocol, "TCP");
        }
    }

    fn validate(slice: &EndpointSlice, old: Option<&EndpointSlice>, errors: &mut FieldErrors) {
        let kind = slice.address_type.as_str();
        check::one_of(Some(kind), &TYPES, &"addressType".into(), errors);
        let path = FieldPath::new("endpoints");
        check::at_most(slice.endpoints.len(), ENDPOINTS_MAX, &path, errors);
        for (index, endpoint) in slice.endpoints.iter().enumerate() {
            validate_endpoint(endpoint, kind, &path.index(index), errors);
        }
        validate_ports(slice.ports.as_deref().unwrap_or(&[]), errors);
        if let Some(old) = old {
            errors.require_same(
                &"addressType".into(),
                &slice.address_type,
                &old.address_type,
            );
        }
    }
}

fn validate_endpoint(endpoint: &Endpoint, kind: &str, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("addresses");
    if endpoint.addresses.is_empty() {
        errors.required(&at, "must contain at least 1 address");
    }
    check::at_most(endpoint.addresses.len(), ADDRESSES_MAX, &at, errors);
    for (index, address) in endpoint.addresses.iter().enumerate() {
        validate_address(address, kind, &at.index(index), errors);
    }
    if let Some(host) = &endpoint.hostname {
        errors.named(&path.field("hostname"), host, name::dns_label);
    }
    if let Some(node) = &endpoint.node_name {
        errors.named(&path.field("nodeName"), node, name::dns_subdomain);
    }
}

fn validate_address(address: &str, kind: &str, path: &FieldPath, errors: &mut FieldErrors) {
    match kind {
        "IPv4" => match address.parse::<Ipv4Addr>() {
            Ok(ip) => special(ip.into(), address, path, errors),
            Err(_) => errors.invalid(path, address, "must be an IPv4 address"),
        },
        "IPv6" => match address.parse::<Ipv6Addr>() {
            Ok(ip) => special(ip.into(), address, path, errors),
            Err(_) => errors.invalid(path, address, "must be an IPv6 address"),
        },
        "FQDN" => errors.named(path, address, name::dns_subdomain),
        _ => {}
    }
}

fn validate_ports(list: &[EndpointPort], errors: &mut FieldErrors) {
    let path = FieldPath::new("ports");
    check::at_most(list.len(), PORTS_MAX, &path, errors);
    let mut names = BTreeSet::new();
    for (index, port) in list.iter().enumerate() {
        let path = path.index(index);
        let name = port.name.as_deref().unwrap_or("");
        if !name.is_empty() {
            errors.named(&path.field("name"), name, name::dns_label);
        }
        if !names.insert(name) {
            errors.duplicate(&path.field("name"), name);
        }
        if let Some(number) = port.port {
            ports::number(number, &path.field("port"), errors);
        }
        check::one_of(
            port.protocol.as_deref(),
            &ports::PROTOCOLS,
            &path.field("protocol"),
            errors,
        );
    }
}

fn shown_ports(slice: &EndpointSlice) -> Value {
    let shown = |port: &EndpointPort| {
        let number = port.port.map(|number| number.to_string());
        let name = || port.name.clone().filter(|name| !name.is_empty());
        number.or_else(name).unwrap_or_else(|| "*".to_owned())
    };
    or_unset(slice.ports.iter().flatten().map(shown).collect())
}

fn shown_addresses(slice: &EndpointSlice) -> Value {
    or_unset(
        slice
            .endpoints
            .iter()
            .flat_map(|endpoint| endpoint.addresses.clone())
            .collect(),
    )
}

fn or_unset(texts: Vec<String>) -> Value {
    if texts.is_empty() {
        "<unset>".into()
    } else {
        cell::first_of(&texts, SHOWN).into()
    }
}
