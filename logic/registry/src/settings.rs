//! The choices of a cluster that requests depend on: plain data, decided once at start.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;

use gantry_base::Cidr;

use crate::admission;
pub use crate::admission::pod_security::policy as pod_security;

/// The choices of a cluster that requests depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where services get their addresses.
    pub service_range: Ipv4Range,
    /// Where services get their node ports.
    pub node_ports: RangeInclusive<u16>,
    /// Which steps of admission are taken, and what they fill in.
    pub admission: Admission,
    /// The version that published schemas announce, such as `v1.35.0`.
    pub version: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            service_range: Ipv4Range {
                first: Ipv4Addr::new(10, 96, 0, 0),
                prefix: 16,
            },
            node_ports: 30_000..=32_767,
            admission: Admission::default(),
            version: "v1.35.0".to_owned(),
        }
    }
}

/// Which steps of admission are taken, and what they fill in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The plugins that are not asked, by the names that operators know.
    pub disabled: BTreeSet<&'static str>,
    /// How long a pod stays on a node that is not ready, unless it says so itself.
    pub not_ready_seconds: i64,
    /// How long a pod stays on a node that does not answer.
    pub unreachable_seconds: i64,
    /// What is wanted of pods where their namespace does not say.
    pub pod_security: pod_security::Choice,
}

impl Default for Admission {
    fn default() -> Self {
        Self {
            disabled: BTreeSet::new(),
            not_ready_seconds: 300,
            unreachable_seconds: 300,
            pod_security: pod_security::Choice::default(),
        }
    }
}

/// An admission plugin was named that this server does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("find the admission plugin {name:?}: this server has {known}")]
pub struct NoSuchPlugin {
    /// What was named.
    pub name: String,
    /// What there is.
    pub known: String,
}

impl Admission {
    /// The plugins that are not asked when these are enabled and those disabled. All are on by
    /// default, so that enabling one only makes sure of it; what is named twice is disabled.
    pub fn left_out(
        enable: &[String],
        disable: &[String],
    ) -> Result<BTreeSet<&'static str>, NoSuchPlugin> {
        let find = |name: &String| {
            let known = admission::plugins().find(|known| known == name);
            known.ok_or_else(|| NoSuchPlugin {
                name: name.clone(),
                known: admission::plugins().collect::<Vec<_>>().join(", "),
            })
        };
        for name in enable {
            find(name)?;
        }
        disable.iter().map(find).collect()
    }
}

/// A block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4Range {
    /// The network's own address.
    pub first: Ipv4Addr,
    /// How many leading bits all its addresses share.
    pub prefix: u8,
}

impl Ipv4Range {
    /// Reads a block such as `10.96.0.0/16`; nothing when it is none, or one of the other family.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let block: Cidr = text.parse().ok()?;
        let IpAddr::V4(address) = block.address else {
            return None;
        };
        let rest = 32 - u32::from(block.length.min(32));
        let mask = u32::MAX.checked_shl(rest).unwrap_or(0);
        Some(Self {
            first: Ipv4Addr::from(u32::from(address) & mask),
            prefix: block.length,
        })
    }

    /// How many addresses there are, the network's own and the last one included.
    #[must_use]
    pub fn size(self) -> u32 {
        1_u32
            .checked_shl(32 - u32::from(self.prefix.min(32)))
            .unwrap_or(u32::MAX)
    }

    /// The address `offset` places after the network's own, if it is inside.
    #[must_use]
    pub fn at(self, offset: u32) -> Option<Ipv4Addr> {
        let number = u32::from(self.first).checked_add(offset)?;
        (offset < self.size()).then(|| Ipv4Addr::from(number))
    }

    /// Whether a service may have `address`: neither the network's own nor the last.
    #[must_use]
    pub fn usable(self, address: Ipv4Addr) -> bool {
        let offset = u32::from(address).checked_sub(u32::from(self.first));
        offset.is_some_and(|offset| 0 < offset && offset < self.size().saturating_sub(1))
    }
}

impl std::fmt::Display for Ipv4Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}
