//! Variables that lead to the services that exist when a container starts.
//!
//! Those of the pod's own namespace, unless it does not want them, and always that of the API.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Service, ServicePort};

use gantry_api::views::Meta;

use super::{Env, Surroundings};

/// Where the API server's own Service is.
const API: (&str, &str) = ("default", "kubernetes");

pub(super) fn of_services(on: &Surroundings<'_>) -> Env {
    let mut env = Env::new();
    if let Some(api) = on.view.get::<Service>(API.0, API.1) {
        add(&api, &mut env);
    }
    let spec = on.pod.spec.as_ref();
    if spec.is_some_and(|spec| spec.enable_service_links != Some(false)) {
        let own: Vec<Arc<Service>> = on.view.within(on.pod.namespace()).collect();
        for service in own {
            add(&service, &mut env);
        }
    }
    env
}

fn add(service: &Service, env: &mut Env) {
    let Some(spec) = &service.spec else { return };
    let address = spec.cluster_ip.as_deref().unwrap_or("");
    let ports = spec.ports.as_deref().unwrap_or(&[]);
    let (Some(first), false) = (ports.first(), address.is_empty() || address == "None") else {
        return;
    };
    let name = spelled(service.name());
    let mut put = |suffix: &str, value: String| env.insert(format!("{name}{suffix}"), value);
    put("_SERVICE_HOST", address.to_owned());
    put("_SERVICE_PORT", first.port.to_string());
    for port in ports {
        if let Some(named) = port.name.as_deref().filter(|named| !named.is_empty()) {
            put(
                &format!("_SERVICE_PORT_{}", spelled(named)),
                port.port.to_string(),
            );
        }
    }
    put("_PORT", url(first, address));
    for port in ports {
        let stem = format!("_PORT_{}_{}", port.port, protocol(port).to_uppercase());
        put(&stem, url(port, address));
        put(&format!("{stem}_PROTO"), protocol(port));
        put(&format!("{stem}_PORT"), port.port.to_string());
        put(&format!("{stem}_ADDR"), address.to_owned());
    }
}

fn spelled(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}

fn protocol(port: &ServicePort) -> String {
    port.protocol.as_deref().unwrap_or("TCP").to_lowercase()
}

fn url(port: &ServicePort, address: &str) -> String {
    format!("{}://{address}:{}", protocol(port), port.port)
}
