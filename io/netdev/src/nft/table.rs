//! What the table contains whatever services there are.
//!
//! The order of rules in a chain matters and is told beside them. Base chains accept what they do
//! not decide, so other tables and the machine's own firewall keep their say.

use gantry_routing::Cidr;

use crate::config::NetworkConfig;
use crate::filter::{Batch, Expression, Field, Hook, Kind, Register, Rule, Set, Value};
use crate::limits::STICKY_CLIENTS;

/// From frontend to what happens.
pub(super) const FRONTENDS: &str = "frontends";
/// From frontend and slot to endpoint.
pub(super) const SLOTS: &str = "slots";
/// From frontend and slot to the lasting number of the endpoint, where clients are remembered.
pub(super) const SEATS: &str = "seats";
/// From frontend and lasting number to endpoint.
pub(super) const KEPT: &str = "kept";
/// From client and frontend to the number of the endpoint that the client had last.
pub(super) const CLIENTS: &str = "clients";
/// Pairs of an address with itself, for endpoints on this node.
pub(super) const LOCAL: &str = "local";
/// Addresses of nodes.
pub(super) const NODES: &str = "nodes";

/// Where refused packets end.
pub(super) const REFUSE: &str = "refuse";
const SERVICES: &str = "services";

/// The bit of a packet's mark that asks for masquerade. It is set and cleared within the node.
pub(super) const MARK: u32 = 0x4000;

/// The link type of loopback interfaces.
const ARPHRD_LOOPBACK: u16 = 772;

/// What the routing table says of an address that is this node's own.
const RTN_LOCAL: u32 = 2;

/// The loopback range, of which no packet may come from outside.
pub(super) const LOOPBACK: [u8; 4] = [127, 0, 0, 0];
pub(super) const LOOPBACK_MASK: [u8; 4] = [255, 0, 0, 0];

/// The parts of a key that names a frontend.
const FRONTEND: &[Kind] = &[Kind::Address, Kind::Protocol, Kind::Port];
const FRONTEND_NUMBER: &[Kind] = &[Kind::Address, Kind::Protocol, Kind::Port, Kind::Number];
const CLIENT_FRONTEND: &[Kind] = &[Kind::Address, Kind::Address, Kind::Protocol, Kind::Port];

/// Deletes the table if there is one, and makes it with everything but services.
pub(super) fn make_anew(batch: &mut Batch, config: &NetworkConfig) {
    // A table can be deleted only when it is there; adding it first makes sure of that.
    batch.add_table();
    batch.delete_table();
    batch.add_table();
    add_sets(batch);
    add_refusal(batch);
    add_services(batch, config);
    add_protection(batch);
    add_masquerade(batch, config);
}

fn add_sets(batch: &mut Batch) {
    let set = |name, key, value| Set {
        name,
        key,
        value,
        filled_by_rules: None,
    };
    batch.add_set(&set(FRONTENDS, FRONTEND, Value::Verdict));
    batch.add_set(&set(SLOTS, FRONTEND_NUMBER, Value::Endpoint));
    batch.add_set(&set(SEATS, FRONTEND_NUMBER, Value::Number));
    batch.add_set(&set(KEPT, FRONTEND_NUMBER, Value::Endpoint));
    batch.add_set(&set(
        LOCAL,
        &[Kind::Address, Kind::Address],
        Value::Presence,
    ));
    batch.add_set(&set(NODES, &[Kind::Address], Value::Presence));
    let clients = set(CLIENTS, CLIENT_FRONTEND, Value::Number);
    batch.add_set(&Set {
        filled_by_rules: Some(STICKY_CLIENTS),
        ..clients
    });
}

/// TCP is told with a reset, which every client understands at once; all else with an ICMP error.
fn add_refusal(batch: &mut Batch) {
    const TCP: u8 = 6;
    let protocol = Register(0);
    batch.add_chain(REFUSE);
    let is_tcp = Expression::Equal(protocol, vec![TCP]);
    let load = Expression::Load(Field::Protocol, protocol);
    batch.add_rule(REFUSE, &vec![load, is_tcp, Expression::Reset]);
    batch.add_rule(REFUSE, &vec![Expression::Unreachable]);
}

fn add_services(batch: &mut Batch, config: &NetworkConfig) {
    let key = Register(0);
    batch.add_chain(SERVICES);
    let mut by_address = load_frontend(key, false);
    by_address.push(Expression::Follow(FRONTENDS, key));
    batch.add_rule(SERVICES, &by_address);

    let mut by_port = vec![
        Expression::Load(Field::DestinationType, key),
        Expression::Equal(key, RTN_LOCAL.to_ne_bytes().to_vec()),
    ];
    by_port.extend(load_frontend(key, true));
    by_port.push(Expression::Follow(FRONTENDS, key));
    batch.add_rule(SERVICES, &by_port);

    // What no service answers in their range answers nowhere: say so rather than let it time out.
    let mut unknown = within(Field::Destination, config.service_range);
    unknown.push(Expression::Goto(REFUSE.to_owned()));
    batch.add_rule(SERVICES, &unknown);

    for (name, number) in [("prerouting", PREROUTING), ("output", OUTPUT)] {
        batch.add_base_chain(
            name,
            Hook {
                kind: "nat",
                number,
                priority: DESTINATION_NAT,
            },
        );
        batch.add_rule(name, &vec![Expression::Jump(SERVICES.to_owned())]);
    }
}

