//! Where to relay to: an address and a port.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};

use k8s_openapi::List;
use k8s_openapi::api::core::v1::{Pod, Service, ServicePort};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};

use gantry_api::Rejection;
use gantry_registry::{Request, Resource, Verb};

use super::Target;
use crate::front::Front;
use crate::pods;

fn unavailable(message: String) -> Rejection {
    Rejection::Unavailable { message }
}

/// Where a pod listens on `port`.
pub(super) async fn of_pod(front: &Front, pod: &Pod, port: &str) -> Result<SocketAddr, Rejection> {
    let name = pod.metadata.name.as_deref().unwrap_or("");
    let port = pod_port(pod, port)
        .ok_or_else(|| Rejection::bad_request(format!("pod {name:?} has no port {port:?}")))?;
    let address = pod
        .status
        .as_ref()
        .and_then(|status| status.pod_ip.as_deref());
    let address: IpAddr = address
        .and_then(|address| address.parse().ok())
        .ok_or_else(|| unavailable(format!("pod {name:?} has no address yet")))?;
    let address = front
        .nodes
        .proxy_address(pods::reference(pod)?, address)
        .await?;
    Ok(SocketAddr::new(address, port))
}

/// The number of a pod's port: a number, a name, or the first one; 80 where none is listed.
fn pod_port(pod: &Pod, wanted: &str) -> Option<u16> {
    if let Ok(port) = wanted.parse() {
        return Some(port);
    }
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let mut ports = containers.flat_map(|container| container.ports.iter().flatten());
    let found = if wanted.is_empty() {
        let Some(first) = ports.next() else {
            return Some(80);
        };
        first
    } else {
        ports.find(|port| port.name.as_deref() == Some(wanted))?
    };
    u16::try_from(found.container_port).ok()
}

/// Which of several backends is next; that they take turns is all that is asked.
static TURN: AtomicUsize = AtomicUsize::new(0);

/// Where one of the ready pods behind a service listens.
pub(super) async fn of_service(
    front: &Front,
    namespace: &str,
    target: Target<'_>,
) -> Result<SocketAddr, Rejection> {
    let Target { name, port, .. } = target;
    let mut request = Request::new(Verb::Get, Resource::new("v1", "services"));
    request.namespace = Some(namespace.to_owned());
    request.name = Some(name.to_owned());
    let service: Service = pods::object(front, request).await?;
    let port = service_port(&service, port).ok_or_else(|| {
        unavailable(format!(
            "no service port {port:?} found for service {name:?}"
        ))
    })?;
    let ready = ready(&slices(front, namespace, name).await?, port);
    if ready.is_empty() {
        return Err(unavailable(format!(
            "no endpoints available for service {name:?}"
        )));
    }
    Ok(ready[TURN.fetch_add(1, Ordering::Relaxed) % ready.len()])
}

fn service_port<'a>(service: &'a Service, wanted: &str) -> Option<&'a ServicePort> {
    let ports = service.spec.as_ref()?.ports.as_deref().unwrap_or(&[]);
    if wanted.is_empty() {
        return ports.first().filter(|_| ports.len() == 1);
    }
    let number: Option<i32> = wanted.parse().ok();
    let is_wanted =
        |port: &&ServicePort| number == Some(port.port) || port.name.as_deref() == Some(wanted);
    ports.iter().find(is_wanted)
}

async fn slices(
    front: &Front,
    namespace: &str,
    service: &str,
) -> Result<Vec<EndpointSlice>, Rejection> {
    let resource = Resource::new("discovery.k8s.io/v1", "endpointslices");
    let mut request = Request::new(Verb::List, resource);
    request.namespace = Some(namespace.to_owned());
    request.options.label_selector = Some(format!("kubernetes.io/service-name={service}"));
    let list: List<EndpointSlice> = pods::object(front, request).await?;
    Ok(list.items)
}

/// All places where the port of a service is served right now.
fn ready(slices: &[EndpointSlice], port: &ServicePort) -> Vec<SocketAddr> {
    let name = port.name.as_deref().unwrap_or("");
    let mut ready = Vec::new();
    for slice in slices {
        let mut ports = slice.ports.iter().flatten();
        let number = ports.find(|port| port.name.as_deref().unwrap_or("") == name);
        let Some(number) = number.and_then(|port| u16::try_from(port.port?).ok()) else {
            continue;
        };
        let is_ready = |endpoint: &&Endpoint| {
            let conditions = endpoint.conditions.as_ref();
            conditions.and_then(|told| told.ready).unwrap_or(true)
        };
        let addresses = slice.endpoints.iter().filter(is_ready);
        let addresses = addresses.filter_map(|endpoint| endpoint.addresses.first()?.parse().ok());
        ready.extend(addresses.map(|address: IpAddr| SocketAddr::new(address, number)));
    }
    ready
}
