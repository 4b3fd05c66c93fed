//! Keeps the `EndpointSlice`s of every service with a selector.
//!
//! Endpoints stay in the slice they are in; only what changed is written. A service without pods
//! keeps one empty slice, so that its being known can be told from its being forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ObjectReference, Pod, Service};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};

use gantry_api::ObjectKey;
use gantry_api::views::Meta;
use gantry_base::Timestamp;
use gantry_base::hash::Fnv;
use gantry_base::selector::Labels;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

use crate::backends::{self, Backend, BackendPort};
use crate::claims::made_by;
use crate::limits::SLICE_ENDPOINTS;

const SERVICE_LABEL: &str = "kubernetes.io/service-name";
const MANAGER_LABEL: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";
const HEADLESS_LABEL: &str = "service.kubernetes.io/headless";

/// The controller of endpoint slices.
#[derive(Clone, Copy, Debug, Default)]
pub struct EndpointSlices;

/// One service, its pods and its slices.
#[derive(Debug)]
pub struct World {
    service: Arc<Service>,
    backends: Vec<Backend>,
    slices: Vec<Arc<EndpointSlice>>,
}

impl Controller for EndpointSlices {
    const NAME: &'static str = "endpointslice-controller";

    fn sources(&self) -> Sources {
        Sources::new()
            .own::<Service>()
            .mapped::<Pod>(backends::services_of)
            .controlled::<EndpointSlice, Service>()
    }

    fn observe(&self, view: &View, key: &ObjectKey, _now: Timestamp) -> Option<World> {
        let service = view.get::<Service>(&key.namespace, &key.name)?;
        backends::selector(&service)?;
        let ours = |slice: &Arc<EndpointSlice>| {
            let labels = slice.labels();
            labels
                .get(SERVICE_LABEL)
                .is_some_and(|name| *name == key.name)
                && labels
                    .get(MANAGER_LABEL)
                    .is_some_and(|manager| manager == MANAGER)
                && !slice.is_terminating()
        };
        let slices = view
            .within::<EndpointSlice>(&key.namespace)
            .filter(ours)
            .collect();
        Some(World {
            backends: backends::backends(view, &service),
            service,
            slices,
        })
    }
}

impl Reconciler for EndpointSlices {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        if world.service.is_terminating() {
            return plan;
        }
        let mut wanted = by_ports(world);
        let mut kept = 0;
        for slice in &world.slices {
            let ports = ports_of(slice);
            let waiting = wanted.get_mut(&ports);
            let next = waiting
                .map(|waiting| refill(slice, waiting))
                .unwrap_or_default();
            let is_placeholder = ports.is_empty() && world.backends.is_empty();
            if next.is_empty() && !(is_placeholder && kept == 0) {
                plan.act(Write::delete(slice.as_ref()));
                continue;
            }
            kept += 1;
            update(world, slice, next, &mut plan);
        }
        add_slices(world, wanted, kept, &mut plan);
        plan
    }
}

type Ports = Vec<BackendPort>;
type Waiting = BTreeMap<String, Endpoint>;

/// The endpoints wanted, by the ports they provide, each under its pod's uid.
fn by_ports(world: &World) -> BTreeMap<Ports, Waiting> {
    let unready = backends::publishes_unready(&world.service);
    let mut wanted: BTreeMap<Ports, Waiting> = BTreeMap::new();
    for backend in &world.backends {
        let endpoints = wanted.entry(backend.ports.clone()).or_default();
        endpoints.insert(backend.pod.uid().to_owned(), endpoint(backend, unready));
    }
    wanted
}

fn endpoint(backend: &Backend, publishes_unready: bool) -> Endpoint {
    let pod = backend.pod.as_ref();
    Endpoint {
        addresses: vec![backend.address.clone()],
        conditions: Some(EndpointConditions {
            ready: Some(backend.is_ready(publishes_unready)),
            serving: Some(backend.serving),
            terminating: Some(backend.terminating),
        }),
        hostname: backend.hostname.clone(),
        node_name: pod.spec.as_ref().and_then(|spec| spec.node_name.clone()),
        target_ref: Some(ObjectReference {
            kind: Some("Pod".to_owned()),
            namespace: pod.metadata.namespace.clone(),
            name: pod.metadata.name.clone(),
            uid: pod.metadata.uid.clone(),
            ..ObjectReference::default()
        }),
        ..Endpoint::default()
    }
}

