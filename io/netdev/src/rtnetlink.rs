//! Links, addresses and routes, one function per request.
//!
//! A thin vocabulary over one socket: nothing here decides anything. Requests that make something
//! succeed when it is already there in the same form; those that delete succeed when it is gone.

use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::io::Errno;

use crate::netlink::{Attributes, Family, Flags, Message, NetlinkError, Received, Socket};
use gantry_routing::Cidr;

mod constants;

use constants::*;

/// The number by which the kernel knows a link.
pub(crate) type Index = u32;

/// A hardware address.
pub(crate) type Mac = [u8; 6];

/// A link as the kernel describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) index: Index,
    pub(crate) name: String,
    pub(crate) master: Option<Index>,
}

/// One end of a pair of links, and the other end in another namespace.
#[derive(Debug)]
pub(crate) struct VethPair<'a> {
    pub(crate) name: &'a str,
    pub(crate) alias: &'a str,
    pub(crate) bridge: Index,
    pub(crate) mtu: u32,
    pub(crate) peer_name: &'a str,
    pub(crate) peer_mac: Mac,
    pub(crate) peer_namespace: BorrowedFd<'a>,
}

/// A way to a range of addresses over a link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) destination: Cidr,
    pub(crate) link: Index,
    /// The next hop; none when the destination is on the link itself.
    pub(crate) via: Option<Ipv4Addr>,
    /// The address that packets of this node carry as their source.
    pub(crate) source: Option<Ipv4Addr>,
}

/// A conversation about the links of one network namespace.
#[derive(Debug)]
pub(crate) struct Links {
    socket: Socket,
}

impl Links {
    /// Talks about the namespace of this thread.
    pub(crate) fn here() -> Result<Self, NetlinkError> {
        Ok(Self {
            socket: Socket::open(Family::Route)?,
        })
    }

    /// Talks about another namespace.
    pub(crate) fn of(namespace: BorrowedFd<'_>) -> Result<Self, NetlinkError> {
        Ok(Self {
            socket: Socket::open_in(Family::Route, namespace)?,
        })
    }

    /// The link of this name, if there is one.
    pub(crate) fn find(&self, name: &str) -> Result<Option<Link>, NetlinkError> {
        let mut message = Message::new(RTM_GETLINK, Flags::ACK, &ifinfo(0, 0));
        message.put_text(IFLA_IFNAME, name);
        match self.socket.list(message, link) {
            Err(error) if error.errno() == Some(Errno::NODEV) => Ok(None),
            found => Ok(found?.pop()),
        }
    }

    /// All links.
    pub(crate) fn all(&self) -> Result<Vec<Link>, NetlinkError> {
        self.socket
            .list(Message::new(RTM_GETLINK, Flags::DUMP, &ifinfo(0, 0)), link)
    }

    /// Makes a bridge that keeps its hardware address whatever joins it.
    pub(crate) fn add_bridge(&self, name: &str, mac: Mac, mtu: u32) -> Result<(), NetlinkError> {
        let mut message = Message::new(RTM_NEWLINK, Flags::CREATE_NEW, &ifinfo(0, 0));
        message
            .put_text(IFLA_IFNAME, name)
            .put(IFLA_ADDRESS, &mac)
            .put_u32(IFLA_MTU, mtu);
        message.nest(IFLA_LINKINFO, |info| {
            info.put_text(IFLA_INFO_KIND, "bridge");
        });
        fine_if(Errno::EXIST, self.socket.request(message))
    }

    /// Makes a pair of links. Fails when the name is taken.
    pub(crate) fn add_veth(&self, pair: &VethPair<'_>) -> Result<(), NetlinkError> {
        let mut message = Message::new(RTM_NEWLINK, Flags::CREATE_NEW, &ifinfo(0, 0));
        message
            .put_text(IFLA_IFNAME, pair.name)
            .put_text(IFLA_IFALIAS, pair.alias);
        message
            .put_u32(IFLA_MTU, pair.mtu)
            .put_u32(IFLA_MASTER, pair.bridge);
        message.nest(IFLA_LINKINFO, |info| {
            info.put_text(IFLA_INFO_KIND, "veth");
            info.nest(IFLA_INFO_DATA, |data| {
                data.nest(VETH_INFO_PEER, |peer| put_peer(peer, pair));
            });
        });
        self.socket.request(message)
    }

    /// Switches a link on.
    pub(crate) fn set_up(&self, index: Index) -> Result<(), NetlinkError> {
        self.socket.request(Message::new(
            RTM_NEWLINK,
            Flags::ACK,
            &ifinfo(index, IFF_UP),
        ))
    }

