//! The names of the cluster.
//!
//! Built whole from Services and EndpointSlices, and never changed: a new state is a new zone. A
//! name without records of its own that has names below it exists all the same, and answers
//! that it has nothing, rather than that it does not exist.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::{Service, ServiceSpec};
use k8s_openapi::api::discovery::v1::EndpointSlice;

use crate::name::Name;
use crate::wire::Record;

mod headless;
#[cfg(test)]
mod tests;

/// The version of the naming scheme, which clients may ask for.
const SCHEMA_VERSION: &str = "1.1.0";

/// What a zone depends on besides Services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneConfig {
    /// The cluster's domain, usually `cluster.local`.
    pub domain: Name,
    /// The address of the cluster's DNS server.
    pub server: Ipv4Addr,
}

/// All names of the cluster at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    domain: Name,
    names: BTreeMap<Name, BTreeSet<Record>>,
}

impl Zone {
    /// The zone that makes `services` known by their names.
    #[must_use]
    pub fn new<'a>(
        config: &ZoneConfig,
        services: impl IntoIterator<Item = &'a Service>,
        slices: impl IntoIterator<Item = &'a EndpointSlice>,
    ) -> Self {
        let mut zone = Self {
            domain: config.domain.clone(),
            names: BTreeMap::new(),
        };
        zone.put(&["dns-version"], Record::Txt(SCHEMA_VERSION.to_owned()));
        zone.put(&["ns", "dns"], Record::A(config.server));
        let slices = by_service(slices);
        for service in services {
            let Some(place) = Place::of(service) else {
                continue;
            };
            let spec = service.spec.clone().unwrap_or_default();
            let slices = slices.get(&place).map(Vec::as_slice).unwrap_or_default();
            zone.add_service(place, &spec, slices);
        }
        zone
    }

    /// The domain below which this zone knows best.
    #[must_use]
    pub fn domain(&self) -> &Name {
        &self.domain
    }

    /// The records of a name: none if it does not exist, an empty set if there is nothing to say.
    #[must_use]
    pub fn records(&self, name: &Name) -> Option<&BTreeSet<Record>> {
        static NOTHING: BTreeSet<Record> = BTreeSet::new();
        if let Some(records) = self.names.get(name) {
            return Some(records);
        }
        let (next, _) = self.names.range(name..).next()?;
        next.is_within(name).then_some(&NOTHING)
    }

    /// What the zone says of itself.
    #[must_use]
    pub fn start(&self) -> Record {
        let inside = |labels: &[&str]| self.inside(labels).unwrap_or_else(|| self.domain.clone());
        Record::Soa {
            server: inside(&["ns", "dns"]),
            keeper: inside(&["hostmaster"]),
            serial: 1,
        }
    }

    fn add_service(&mut self, place: Place<'_>, spec: &ServiceSpec, slices: &[&EndpointSlice]) {
        let Some(name) = self.service_name(place) else {
            return;
        };
        if spec.type_.as_deref() == Some("ExternalName") {
            let target = spec
                .external_name
                .as_deref()
                .and_then(|target| target.parse().ok());
            if let Some(target) = target {
                self.put_at(name, Record::Cname(target));
            }
            return;
        }
        match spec.cluster_ip.as_deref() {
            None | Some("") => {}
            Some("None") => headless::add(self, &name, spec, slices),
            Some(_) => self.add_addresses(&name, spec),
        }
    }

    fn add_addresses(&mut self, name: &Name, spec: &ServiceSpec) {
        let listed = spec.cluster_ips.iter().flatten();
        let addresses: BTreeSet<Ipv4Addr> = listed
            .chain(&spec.cluster_ip)
            .filter_map(|ip| ip.parse().ok())
            .collect();
        // A Service with addresses of the other family only exists, with nothing to say here.
        self.names.entry(name.clone()).or_default();
        for address in addresses {
            self.put_at(name.clone(), Record::A(address));
            self.put_reverse(address, name.clone());
        }
        for port in spec.ports.iter().flatten() {
            if let Ok(number) = u16::try_from(port.port) {
                let label = (port.name.as_deref(), port.protocol.as_deref());
                self.put_port(
                    name,
                    label,
                    Record::Srv {
                        port: number,
                        target: name.clone(),
                    },
                );
            }
        }
    }

    /// Adds a record under the name of a port; a port without name has none.
    fn put_port(&mut self, name: &Name, port: (Option<&str>, Option<&str>), record: Record) {
        let Some(label) = port.0.filter(|label| !label.is_empty()) else {
            return;
        };
        let protocol = port.1.unwrap_or("TCP").to_lowercase();
        if let Some(name) = below(&[&format!("_{label}"), &format!("_{protocol}")], name) {
            self.put_at(name, record);
        }
    }

    fn put_reverse(&mut self, address: Ipv4Addr, name: Name) {
        let [a, b, c, d] = address.octets();
        let reverse = format!("{d}.{c}.{b}.{a}.in-addr.arpa").parse();
        self.put_at(
            reverse.expect("four numbers make a name"),
            Record::Ptr(name),
        );
    }

    fn put(&mut self, labels: &[&str], record: Record) {
        if let Some(name) = self.inside(labels) {
            self.put_at(name, record);
        }
    }

    fn put_at(&mut self, name: Name, record: Record) {
        self.names.entry(name).or_default().insert(record);
    }

    fn service_name(&self, place: Place<'_>) -> Option<Name> {
        self.inside(&[place.service, place.namespace, "svc"])
    }

    fn inside(&self, labels: &[&str]) -> Option<Name> {
        below(labels, &self.domain)
    }
}

/// A name some labels below another, if that is short enough.
fn below(labels: &[&str], parent: &Name) -> Option<Name> {
    Name::from_labels(labels.iter().map(|label| label.as_bytes()))?.below(parent)
}

/// Where a Service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place<'a> {
    namespace: &'a str,
    service: &'a str,
}

impl<'a> Place<'a> {
    fn of(service: &'a Service) -> Option<Self> {
        let metadata = &service.metadata;
        Some(Self {
            namespace: metadata.namespace.as_deref()?,
            service: metadata.name.as_deref()?,
        })
    }
}

fn by_service<'a>(
    slices: impl IntoIterator<Item = &'a EndpointSlice>,
) -> BTreeMap<Place<'a>, Vec<&'a EndpointSlice>> {
    let place = |slice: &'a EndpointSlice| {
        let service = slice
            .metadata
            .labels
            .as_ref()?
            .get("kubernetes.io/service-name")?;
        Some(Place {
            namespace: slice.metadata.namespace.as_deref()?,
            service,
        })
    };
    let mut places: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for slice in slices
        .into_iter()
        .filter(|slice| slice.address_type == "IPv4")
    {
        if let Some(place) = place(slice) {
            places.entry(place).or_default().push(slice);
        }
    }
    places
}
