//! Forgetting UDP flows that lead to the wrong place.
//!
//! The kernel decides where a flow goes by its first packet, and a UDP client that keeps sending
//! keeps the flow alive. When an endpoint is gone such flows must be forgotten, so that the next
//! packet is looked at afresh. TCP is left alone: its connections end by themselves, and breaking
//! them is what rolling updates must not do.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use gantry_routing::{Endpoint, Frontend, Protocol};
use rustix::io::Errno;

use crate::netlink::{Attributes, Family, Flags, Message, NetlinkError, Received, Socket};

const NFNL_SUBSYS_CTNETLINK: u16 = 1;
const IPCTNL_MSG_CT_GET: u16 = 1;
const IPCTNL_MSG_CT_DELETE: u16 = 2;
const AF_INET: u8 = 2;
const CTA_TUPLE_ORIG: u16 = 1;
const CTA_TUPLE_REPLY: u16 = 2;
const CTA_ID: u16 = 12;
const CTA_TUPLE_IP: u16 = 1;
const CTA_TUPLE_PROTO: u16 = 2;
const CTA_IP_V4_SRC: u16 = 1;
const CTA_IP_V4_DST: u16 = 2;
const CTA_PROTO_NUM: u16 = 1;
const CTA_PROTO_SRC_PORT: u16 = 2;
const CTA_PROTO_DST_PORT: u16 = 3;

/// Frontends whose flows changed their place, with the endpoints that are right now.
type Stale = BTreeMap<Frontend, BTreeSet<Endpoint>>;

/// A UDP flow: where its client sends to, who answers, and how the kernel names it.
#[derive(Debug)]
struct Flow {
    to: Endpoint,
    answered_by: Endpoint,
    original: Vec<u8>,
    id: Vec<u8>,
}

/// Forgets flows through `stale` frontends that none of their endpoints answers; says how many.
///
/// `own` are this node's addresses, to which frontends of any address belong.
pub(crate) fn forget(stale: &Stale, own: &BTreeSet<Ipv4Addr>) -> Result<usize, NetlinkError> {
    if stale.is_empty() {
        return Ok(0);
    }
    let socket = Socket::open(Family::Netfilter)?;
    let flows = socket.list(message(IPCTNL_MSG_CT_GET, Flags::DUMP), flow)?;
    let lost: Vec<_> = flows
        .iter()
        .filter(|flow| is_lost(flow, stale, own))
        .collect();
    for flow in &lost {
        let mut message = message(IPCTNL_MSG_CT_DELETE, Flags::ACK);
        message.nest(CTA_TUPLE_ORIG, |nest| {
            nest.raw(&flow.original);
        });
        message.put(CTA_ID, &flow.id);
        match socket.request(message) {
            // It ended by itself in the meantime.
            Err(error) if error.errno() == Some(Errno::NOENT) => {}
            done => done?,
        }
    }
    Ok(lost.len())
}

fn is_lost(flow: &Flow, stale: &Stale, own: &BTreeSet<Ipv4Addr>) -> bool {
    let frontend = |address| Frontend {
        address,
        protocol: Protocol::Udp,
        port: flow.to.port,
    };
    let any_address = || {
        own.contains(&flow.to.address)
            .then(|| stale.get(&frontend(None)))
    };
    let endpoints = stale
        .get(&frontend(Some(flow.to.address)))
        .or_else(|| any_address()?);
    endpoints.is_some_and(|endpoints| !endpoints.contains(&flow.answered_by))
}

fn message(kind: u16, flags: Flags) -> Message {
    Message::new(
        NFNL_SUBSYS_CTNETLINK << 8 | kind,
        flags,
        &[AF_INET, 0, 0, 0],
    )
}

fn flow(received: &Received<'_>) -> Option<Flow> {
    let attributes = received.attributes(4);
    let original = attributes.nest(CTA_TUPLE_ORIG)?;
    let protocol = original.nest(CTA_TUPLE_PROTO)?.get(CTA_PROTO_NUM)?;
    if protocol != [Protocol::Udp.number()] {
        return None;
    }
    Some(Flow {
        to: end(original, CTA_IP_V4_DST, CTA_PROTO_DST_PORT)?,
        answered_by: end(
            attributes.nest(CTA_TUPLE_REPLY)?,
            CTA_IP_V4_SRC,
            CTA_PROTO_SRC_PORT,
        )?,
        original: attributes.get(CTA_TUPLE_ORIG)?.to_vec(),
        id: attributes.get(CTA_ID)?.to_vec(),
    })
}

fn end(tuple: Attributes<'_>, address: u16, port: u16) -> Option<Endpoint> {
    let address = tuple.nest(CTA_TUPLE_IP)?.address(address)?;
    Some(Endpoint {
        address,
        port: tuple.nest(CTA_TUPLE_PROTO)?.port(port)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        let parsed: std::net::SocketAddrV4 = text.parse().unwrap();
        Endpoint {
            address: *parsed.ip(),
            port: parsed.port(),
        }
    }

    fn lost(to: &str, answered_by: &str, frontend: Option<&str>) -> bool {
        let address = frontend.map(|text| text.parse().unwrap());
        let stale = Frontend {
            address,
            protocol: Protocol::Udp,
            port: 53,
        };
        let stale = Stale::from([(stale, BTreeSet::from([endpoint("10.244.0.2:53")]))]);
        let own = BTreeSet::from([Ipv4Addr::new(192, 0, 2, 2)]);
        let (to, answered_by) = (endpoint(to), endpoint(answered_by));
        is_lost(
            &Flow {
                to,
                answered_by,
                original: Vec::new(),
                id: Vec::new(),
            },
            &stale,
            &own,
        )
    }

    #[test]
    fn only_flows_that_no_right_endpoint_answers_are_lost() {
        let service = Some("10.96.0.1");
        assert!(
            lost("10.96.0.1:53", "10.244.0.9:53", service),
            "an endpoint that is gone"
        );
        assert!(
            lost("10.96.0.1:53", "10.96.0.1:53", service),
            "never redirected"
        );
        assert!(
            !lost("10.96.0.1:53", "10.244.0.2:53", service),
            "still right"
        );
        assert!(
            !lost("10.96.0.1:54", "10.244.0.9:53", service),
            "another port"
        );
        assert!(
            !lost("10.96.0.2:53", "10.244.0.9:53", service),
            "another service"
        );
    }

    #[test]
    fn a_port_of_any_address_concerns_only_this_nodes_addresses() {
        assert!(lost("192.0.2.2:53", "192.0.2.2:53", None));
        assert!(
            !lost("198.51.100.1:53", "198.51.100.1:53", None),
            "somebody else's server"
        );
    }
}
