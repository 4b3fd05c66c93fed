//! Many hollow nodes: their names, their addresses, what they announce, and when their hearts beat.
//!
//! All of it follows from a node's number, so that a fleet that is started again is the same fleet.

#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;
use std::time::Duration;

use k8s_openapi::api::core::v1::Node;

use gantry_api::views::Meta;
use gantry_base::Timestamp;
use gantry_base::time::after;
use gantry_reconcile::Write;
use gantry_routing::Cidr;

use crate::agent::Around;
use crate::node_status::{Facts, Machine, Pressure, Reserved, allocatable};
use crate::registration::PERIOD;

/// The label that tells a hollow node from one that runs containers.
pub const LABEL: &str = "gantry.io/hollow";
/// The most nodes of one fleet: what one process and one connection carry.
pub const NODES_MAX: u32 = 5000;
/// Numbers end here: each node has 256 addresses out of [`PODS`].
const NUMBERS: u32 = 1 << 14;
/// The most pods of one node: as many as its addresses allow, with some to spare.
pub const PODS_MAX: u32 = 250;

/// Pods' addresses: 100.64.0.0/10, which no cluster uses for its own.
const PODS: u32 = 0x6440_0000;
/// Nodes' addresses: 198.18.0.0/15, which is kept for tests of load.
const NODES: u32 = 0xC612_0000;
/// The longest name before the number.
const PREFIX_MAX: usize = 200;

/// Hollow nodes of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fleet {
    count: u32,
    first: u32,
    prefix: String,
    announced: Announced,
}

/// What every node of a fleet says that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// How many pods may run on it.
    pub max_pods: u32,
    /// Processors.
    pub cpus: u32,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// The version of Kubernetes, such as `v1.35.0`.
    pub version: String,
}

/// Why there is no such fleet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FleetError {
    /// None, or too many.
    #[error("make {0} hollow nodes: it takes between 1 and {NODES_MAX}")]
    Count(u32),
    /// The last one would have a number without addresses.
    #[error("number hollow nodes up to {0}: numbers end at {last}", last = NUMBERS - 1)]
    Number(u64),
    /// It makes no names that nodes may have.
    #[error(
        "name nodes {0:?} and a number: only lower-case letters, digits, '-' and '.', \
         at most {PREFIX_MAX} of them, beginning with a letter or digit, no '.' before the number"
    )]
    Prefix(String),
    /// None, or more than there are addresses for.
    #[error("have {0} pods on a node: it takes between 1 and {PODS_MAX}")]
    Pods(u32),
    /// No processor, or no memory, to announce.
    #[error("announce nodes without processors or without memory")]
    Nothing,
}

/// One node of a fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its own address, which leads nowhere.
    pub address: Ipv4Addr,
    /// The range of its pods' addresses, which lead nowhere either.
    pub range: Cidr,
    /// When in every period its heart beats.
    phase: Duration,
    announced: Announced,
}

impl Fleet {
    /// `count` nodes, named `prefix` and a number from `first` on.
    ///
    /// # Errors
    /// Something is out of bounds.
    pub fn new(
        count: u32,
        first: u32,
        prefix: &str,
        announced: Announced,
    ) -> Result<Self, FleetError> {
        if !(1..=NODES_MAX).contains(&count) {
            return Err(FleetError::Count(count));
        }
        let last = u64::from(first) + u64::from(count) - 1;
        if u64::from(NUMBERS) <= last {
            return Err(FleetError::Number(last));
        }
        if !is_prefix(prefix) {
            return Err(FleetError::Prefix(prefix.to_owned()));
        }
        if !(1..=PODS_MAX).contains(&announced.max_pods) {
            return Err(FleetError::Pods(announced.max_pods));
        }
        if announced.cpus == 0 || announced.memory_bytes == 0 {
            return Err(FleetError::Nothing);
        }
        let prefix = prefix.to_owned();
        Ok(Self {
            count,
            first,
            prefix,
            announced,
        })
    }

    /// Its nodes, by number.
    pub fn members(&self) -> impl Iterator<Item = Member> + '_ {
        (0..self.count).map(|index| self.member(index))
    }

    fn member(&self, index: u32) -> Member {
        let number = self.first + index;
        Member {
            name: format!("{}{number}", self.prefix),
            // The first address of a range is no host's.
            address: Ipv4Addr::from(NODES + number + 1),
            range: Cidr::new(Ipv4Addr::from(PODS + (number << 8)), 24),
            phase: PERIOD * index / self.count,
            announced: self.announced.clone(),
        }
    }
}

fn is_prefix(prefix: &str) -> bool {
    let is_inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    prefix.len() <= PREFIX_MAX
        && prefix.starts_with(is_inner)
        && !prefix.ends_with('.')
        && !prefix.contains("..")
        && prefix
            .chars()
            .all(|letter| is_inner(letter) || matches!(letter, '-' | '.'))
}

impl Member {
    /// What the node's pods depend on and that stays the same.
    #[must_use]
    pub fn around(&self) -> Around {
        Around {
            host_addresses: vec![self.address.to_string()],
            allocatable: allocatable(&self.machine(), &Reserved::default()),
            ..Around::default()
        }
    }

    /// Everything that the node's object depends on, at this moment.
    #[must_use]
    pub fn facts(&self, now: Timestamp) -> Facts {
        Facts {
            now,
            name: self.name.clone(),
            addresses: vec![self.address.to_string()],
            machine: self.machine(),
            version: self.announced.version.clone(),
            runtime: concat!("hollow://", env!("CARGO_PKG_VERSION")).to_owned(),
            port: 10250,
            max_pods: self.announced.max_pods,
            reserved: Reserved::default(),
            pod_range: self.range.to_string(),
            images: Vec::new(),
            pressure: Pressure::default(),
            unready: None,
        }
    }

    fn machine(&self) -> Machine {
        Machine {
            cpus: self.announced.cpus,
            memory_bytes: self.announced.memory_bytes,
            disk_bytes: 512 << 30,
            architecture: "amd64".to_owned(),
            kernel: "hollow".to_owned(),
            os_image: "Hollow".to_owned(),
            machine_id: self.name.clone(),
            system_uuid: self.name.clone(),
            boot_id: self.name.clone(),
            host_name: self.name.clone(),
        }
    }

    /// When the next beat is due that would be due `wait` after `now`. Beats of good health are
    /// moved to the node's own part of the period, so that a fleet's are spread evenly over it;
    /// what is tried again keeps its time.
    #[must_use]
    pub fn next_beat(&self, started: Timestamp, now: Timestamp, wait: Duration) -> Timestamp {
        if wait < PERIOD {
            return after(now, wait);
        }
        let mut beat = after(started, self.phase);
        let soonest = after(now, PERIOD / 2);
        let behind = gantry_base::time::since(soonest, beat);
        let periods = behind.as_nanos().div_ceil(PERIOD.as_nanos());
        beat = after(beat, PERIOD * u32::try_from(periods).unwrap_or(u32::MAX));
        beat
    }

    /// Whether this object of that name was made by a hollow node.
    #[must_use]
    pub fn is_hollow(node: &Node) -> bool {
        node.labels().contains_key(LABEL)
    }

    /// The same write; one that makes a node says that it is hollow.
    #[must_use]
    pub fn marked(mut write: Write) -> Write {
        if let Write::Create { key, object } = &mut write
            && key.resource.resource == "nodes"
        {
            object.set(&["metadata", "labels", LABEL], "true".into());
        }
        write
    }
}