    /// Lets a bridge send a packet back through the port on which it came.
    pub(crate) fn set_hairpin(&self, index: Index) -> Result<(), NetlinkError> {
        let mut fixed = ifinfo(index, 0);
        fixed[0] = AF_BRIDGE;
        let mut message = Message::new(RTM_SETLINK, Flags::ACK, &fixed);
        message.nest(IFLA_PROTINFO, |port| {
            port.put(IFLA_BRPORT_MODE, &[1]);
        });
        self.socket.request(message)
    }

    /// Deletes a link, and with it the other end of its pair.
    pub(crate) fn delete(&self, name: &str) -> Result<(), NetlinkError> {
        let mut message = Message::new(RTM_DELLINK, Flags::ACK, &ifinfo(0, 0));
        message.put_text(IFLA_IFNAME, name);
        fine_if(Errno::NODEV, self.socket.request(message))
    }

    /// Gives a link an address within a range that is `prefix` bits wide.
    pub(crate) fn add_address(
        &self,
        index: Index,
        address: Ipv4Addr,
        prefix: u8,
    ) -> Result<(), NetlinkError> {
        let [a, b, c, d] = index.to_ne_bytes();
        let fixed = [AF_INET, prefix, 0, RT_SCOPE_UNIVERSE, a, b, c, d];
        let mut message = Message::new(RTM_NEWADDR, Flags::REPLACE, &fixed);
        message
            .put_address(IFA_LOCAL, address)
            .put_address(IFA_ADDRESS, address);
        self.socket.request(message)
    }

    /// All addresses, with the links that have them.
    pub(crate) fn addresses(&self) -> Result<Vec<(Index, Ipv4Addr)>, NetlinkError> {
        let fixed = [AF_INET, 0, 0, 0, 0, 0, 0, 0];
        self.socket
            .list(Message::new(RTM_GETADDR, Flags::DUMP, &fixed), address)
    }

    /// Makes a route, in place of another one to the same destination.
    pub(crate) fn set_route(&self, route: &Route) -> Result<(), NetlinkError> {
        let mut message = Message::new(RTM_NEWROUTE, Flags::REPLACE, &rtmsg(route));
        if route.destination.prefix() != 0 {
            message.put_address(RTA_DST, route.destination.first());
        }
        message.put_u32(RTA_OIF, route.link);
        if let Some(via) = route.via {
            message.put_address(RTA_GATEWAY, via);
        }
        if let Some(source) = route.source {
            message.put_address(RTA_PREFSRC, source);
        }
        self.socket.request(message)
    }
}

fn put_peer(peer: &mut Message, pair: &VethPair<'_>) {
    peer.raw(&ifinfo(0, 0));
    peer.put_text(IFLA_IFNAME, pair.peer_name)
        .put_u32(IFLA_MTU, pair.mtu);
    peer.put(IFLA_ADDRESS, &pair.peer_mac);
    peer.put(
        IFLA_NET_NS_FD,
        &pair.peer_namespace.as_raw_fd().to_ne_bytes(),
    );
}

/// The fixed part of a request about a link; the flags given are set, no other is touched.
fn ifinfo(index: Index, flags: u32) -> [u8; 16] {
    let mut fixed = [0; 16];
    fixed[4..8].copy_from_slice(&index.to_ne_bytes());
    fixed[8..12].copy_from_slice(&flags.to_ne_bytes());
    fixed[12..16].copy_from_slice(&flags.to_ne_bytes());
    fixed
}

fn rtmsg(route: &Route) -> [u8; 12] {
    let scope = if route.via.is_some() {
        RT_SCOPE_UNIVERSE
    } else {
        RT_SCOPE_LINK
    };
    let prefix = route.destination.prefix();
    [
        AF_INET,
        prefix,
        0,
        0,
        RT_TABLE_MAIN,
        RTPROT_STATIC,
        scope,
        RTN_UNICAST,
        0,
        0,
        0,
        0,
    ]
}

fn link(received: &Received<'_>) -> Option<Link> {
    let attributes = received.attributes(16);
    Some(Link {
        index: index_at(received.body, 4)?,
        name: attributes.text(IFLA_IFNAME)?.to_owned(),
        master: attributes.u32(IFLA_MASTER),
    })
}

fn address(received: &Received<'_>) -> Option<(Index, Ipv4Addr)> {
    let attributes: Attributes<'_> = received.attributes(8);
    Some((index_at(received.body, 4)?, attributes.address(IFA_LOCAL)?))
}

fn index_at(body: &[u8], at: usize) -> Option<Index> {
    Some(u32::from_ne_bytes(body.get(at..at + 4)?.try_into().ok()?))
}

fn fine_if(errno: Errno, result: Result<(), NetlinkError>) -> Result<(), NetlinkError> {
    match result {
        Err(error) if error.errno() == Some(errno) => Ok(()),
        other => other,
    }
}
