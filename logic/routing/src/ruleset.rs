//! What a node's packet filter must do, as one value.
//!
//! Says nothing of tables, chains or maps: those belong to whoever carries it out. Everything is
//! in ordered collections, so that equal states are equal values and print alike.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::Ipv4Addr;

/// A transport protocol that services speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// Stream control transmission protocol.
    Sctp,
    /// Transmission control protocol.
    Tcp,
    /// User datagram protocol.
    Udp,
}

impl Protocol {
    /// The protocol that the API calls `name`; no name means TCP.
    #[must_use]
    pub fn named(name: Option<&str>) -> Option<Self> {
        match name {
            None | Some("" | "TCP") => Some(Self::Tcp),
            Some("UDP") => Some(Self::Udp),
            Some("SCTP") => Some(Self::Sctp),
            Some(_) => None,
        }
    }

    /// Its number in the IP header.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Sctp => 132,
            Self::Tcp => 6,
            Self::Udp => 17,
        }
    }
}

/// Where a client sends a packet to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Frontend {
    /// The address, or none for every address that is this node's own: a node port.
    pub address: Option<Ipv4Addr>,
    /// The protocol.
    pub protocol: Protocol,
    /// The port.
    pub port: u16,
}

/// Where the packet goes instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// The pod's address.
    pub address: Ipv4Addr,
    /// The port in the pod.
    pub port: u16,
}

/// What happens to a packet for a frontend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// It goes to one of the endpoints.
    Balance(Balance),
    /// It vanishes: other nodes have endpoints, and a load balancer must try those.
    Drop,
    /// It is refused at once, because there are no endpoints anywhere.
    Reject,
}

/// How connections are spread over endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The endpoints, never empty.
    pub endpoints: BTreeSet<Endpoint>,
    /// For how many seconds a client stays with the endpoint it got, if at all.
    pub affinity: Option<u32>,
    /// Which clients appear to the endpoint under the node's address.
    pub masquerade: Masquerade,
}

/// Whose source address is replaced by the node's, so that replies come back through this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Masquerade {
    /// Everybody's.
    Always,
    /// That of clients outside the cluster's pod range.
    Outsiders,
    /// Only that of the node's own loopback addresses, to which no pod could reply.
    Loopback,
}

/// Everything that a node's packet filter must do for the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ruleset {
    /// What happens where.
    pub frontends: BTreeMap<Frontend, Treatment>,
    /// Endpoints on this node, which may reach themselves through a frontend.
    pub local: BTreeSet<Ipv4Addr>,
    /// Addresses of all nodes, which pods reach without masquerade.
    pub nodes: BTreeSet<Ipv4Addr>,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sctp => "sctp",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

impl fmt::Display for Frontend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => write!(f, "{address}:{}/{}", self.port, self.protocol),
            None => write!(f, "*:{}/{}", self.port, self.protocol),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.address, self.port)
    }
}

impl fmt::Display for Masquerade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Always => "always",
            Self::Outsiders => "outsiders",
            Self::Loopback => "loopback",
        })
    }
}

impl fmt::Display for Treatment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let balance = match self {
            Self::Drop => return f.write_str("drop"),
            Self::Reject => return f.write_str("reject"),
            Self::Balance(balance) => balance,
        };
        write!(f, "balance")?;
        for endpoint in &balance.endpoints {
            write!(f, " {endpoint}")?;
        }
        if let Some(seconds) = balance.affinity {
            write!(f, ", sticky {seconds}s")?;
        }
        write!(f, ", masquerade {}", balance.masquerade)
    }
}

impl fmt::Display for Ruleset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (frontend, treatment) in &self.frontends {
            writeln!(f, "{frontend}: {treatment}")?;
        }
        Ok(())
    }
}
