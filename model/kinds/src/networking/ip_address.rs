//! `IPAddress`: an address of a service, and whose it is. The name is the address.

use std::net::IpAddr;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::networking::v1::{IPAddress, ParentReference};
use serde_json::Value;

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::{cell, check, reference};

/// An address of a service, and whose it is.
#[derive(Debug)]
pub struct IPAddresses;

impl Kind for IPAddresses {
    type Object = IPAddress;

    const SHORT: &'static [&'static str] = &["ip"];
    const COLUMNS: &'static [Column<IPAddress>] = &[
        Column::NAME,
        Column::text("ParentRef", "Whose address it is.", |address, _| {
            parent(address)
        }),
        Column::AGE,
    ];
    const NAME: name::Rule = canonical;

    fn validate(address: &IPAddress, old: Option<&IPAddress>, errors: &mut FieldErrors) {
        let path = FieldPath::new("spec").field("parentRef");
        match parent_ref(address) {
            None => errors.required(&path, ""),
            Some(parent) => validate_parent(parent, &path, errors),
        }
        if let Some(old) = old {
            errors.require_same(&path, &parent_ref(address), &parent_ref(old));
        }
    }
}

fn canonical(name: &str) -> Vec<String> {
    match name.parse::<IpAddr>() {
        Err(_) => vec![check::NOT_AN_ADDRESS.to_owned()],
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_some() => {
            vec!["must not be an IPv4-mapped IPv6 address".to_owned()]
        }
        Ok(address) if address.to_string() == name => Vec::new(),
        Ok(address) => vec![format!(
            "must be in canonical form ({:?})",
            address.to_string()
        )],
    }
}

/// Services are in the group without a name, so that only what is named is checked.
fn validate_parent(parent: &ParentReference, path: &FieldPath, errors: &mut FieldErrors) {
    let given = |text: &&String| !text.is_empty();
    if let Some(group) = parent.group.as_ref().filter(given) {
        errors.named(&path.field("group"), group, name::dns_subdomain);
    }
    reference::segment(&parent.resource, &path.field("resource"), errors);
    reference::segment(&parent.name, &path.field("name"), errors);
    if let Some(namespace) = parent.namespace.as_ref().filter(given) {
        errors.named(&path.field("namespace"), namespace, name::path_segment);
    }
}

fn parent_ref(address: &IPAddress) -> Option<&ParentReference> {
    address.spec.as_ref().map(|spec| &spec.parent_ref)
}

fn parent(address: &IPAddress) -> Value {
    let Some(parent) = parent_ref(address) else {
        return cell::NONE.into();
    };
    let group = parent.group.as_deref().filter(|group| !group.is_empty());
    let resource = match group {
        Some(group) => format!("{}.{group}", parent.resource),
        None => parent.resource.clone(),
    };
    match parent
        .namespace
        .as_deref()
        .filter(|namespace| !namespace.is_empty())
    {
        Some(namespace) => format!("{resource}/{namespace}/{}", parent.name).into(),
        None => format!("{resource}/{}", parent.name).into(),
    }
}
