//! Keeps the `Endpoints` of every service with a selector, the elder form of its slices.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{
    EndpointAddress, EndpointPort, EndpointSubset, Endpoints, ObjectReference, Pod, Service,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use gantry_api::views::Meta;
use gantry_api::{GroupResource, ObjectKey};
use gantry_base::Timestamp;
use gantry_base::selector::Labels;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

use crate::backends::{self, Backend, BackendPort};
use crate::limits::ENDPOINTS_ADDRESSES;

const MANAGER_LABEL: &str = "endpoints.kubernetes.io/managed-by";
const MANAGER: &str = "endpoint-controller";
const HEADLESS_LABEL: &str = "service.kubernetes.io/headless";
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";

/// The controller of `Endpoints` objects.
#[derive(Clone, Copy, Debug, Default)]
pub struct EndpointsObjects;

/// One service name: the service, if it still exists, its pods and its endpoints.
#[derive(Debug)]
pub struct World {
    service: Option<Arc<Service>>,
    backends: Vec<Backend>,
    existing: Option<Arc<Endpoints>>,
}

impl Controller for EndpointsObjects {
    const NAME: &'static str = "endpoint-controller";

    fn sources(&self) -> Sources {
        let service = |endpoints: &Endpoints, _: &View| {
            let resource = GroupResource::of::<Service>();
            vec![ObjectKey::new(
                resource,
                endpoints.namespace(),
                endpoints.name(),
            )]
        };
        Sources::new()
            .own::<Service>()
            .mapped::<Pod>(backends::services_of)
            .mapped::<Endpoints>(service)
    }

    fn observe(&self, view: &View, key: &ObjectKey, _now: Timestamp) -> Option<World> {
        let service = view.get::<Service>(&key.namespace, &key.name);
        let existing = view.get::<Endpoints>(&key.namespace, &key.name);
        let backends = service
            .as_ref()
            .map(|service| backends::backends(view, service));
        Some(World {
            service,
            backends: backends.unwrap_or_default(),
            existing,
        })
    }
}

impl Reconciler for EndpointsObjects {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        match (&world.service, &world.existing) {
            (None, Some(existing)) if is_ours(existing) => {
                plan.act(Write::delete(existing.as_ref()))
            }
            (Some(service), existing) if backends::selector(service).is_some() => {
                keep(service, &world.backends, existing.as_deref(), &mut plan);
            }
            (None | Some(_), _) => {}
        }
        plan
    }
}

fn is_ours(endpoints: &Endpoints) -> bool {
    endpoints
        .labels()
        .get(MANAGER_LABEL)
        .is_some_and(|manager| manager == MANAGER)
}

fn keep(
    service: &Service,
    backends: &[Backend],
    existing: Option<&Endpoints>,
    plan: &mut Plan<Write>,
) {
    if service.is_terminating() {
        return;
    }
    let (subsets, truncated) = subsets(service, backends);
    let subsets = (!subsets.is_empty()).then_some(subsets);
    let labels = labels(service);
    let annotations = existing
        .map(|known| known.annotations().clone())
        .unwrap_or_default();
    let annotations = with_capacity(annotations, truncated);
    let Some(known) = existing else {
        let metadata = ObjectMeta {
            name: service.metadata.name.clone(),
            namespace: service.metadata.namespace.clone(),
            labels: Some(labels),
            annotations: Some(annotations).filter(|annotations| !annotations.is_empty()),
            ..ObjectMeta::default()
        };
        plan.act(Write::create(&Endpoints { metadata, subsets }));
        return;
    };
    let same = known.subsets == subsets
        && *known.labels() == labels
        && *known.annotations() == annotations;
    if !same {
        let mut changed = Endpoints {
            subsets,
            ..known.clone()
        };
        changed.metadata.labels = Some(labels);
        changed.metadata.annotations = Some(annotations);
        plan.act(Write::update(&changed));
    }
}

fn labels(service: &Service) -> Labels {
    let mut labels = service.labels().clone();
    labels.insert(MANAGER_LABEL.to_owned(), MANAGER.to_owned());
    if backends::is_headless(service) {
        labels.insert(HEADLESS_LABEL.to_owned(), String::new());
    }
    labels
}

fn with_capacity(mut annotations: Labels, truncated: bool) -> Labels {
    if truncated {
        annotations.insert(OVER_CAPACITY.to_owned(), "truncated".to_owned());
    } else {
        annotations.remove(OVER_CAPACITY);
    }
    annotations
}

/// Addresses by the ports they provide, each list by address; and whether some were left out.
fn subsets(service: &Service, backends: &[Backend]) -> (Vec<EndpointSubset>, bool) {
    let unready = backends::publishes_unready(service);
    let live = backends
        .iter()
        .filter(|backend| unready || !backend.terminating);
    let mut by_ports: BTreeMap<&[BackendPort], (Vec<EndpointAddress>, Vec<EndpointAddress>)> =
        BTreeMap::new();
    let mut count = 0;
    for backend in live {
        count += 1;
        if count <= ENDPOINTS_ADDRESSES {
            let lists = by_ports.entry(&backend.ports).or_default();
            let list = if backend.is_ready(unready) {
                &mut lists.0
            } else {
                &mut lists.1
            };
            list.push(address(backend));
        }
    }
    let subsets = by_ports
        .into_iter()
        .map(|(ports, (ready, not_ready))| EndpointSubset {
            addresses: sorted(ready),
            not_ready_addresses: sorted(not_ready),
            ports: Some(ports.iter().map(port).collect::<Vec<_>>())
                .filter(|ports| !ports.is_empty()),
        });
    (subsets.collect(), count > ENDPOINTS_ADDRESSES)
}

fn sorted(mut addresses: Vec<EndpointAddress>) -> Option<Vec<EndpointAddress>> {
    addresses.sort_by(|left, right| left.ip.cmp(&right.ip));
    (!addresses.is_empty()).then_some(addresses)
}

fn address(backend: &Backend) -> EndpointAddress {
    let pod = backend.pod.as_ref();
    EndpointAddress {
        ip: backend.address.clone(),
        hostname: backend.hostname.clone(),
        node_name: pod.spec.as_ref().and_then(|spec| spec.node_name.clone()),
        target_ref: Some(ObjectReference {
            kind: Some("Pod".to_owned()),
            namespace: pod.metadata.namespace.clone(),
            name: pod.metadata.name.clone(),
            uid: pod.metadata.uid.clone(),
            ..ObjectReference::default()
        }),
    }
}

fn port(port: &BackendPort) -> EndpointPort {
    EndpointPort {
        name: Some(port.name.clone()).filter(|name| !name.is_empty()),
        port: port.port,
        protocol: Some(port.protocol.clone()),
        app_protocol: port.app_protocol.clone(),
    }
}
