//! Facts about a pod and its containers that programs may ask for by the name of a field.

use k8s_openapi::api::core::v1::{Container, Pod, ResourceFieldSelector};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;

use gantry_api::views::Meta;
use gantry_base::Quantity;

use super::{Amounts, ConfigError, Surroundings};

/// The value of a field of the pod, such as `metadata.name` or `metadata.labels['app']`.
pub fn of_pod(on: &Surroundings<'_>, path: &str) -> Result<String, ConfigError> {
    let pod = on.pod;
    if let Some((map, key)) = subscript(path) {
        let values = match map {
            "metadata.labels" => pod.labels(),
            "metadata.annotations" => pod.annotations(),
            _ => return Err(ConfigError::Field(path.to_owned())),
        };
        return Ok(values.get(key).cloned().unwrap_or_default());
    }
    let spec = pod.spec.as_ref();
    let first = |addresses: &[String]| addresses.first().cloned().unwrap_or_default();
    let text = match path {
        "metadata.name" => pod.name().to_owned(),
        "metadata.namespace" => pod.namespace().to_owned(),
        "metadata.uid" => pod.uid().to_owned(),
        "metadata.labels" => lines(pod.labels()),
        "metadata.annotations" => lines(pod.annotations()),
        "spec.nodeName" => spec
            .and_then(|spec| spec.node_name.clone())
            .unwrap_or_default(),
        "spec.serviceAccountName" => spec
            .and_then(|spec| spec.service_account_name.clone())
            .unwrap_or_default(),
        "status.podIP" => first(on.addresses),
        "status.podIPs" => on.addresses.join(","),
        "status.hostIP" => first(on.host_addresses),
        "status.hostIPs" => on.host_addresses.join(","),
        _ => return Err(ConfigError::Field(path.to_owned())),
    };
    Ok(text)
}

/// `map['key']` as its two parts.
fn subscript(path: &str) -> Option<(&str, &str)> {
    path.strip_suffix("']")?.split_once("['")
}

/// A map as files show it: one `key="escaped value"` per line.
fn lines(map: &std::collections::BTreeMap<String, String>) -> String {
    let line = |(key, value): (&String, &String)| format!("{key}={}", quoted(value));
    map.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn quoted(value: &str) -> String {
    let mut out = String::from("\"");
    for letter in value.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// The value of a resource of a container, in units of the divisor, rounded up. A limit that is
/// not set is what the node has to give.
pub fn of_resources(
    on: &Surroundings<'_>,
    own: &Container,
    selector: &ResourceFieldSelector,
) -> Result<String, ConfigError> {
    let container = match selector.container_name.as_deref() {
        None | Some("") => Some(own),
        Some(name) => container_named(on.pod, name),
    };
    let unsupported = || ConfigError::Resource(selector.resource.clone());
    let container = container.ok_or_else(unsupported)?;
    let (list, resource) = selector.resource.split_once('.').ok_or_else(unsupported)?;
    let resources = container.resources.as_ref();
    let (amounts, otherwise) = match list {
        "limits" => (
            resources.and_then(|all| all.limits.as_ref()),
            given(on.allocatable, resource),
        ),
        "requests" => (
            resources.and_then(|all| all.requests.as_ref()),
            Some(Quantity::ZERO),
        ),
        _ => return Err(unsupported()),
    };
    let set = amounts.and_then(|amounts| read(amounts.get(resource)?));
    let amount = set.or(otherwise).ok_or_else(unsupported)?;
    let divisor = read_or_one(selector.divisor.as_ref());
    Ok(amount.divided_by(divisor).to_string())
}

fn container_named<'a>(pod: &'a Pod, name: &str) -> Option<&'a Container> {
    crate::pod::all_containers(pod).find(|container| container.name == name)
}

fn given(amounts: &Amounts, resource: &str) -> Option<Quantity> {
    match resource {
        "cpu" => Some(amounts.cpu),
        "memory" => Some(amounts.memory),
        "ephemeral-storage" => Some(amounts.storage),
        _ => None,
    }
}

fn read(written: &Written) -> Option<Quantity> {
    written.0.parse().ok()
}

fn read_or_one(divisor: Option<&Written>) -> Quantity {
    divisor.and_then(read).unwrap_or(Quantity::ZERO)
}