/// What the slice should hold: what it holds already as far as that is still wanted, in today's
/// form, and others up to its limit. What was placed is no longer waiting.
fn refill(slice: &EndpointSlice, waiting: &mut Waiting) -> Vec<Endpoint> {
    let uid = |endpoint: &Endpoint| {
        endpoint
            .target_ref
            .as_ref()
            .and_then(|target| target.uid.clone())
    };
    let mut next: Vec<Endpoint> = slice
        .endpoints
        .iter()
        .filter_map(|known| waiting.remove(&uid(known)?))
        .collect();
    while next.len() < SLICE_ENDPOINTS {
        let Some((_, endpoint)) = waiting.pop_first() else {
            break;
        };
        next.push(endpoint);
    }
    next
}

fn update(world: &World, slice: &EndpointSlice, next: Vec<Endpoint>, plan: &mut Plan<Write>) {
    let labels = labels(world);
    if slice.endpoints != next || slice.metadata.labels.as_ref() != Some(&labels) {
        let mut changed = EndpointSlice {
            endpoints: next,
            ..slice.clone()
        };
        changed.metadata.labels = Some(labels);
        plan.act(Write::update(&changed));
    }
}

/// Creates slices for what found no place, or the empty one.
fn add_slices(
    world: &World,
    wanted: BTreeMap<Ports, Waiting>,
    kept: usize,
    plan: &mut Plan<Write>,
) {
    let mut made = 0;
    for (ports, waiting) in wanted {
        let endpoints: Vec<Endpoint> = waiting.into_values().collect();
        for chunk in endpoints.chunks(SLICE_ENDPOINTS) {
            plan.act(Write::create(&slice(world, &ports, chunk.to_vec(), made)));
            made += 1;
        }
    }
    if made + kept == 0 {
        plan.act(Write::create(&slice(world, &Vec::new(), Vec::new(), made)));
    }
}

fn slice(world: &World, ports: &Ports, endpoints: Vec<Endpoint>, ordinal: usize) -> EndpointSlice {
    let taken: BTreeSet<&str> = world.slices.iter().map(|slice| slice.name()).collect();
    let seen = taken.into_iter().fold(
        Fnv::default().with(world.service.uid().as_bytes()),
        |hash, name| hash.with(name.as_bytes()),
    );
    let suffix = seen.with(&ordinal.to_be_bytes()).letters(5);
    let name = format!("{}-{suffix}", world.service.name());
    let mut metadata = made_by(world.service.as_ref(), name);
    metadata.generate_name = Some(format!("{}-", world.service.name()));
    metadata.labels = Some(labels(world));
    let port = |port: &BackendPort| EndpointPort {
        name: Some(port.name.clone()),
        port: Some(port.port),
        protocol: Some(port.protocol.clone()),
        app_protocol: port.app_protocol.clone(),
    };
    EndpointSlice {
        metadata,
        address_type: "IPv4".to_owned(),
        endpoints,
        ports: Some(ports.iter().map(port).collect()),
    }
}

fn labels(world: &World) -> Labels {
    let mut labels = world.service.labels().clone();
    labels.insert(SERVICE_LABEL.to_owned(), world.service.name().to_owned());
    labels.insert(MANAGER_LABEL.to_owned(), MANAGER.to_owned());
    if backends::is_headless(&world.service) {
        labels.insert(HEADLESS_LABEL.to_owned(), String::new());
    }
    labels
}

fn ports_of(slice: &EndpointSlice) -> Ports {
    let ports = slice.ports.iter().flatten().map(|port| BackendPort {
        name: port.name.clone().unwrap_or_default(),
        port: port.port.unwrap_or(0),
        protocol: port.protocol.clone().unwrap_or_default(),
        app_protocol: port.app_protocol.clone(),
    });
    ports.collect()
}

#[cfg(test)]
mod tests;
