//! Where a service can be reached from here: at those of its endpoints that are ready. Nothing
//! between this server and the pods has to be up for that.

use gantry_api::{GroupResource, ObjectKey};
use gantry_store::{Key, Snapshot, Stored};
use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::api::discovery::v1::EndpointSlice;

/// The port of a name outside of the cluster when none can be used.
const HTTPS: u16 = 443;
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// A host or an address, and a port.
pub type Place = (String, u16);

/// One port of a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServicePlace {
    /// The service's namespace.
    pub namespace: String,
    /// The service's name.
    pub name: String,
    /// The number of its port.
    pub port: i32,
}

/// Why a service cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// There is no such service.
    #[error("service {0:?} not found")]
    NoService(String),
    /// It does not have that port.
    #[error("no service port {port} found for service {service:?}")]
    NoPort {
        /// Which service.
        service: String,
        /// Which port.
        port: i32,
    },
    /// Nobody said where it is served.
    #[error("no endpoints available for service {0:?}")]
    NoSlices(String),
    /// It is said where it is served, and nothing of that is ready.
    #[error("no endpoints available for service {service:?}")]
    NoneReady {
        /// Which service.
        service: String,
        /// What the port is called.
        port: String,
    },
}

/// All places behind a service's port that are ready; at least one.
pub fn places(snapshot: &Snapshot, wanted: &ServicePlace) -> Result<Vec<Place>, Unreachable> {
    let service = wanted.name.clone();
    let key = ObjectKey::new(
        GroupResource::new("", "services"),
        &wanted.namespace,
        &wanted.name,
    );
    let found = snapshot.get(&Key::from(&key));
    let found = found.and_then(|stored| typed::<Service>(stored)?.spec);
    let spec = found.ok_or_else(|| Unreachable::NoService(service.clone()))?;
    if spec.type_.as_deref() == Some("ExternalName") {
        let host = spec.external_name.unwrap_or_default();
        return Ok(vec![(host, u16::try_from(wanted.port).unwrap_or(HTTPS))]);
    }
    let mut ports = spec.ports.iter().flatten();
    let port = ports.find(|port| port.port == wanted.port);
    let port = port.ok_or_else(|| Unreachable::NoPort {
        service: service.clone(),
        port: wanted.port,
    })?;
    ready(snapshot, wanted, port)
}

fn ready(
    snapshot: &Snapshot,
    wanted: &ServicePlace,
    port: &ServicePort,
) -> Result<Vec<Place>, Unreachable> {
    let service = wanted.name.clone();
    let slices = GroupResource::new("discovery.k8s.io", "endpointslices");
    let prefix = ObjectKey::prefix(&slices, Some(&wanted.namespace));
    let is_of_service = |stored: &Stored| {
        let mut labels = stored.value.summary().labels.iter();
        labels.any(|(key, owner)| key == SERVICE_NAME && owner == wanted.name)
    };
    let stored = snapshot.range(&prefix, None).map(|(_, stored)| stored);
    let stored = stored.filter(|stored| is_of_service(stored));
    let slices: Vec<EndpointSlice> = stored.filter_map(typed).collect();
    if slices.is_empty() {
        return Err(Unreachable::NoSlices(service));
    }
    let name = port.name.as_deref().unwrap_or("");
    let places = slices.iter().flat_map(|slice| addresses(slice, name));
    let places: Vec<Place> = places.collect();
    if places.is_empty() {
        let port = name.to_owned();
        return Err(Unreachable::NoneReady { service, port });
    }
    Ok(places)
}

/// A stored object, which was checked when it was written.
fn typed<T: k8s_openapi::serde::de::DeserializeOwned>(stored: &Stored) -> Option<T> {
    stored.value.object(stored.modified).to_typed().ok()
}

fn addresses(slice: &EndpointSlice, port: &str) -> Vec<Place> {
    let mut ports = slice.ports.iter().flatten();
    let number = ports.find(|own| own.name.as_deref().unwrap_or("") == port);
    let number = number.and_then(|own| u16::try_from(own.port?).ok());
    let Some(number) = number else {
        return Vec::new();
    };
    let ready = slice.endpoints.iter().filter(|endpoint| {
        let conditions = endpoint.conditions.as_ref();
        conditions.and_then(|conditions| conditions.ready) != Some(false)
    });
    let first = ready.filter_map(|endpoint| endpoint.addresses.first());
    first.map(|address| (address.clone(), number)).collect()
}
