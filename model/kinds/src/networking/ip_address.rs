//! `IPAddress`: an address of a service, and whose it is. The name is the address.

use std::net::IpAddr;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::networking::v1::{IPAddress, ParentReference};
use serde_json::Value;

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::{cell, check};

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
            Some(parent) => {
                check::given(Some(&parent.resource), &path.field("resource"), errors);
                check::given(Some(&parent.name), &path.field("name"), errors);
            }
        }
        if let Some(old) = old {
            errors.require_same(&path, &parent_ref(address), &parent_ref(old));
        }
    }
}

fn canonical(name: &str) -> Vec<String> {
    match name.parse::<IpAddr>() {
        Ok(address) if address.to_string() == name => Vec::new(),
        Ok(_) => vec!["not a valid ip in canonical format".to_owned()],
        Err(_) => vec!["not a valid ip address".to_owned()],
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