/// Answering node ports on loopback makes the kernel route loopback addresses over the bridge.
/// Packets that come from elsewhere and bear such an address are therefore dropped here, before
/// anything else looks at them.
fn add_protection(batch: &mut Batch) {
    let chain = "protection";
    batch.add_base_chain(
        chain,
        Hook {
            kind: "filter",
            number: PREROUTING,
            priority: RAW,
        },
    );
    for field in [Field::Destination, Field::Source] {
        let interface = Register(0);
        let address = Register(1);
        let rule = vec![
            Expression::Load(Field::IncomingType, interface),
            Expression::Differs(interface, ARPHRD_LOOPBACK.to_ne_bytes().to_vec()),
            Expression::Load(field, address),
            Expression::Bits(address, LOOPBACK_MASK, [0; 4]),
            Expression::Equal(address, LOOPBACK.to_vec()),
            Expression::Drop,
        ];
        batch.add_rule(chain, &rule);
    }
}

fn add_masquerade(batch: &mut Batch, config: &NetworkConfig) {
    let chain = "postrouting";
    batch.add_base_chain(
        chain,
        Hook {
            kind: "nat",
            number: POSTROUTING,
            priority: SOURCE_NAT,
        },
    );
    batch.add_rule(chain, &masquerade_marked());
    batch.add_rule(chain, &masquerade_itself());
    batch.add_rule(chain, &masquerade_leaving(config));
}

fn masquerade_marked() -> Rule {
    let mark = Register(0);
    vec![
        Expression::Load(Field::Mark, mark),
        Expression::Bits(mark, MARK.to_ne_bytes(), [0; 4]),
        Expression::Equal(mark, MARK.to_ne_bytes().to_vec()),
        Expression::Load(Field::Mark, mark),
        Expression::Bits(mark, (!MARK).to_ne_bytes(), [0; 4]),
        Expression::SetMark(mark),
        Expression::Masquerade,
    ]
}

/// A pod that was sent to itself would answer itself directly, which its connection would not
/// recognize.
fn masquerade_itself() -> Rule {
    vec![
        Expression::Load(Field::Source, Register(0)),
        Expression::Load(Field::Destination, Register(1)),
        Expression::Has(LOCAL, Register(0)),
        Expression::Masquerade,
    ]
}

fn masquerade_leaving(config: &NetworkConfig) -> Rule {
    let scratch = Register(0);
    let mut rule = within(Field::Source, config.node_range);
    rule.extend(outside(Field::Destination, config.cluster_range));
    rule.extend([
        Expression::Load(Field::Destination, scratch),
        Expression::Lacks(NODES, scratch),
        Expression::Load(Field::OutgoingName, scratch),
        Expression::Differs(scratch, link_name(&config.bridge())),
        Expression::Masquerade,
    ]);
    rule
}

/// Loads the key of the packet's frontend into three registers.
pub(super) fn load_frontend(first: Register, any_address: bool) -> Rule {
    let mut rule = vec![Expression::Load(Field::Destination, first)];
    if any_address {
        rule.push(Expression::Bits(first, [0; 4], [0; 4]));
    }
    rule.extend([
        Expression::Load(Field::Protocol, Register(first.0 + 1)),
        Expression::Load(Field::DestinationPort, Register(first.0 + 2)),
    ]);
    rule
}

/// Holds when an address of the packet lies in a range. Uses the first register.
pub(super) fn within(field: Field, range: Cidr) -> Rule {
    let mut rule = network(field, range);
    rule.push(Expression::Equal(
        Register(0),
        range.first().octets().to_vec(),
    ));
    rule
}

/// Holds when an address of the packet lies outside a range. Uses the first register.
pub(super) fn outside(field: Field, range: Cidr) -> Rule {
    let mut rule = network(field, range);
    rule.push(Expression::Differs(
        Register(0),
        range.first().octets().to_vec(),
    ));
    rule
}

fn network(field: Field, range: Cidr) -> Rule {
    let address = Register(0);
    vec![
        Expression::Load(field, address),
        Expression::Bits(address, range.mask().octets(), [0; 4]),
    ]
}

/// A link's name as the kernel compares it: padded with zeros to sixteen bytes.
fn link_name(name: &str) -> Vec<u8> {
    let mut bytes = name.as_bytes().to_vec();
    bytes.resize(16, 0);
    bytes
}

const PREROUTING: u32 = 0;
const OUTPUT: u32 = 3;
const POSTROUTING: u32 = 4;
const RAW: i32 = -300;
const DESTINATION_NAT: i32 = -100;
const SOURCE_NAT: i32 = 100;
