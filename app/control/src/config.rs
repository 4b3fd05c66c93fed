//! What a server needs to know before it starts.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gantry_etcd::EtcdConfig;
use gantry_reconcile::Timing;
use gantry_registry::settings::{Admission, Ipv4Range};
use gantry_seal::Sealer;
use gantry_store::{Plain, Seal};

/// What a server needs to know before it starts.
#[derive(Clone, Debug)]
pub struct ControlConfig {
    /// Where everything that lasts is kept.
    pub data_dir: PathBuf,
    /// The etcd that keeps the state; the data directory does when there is none.
    pub etcd: Option<EtcdConfig>,
    /// What is sealed before it leaves memory, and with what; nothing without it.
    pub sealer: Option<Arc<Sealer>>,
    /// Who this server is among those that share a state; nobody where there can be no other.
    pub candidate: Option<Candidate>,
    /// How long etcd may take to answer at the start [default: any time].
    pub patience: Option<Duration>,
    /// The address that others reach the API at.
    pub advertise: IpAddr,
    /// The port of the API.
    pub port: u16,
    /// Further names and addresses that the server's certificate is good for.
    pub further_names: Vec<String>,
    /// Where services get their addresses.
    pub service_range: Ipv4Range,
    /// Where services get their node ports.
    pub node_ports: RangeInclusive<u16>,
    /// Which steps of admission are taken, and what they fill in.
    pub admission: Admission,
    /// Whom to believe besides the cluster itself.
    pub authn: gantry_authn::Config,
    /// The version that is announced, such as `v1.35.0`.
    pub version: String,
}

/// One of several servers, of which one runs the controllers.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What it is called; no other server, and no earlier life of this one, has the same name.
    pub identity: String,
    /// How long it may go without a word.
    pub timing: Timing,
}

impl ControlConfig {
    /// What becomes of records on their way out of memory.
    pub(crate) fn seal(&self) -> Arc<dyn Seal> {
        match &self.sealer {
            Some(sealer) => Arc::clone(sealer) as _,
            None => Arc::new(Plain),
        }
    }

    /// The first address of the service range: the API's own.
    #[must_use]
    pub fn api_address(&self) -> Ipv4Addr {
        self.service_address(1)
    }

    /// The tenth address of the service range: the name server's.
    #[must_use]
    pub fn dns_address(&self) -> Ipv4Addr {
        self.service_address(10)
    }

    fn service_address(&self, offset: u32) -> Ipv4Addr {
        self.service_range
            .at(offset)
            .unwrap_or(self.service_range.first)
    }
}
