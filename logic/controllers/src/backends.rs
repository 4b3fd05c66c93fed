//! The pods behind a service: their addresses, the ports they really listen on, and whether traffic
//! should go to them.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Pod, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use gantry_api::ObjectKey;
use gantry_api::views::{Meta, PodView};
use gantry_base::selector::Labels;
use gantry_reconcile::View;

/// One port of a service as one pod provides it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BackendPort {
    pub(crate) name: String,
    pub(crate) port: i32,
    pub(crate) protocol: String,
    pub(crate) app_protocol: Option<String>,
}

/// One pod behind a service.
#[derive(Clone, Debug)]
pub(crate) struct Backend {
    pub(crate) pod: Arc<Pod>,
    pub(crate) address: String,
    pub(crate) ports: Vec<BackendPort>,
    /// Whether the pod itself says that it is ready, or nobody cares.
    pub(crate) serving: bool,
    pub(crate) terminating: bool,
    /// The name under which the service's domain knows this pod alone.
    pub(crate) hostname: Option<String>,
}

impl Backend {
    /// Whether new traffic should go there.
    pub(crate) fn is_ready(&self, publishes_unready: bool) -> bool {
        publishes_unready || (self.serving && !self.terminating)
    }
}

/// The services that a changed pod may concern.
pub(crate) fn services_of(pod: &Pod, view: &View) -> Vec<ObjectKey> {
    view.within::<Service>(pod.namespace())
        .filter(|service| selects(service, pod))
        .map(|service| service.key())
        .collect()
}

/// The selector of a service whose endpoints are ours to keep; nothing for all others.
pub(crate) fn selector(service: &Service) -> Option<&Labels> {
    let spec = service.spec.as_ref()?;
    let selector = spec
        .selector
        .as_ref()
        .filter(|selector| !selector.is_empty())?;
    (spec.type_.as_deref() != Some("ExternalName")).then_some(selector)
}

/// Whether the pod is behind the service.
fn selects(service: &Service, pod: &Pod) -> bool {
    let labels = pod.labels();
    let has = |(label, value)| labels.get(label) == Some(value);
    selector(service).is_some_and(|wanted| wanted.iter().all(has))
}

/// Whether the service wants its unready pods published as ready ones.
pub(crate) fn publishes_unready(service: &Service) -> bool {
    service
        .spec
        .as_ref()
        .and_then(|spec| spec.publish_not_ready_addresses)
        == Some(true)
}

/// Whether the service has no address of its own.
pub(crate) fn is_headless(service: &Service) -> bool {
    service
        .spec
        .as_ref()
        .and_then(|spec| spec.cluster_ip.as_deref())
        == Some("None")
}

/// All pods behind `service`, by name.
pub(crate) fn backends(view: &View, service: &Service) -> Vec<Backend> {
    let pods = view.within::<Pod>(service.namespace());
    let pods = pods.filter(|pod| selects(service, pod) && !pod.is_finished());
    pods.filter_map(|pod| backend(service, pod)).collect()
}

fn backend(service: &Service, pod: Arc<Pod>) -> Option<Backend> {
    let address = pod
        .status
        .as_ref()?
        .pod_ip
        .clone()
        .filter(|address| !address.is_empty())?;
    let ports = service
        .spec
        .iter()
        .flat_map(|spec| spec.ports.iter().flatten());
    let ports = ports.filter_map(|port| resolved(port, &pod)).collect();
    let spec = pod.spec.as_ref()?;
    let in_domain = spec.subdomain.as_deref() == Some(service.name());
    let hostname = spec
        .hostname
        .clone()
        .filter(|name| in_domain && !name.is_empty());
    Some(Backend {
        address,
        ports,
        serving: pod.is_ready(),
        terminating: pod.is_terminating(),
        hostname,
        pod,
    })
}

/// The port as this pod provides it; nothing when the pod has no port of the name asked for.
fn resolved(port: &ServicePort, pod: &Pod) -> Option<BackendPort> {
    let protocol = port.protocol.clone().unwrap_or_default();
    let number = match port.target_port.as_ref() {
        Some(IntOrString::Int(number)) => *number,
        Some(IntOrString::String(name)) => named(pod, name, &protocol)?,
        None => port.port,
    };
    Some(BackendPort {
        name: port.name.clone().unwrap_or_default(),
        port: number,
        protocol,
        app_protocol: port.app_protocol.clone(),
    })
}

fn named(pod: &Pod, name: &str, protocol: &str) -> Option<i32> {
    let spec = pod.spec.as_ref()?;
    let sidecars = spec.init_containers.iter().flatten();
    let sidecars =
        sidecars.filter(|container| container.restart_policy.as_deref() == Some("Always"));
    let mut ports = spec
        .containers
        .iter()
        .chain(sidecars)
        .flat_map(|container| container.ports.iter().flatten());
    let found = ports.find(|port| {
        port.name.as_deref() == Some(name) && port.protocol.as_deref().unwrap_or("") == protocol
    });
    found.map(|port| port.container_port)
}
