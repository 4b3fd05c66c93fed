//! The addresses in a pod's status: one for those who know only one, and all.

use std::collections::BTreeSet;
use std::net::IpAddr;

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use k8s_openapi::api::core::v1::{PodIP, PodStatus};
use serde_json::json;

use crate::parts::check;

/// Makes the one address and the first of all the same. When they differ the one counts: who
/// writes it alone does not know of the others.
pub(super) fn agree(status: &mut PodStatus) {
    let first = status.pod_ips.iter().flatten().next();
    let first = first.map_or("", |first| first.ip.as_str());
    match status.pod_ip.as_deref().unwrap_or("") {
        "" if first.is_empty() => {}
        "" => status.pod_ip = Some(first.to_owned()),
        one if one == first => {}
        one => {
            let ip = one.to_owned();
            status.pod_ips = Some(vec![PodIP { ip }]);
        }
    }
}

/// Checks the addresses of the pod, and those of its node.
pub(super) fn validate(status: &PodStatus, path: &FieldPath, errors: &mut FieldErrors) {
    let own = status.pod_ips.iter().flatten();
    let own: Vec<&str> = own.map(|own| own.ip.as_str()).collect();
    list(&own, &path.field("podIPs"), errors);

    let hosts = status.host_ips.iter().flatten();
    let hosts: Vec<&str> = hosts.map(|host| host.ip.as_str()).collect();
    let path = path.field("hostIPs");
    if let Some(first) = hosts.first()
        && status.host_ip.as_deref().unwrap_or("") != *first
    {
        let at = path.index(0).field("ip");
        errors.invalid(&at, first, "must be equal to `hostIP`");
    }
    list(&hosts, &path, errors);
}

/// Addresses are at most two, one of each family.
fn list(texts: &[&str], path: &FieldPath, errors: &mut FieldErrors) {
    let mut families = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for (index, text) in texts.iter().enumerate() {
        let at = path.index(index);
        let ip = check::ip(text, &at, errors);
        families.extend(ip.as_ref().map(IpAddr::is_ipv4));
        if !seen.insert(text) {
            errors.duplicate(&at, json!({ "IP": text }));
        }
    }
    if texts.len() > 1 && families.len() < texts.len() {
        let all: Vec<_> = texts.iter().map(|text| json!({ "IP": text })).collect();
        let detail = "may specify no more than one IP for each IP family";
        errors.invalid(path, all, detail);
    }
}
