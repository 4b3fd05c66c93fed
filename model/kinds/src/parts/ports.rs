//! Ports: numbers, names, protocols.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::core::v1::ContainerPort;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::check;

/// The protocols that ports know.
pub const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

/// Checks a port number.
pub fn number(port: i32, path: &FieldPath, errors: &mut FieldErrors) {
    check::between(port.into(), 1, 65535, path, errors);
}

/// Checks a port given by number or by name.
pub fn number_or_name(port: &IntOrString, path: &FieldPath, errors: &mut FieldErrors) {
    match port {
        IntOrString::Int(port) => number(*port, path, errors),
        IntOrString::String(port) => errors.named(path, port, name::port_name),
    }
}

/// Checks the ports of one container.
pub fn of_container(ports: &[ContainerPort], path: &FieldPath, errors: &mut FieldErrors) {
    let mut names = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let path = path.index(index);
        if let Some(name) = port.name.as_deref().filter(|name| !name.is_empty()) {
            let before = errors.as_slice().len();
            errors.named(&path.field("name"), name, name::port_name);
            if errors.as_slice().len() == before && !names.insert(name) {
                errors.duplicate(&path.field("name"), name);
            }
        }
        if port.container_port == 0 {
            errors.required(&path.field("containerPort"), "");
        } else {
            number(port.container_port, &path.field("containerPort"), errors);
        }
        if let Some(host_port) = port.host_port.filter(|port| *port != 0) {
            number(host_port, &path.field("hostPort"), errors);
        }
        let protocol = port.protocol.as_deref();
        check::one_of(protocol, &PROTOCOLS, &path.field("protocol"), errors);
    }
}

/// Notes which host ports are taken within a pod, and reports those taken twice.
pub fn host_ports<'a>(
    ports: &'a [ContainerPort],
    taken: &mut BTreeSet<(&'a str, &'a str, i32)>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    for (index, port) in ports.iter().enumerate() {
        let Some(number) = port.host_port.filter(|port| *port != 0) else {
            continue;
        };
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        let address = port.host_ip.as_deref().unwrap_or("");
        if !taken.insert((protocol, address, number)) {
            let shown = format!("{protocol}/{address}/{number}");
            errors.duplicate(&path.index(index).field("hostPort"), shown);
        }
    }
}

/// On the host's network a container listens on the very ports it names.
pub fn on_host_network(ports: &[ContainerPort], path: &FieldPath, errors: &mut FieldErrors) {
    for (index, port) in ports.iter().enumerate() {
        if port.host_port != Some(port.container_port) {
            let at = path.index(index).field("containerPort");
            let detail = "must match `hostPort` when `hostNetwork` is true";
            errors.invalid(&at, port.container_port, detail);
        }
    }
}
