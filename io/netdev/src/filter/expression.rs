//! What rules are made of.
//!
//! A rule is a list of expressions, evaluated in order over sixteen registers of four bytes. One
//! that does not hold ends the rule; the packet goes on with the next.

use std::time::Duration;

use super::constants::*;
use crate::netlink::Message;

/// One rule.
pub(crate) type Rule = Vec<Expression>;

/// One of the sixteen registers, by its number. Longer values take several in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Register(pub(crate) u8);

/// Something about a packet that can be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Source,
    Destination,
    DestinationPort,
    Protocol,
    Mark,
    /// What queues sort it by.
    Priority,
    /// The kind of the interface it came in on.
    IncomingType,
    /// The name of the interface it leaves by; takes four registers.
    OutgoingName,
    /// What its destination is to this node: its own, another's, a broadcast.
    DestinationType,
}

/// A number drawn below a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lot {
    pub(crate) below: u32,
    pub(crate) into: Register,
}

/// One step of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    Load(Field, Register),
    Store([u8; 4], Register),
    Equal(Register, Vec<u8>),
    Differs(Register, Vec<u8>),
    /// Keeps the bits of the first mask and flips those of the second.
    Bits(Register, [u8; 4], [u8; 4]),
    Draw(Lot),
    SetMark(Register),
    SetPriority(Register),
    /// Holds when the set has the key.
    Has(&'static str, Register),
    /// Holds when the set does not have the key.
    Lacks(&'static str, Register),
    /// Looks a value up, and holds when there is one.
    Find {
        map: &'static str,
        key: Register,
        value: Register,
    },
    /// Looks a verdict up and follows it.
    Follow(&'static str, Register),
    /// Puts a key and its value into a map for a time, or renews the time of one that is there.
    Remember {
        map: &'static str,
        key: Register,
        value: Register,
        time: Duration,
    },
    /// Takes a key out of a map. Ends the rule when it is not there.
    Forget {
        map: &'static str,
        key: Register,
        value: Register,
    },
    /// Sends the packet's connection to another address and port.
    Redirect {
        address: Register,
        port: Register,
    },
    /// Gives the packet's connection the address of the interface it leaves by.
    Masquerade,
    Jump(String),
    Goto(String),
    Drop,
    Reset,
    Unreachable,
}

impl Expression {
    /// Writes the expression into a rule's list.
    pub(super) fn put(&self, list: &mut Message) {
        list.nest(NFTA_LIST_ELEM, |nest| {
            nest.put_text(NFTA_EXPR_NAME, self.name());
            nest.nest(NFTA_EXPR_DATA, |body| self.put_body(body));
        });
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Load(Field::DestinationType, _) => "fib",
            Self::Load(Field::Source | Field::Destination | Field::DestinationPort, _) => "payload",
            Self::Load(
                Field::Protocol
                | Field::Mark
                | Field::Priority
                | Field::IncomingType
                | Field::OutgoingName,
                _,
            )
            | Self::SetMark(_)
            | Self::SetPriority(_) => "meta",
            Self::Store(..) | Self::Jump(_) | Self::Goto(_) | Self::Drop => "immediate",
            Self::Equal(..) | Self::Differs(..) => "cmp",
            Self::Bits(..) => "bitwise",
            Self::Draw(_) => "numgen",
            Self::Has(..) | Self::Lacks(..) | Self::Find { .. } | Self::Follow(..) => "lookup",
            Self::Remember { .. } | Self::Forget { .. } => "dynset",
            Self::Redirect { .. } => "nat",
            Self::Masquerade => "masq",
            Self::Reset | Self::Unreachable => "reject",
        }
    }

    fn put_body(&self, body: &mut Message) {
        match self {
            Self::Load(field, into) => put_load(body, *field, *into),
            Self::Store(value, into) => {
                body.put_be32(NFTA_IMMEDIATE_DREG, into.number());
                put_value(body, NFTA_IMMEDIATE_DATA, value);
            }
            Self::Equal(register, value) => put_compare(body, *register, NFT_CMP_EQ, value),
            Self::Differs(register, value) => put_compare(body, *register, NFT_CMP_NEQ, value),
            Self::Bits(register, keep, flip) => put_bits(body, *register, keep, flip),
            Self::Draw(lot) => {
                body.put_be32(NFTA_NG_DREG, lot.into.number());
                body.put_be32(NFTA_NG_MODULUS, lot.below)
                    .put_be32(NFTA_NG_TYPE, NFT_NG_RANDOM);
            }
            Self::SetMark(from) => put_set(body, NFT_META_MARK, *from),
            Self::SetPriority(from) => put_set(body, NFT_META_PRIORITY, *from),
            Self::Has(set, key) => put_lookup(body, set, *key),
            Self::Lacks(set, key) => {
                put_lookup(body, set, *key);
                body.put_be32(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
            }
            Self::Find { map, key, value } => {
                put_lookup(body, map, *key);
                body.put_be32(NFTA_LOOKUP_DREG, value.number());
            }
            Self::Follow(map, key) => {
                put_lookup(body, map, *key);
                body.put_be32(NFTA_LOOKUP_DREG, VERDICT_REGISTER);
            }
            Self::Remember {
                map,
                key,
                value,
                time,
            } => {
                put_dynamic(body, map, NFT_DYNSET_OP_UPDATE, [*key, *value]);
                let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                body.put(NFTA_DYNSET_TIMEOUT, &milliseconds.to_be_bytes());
            }
            Self::Forget { map, key, value } => {
                put_dynamic(body, map, NFT_DYNSET_OP_DELETE, [*key, *value]);
            }
            Self::Redirect { address, port } => {
                body.put_be32(NFTA_NAT_TYPE, NFT_NAT_DNAT);
                body.put_be32(NFTA_NAT_FAMILY, u32::from(NFPROTO_IPV4));
                body.put_be32(NFTA_NAT_REG_ADDR_MIN, address.number());
                body.put_be32(NFTA_NAT_REG_PROTO_MIN, port.number());
            }
            Self::Masquerade => {
                body.put_be32(NFTA_MASQ_FLAGS, NF_NAT_RANGE_PROTO_RANDOM_FULLY);
            }
            Self::Jump(chain) => put_verdict(body, NFT_JUMP, Some(chain)),
            Self::Goto(chain) => put_verdict(body, NFT_GOTO, Some(chain)),
            Self::Drop => put_verdict(body, NF_DROP, None),
            Self::Reset => {
                body.put_be32(NFTA_REJECT_TYPE, NFT_REJECT_TCP_RST);
            }
            Self::Unreachable => {
                body.put_be32(NFTA_REJECT_TYPE, NFT_REJECT_ICMP_UNREACH);
                body.put(NFTA_REJECT_ICMP_CODE, &[ICMP_PORT_UNREACH]);
            }
        }
    }
}

/// The register that holds what happens to the packet next.
const VERDICT_REGISTER: u32 = 0;

impl Register {
    /// The kernel counts the sixteen small registers from eight.
    fn number(self) -> u32 {
        8 + u32::from(self.0)
    }
}

fn put_load(body: &mut Message, field: Field, into: Register) {
    let into = into.number();
    let mut payload = |base, offset, length| {
        body.put_be32(NFTA_PAYLOAD_DREG, into)
            .put_be32(NFTA_PAYLOAD_BASE, base);
        body.put_be32(NFTA_PAYLOAD_OFFSET, offset)
            .put_be32(NFTA_PAYLOAD_LEN, length);
    };
    let meta = match field {
        Field::Source => return payload(NFT_PAYLOAD_NETWORK_HEADER, 12, 4),
        Field::Destination => return payload(NFT_PAYLOAD_NETWORK_HEADER, 16, 4),
        Field::DestinationPort => return payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2),
        Field::DestinationType => {
            body.put_be32(NFTA_FIB_DREG, into);
            body.put_be32(NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
            body.put_be32(NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
            return;
        }
        Field::Protocol => NFT_META_L4PROTO,
        Field::Mark => NFT_META_MARK,
        Field::Priority => NFT_META_PRIORITY,
        Field::IncomingType => NFT_META_IIFTYPE,
        Field::OutgoingName => NFT_META_OIFNAME,
    };
    body.put_be32(NFTA_META_DREG, into)
        .put_be32(NFTA_META_KEY, meta);
}

fn put_set(body: &mut Message, meta: u32, from: Register) {
    body.put_be32(NFTA_META_KEY, meta)
        .put_be32(NFTA_META_SREG, from.number());
}

fn put_value(body: &mut Message, kind: u16, value: &[u8]) {
    body.nest(kind, |nest| {
        nest.put(NFTA_DATA_VALUE, value);
    });
}

fn put_compare(body: &mut Message, register: Register, operator: u32, value: &[u8]) {
    body.put_be32(NFTA_CMP_SREG, register.number())
        .put_be32(NFTA_CMP_OP, operator);
    put_value(body, NFTA_CMP_DATA, value);
}

fn put_bits(body: &mut Message, register: Register, keep: &[u8], flip: &[u8]) {
    let number = register.number();
    body.put_be32(NFTA_BITWISE_SREG, number)
        .put_be32(NFTA_BITWISE_DREG, number);
    body.put_be32(NFTA_BITWISE_LEN, 4);
    put_value(body, NFTA_BITWISE_MASK, keep);
    put_value(body, NFTA_BITWISE_XOR, flip);
}

fn put_lookup(body: &mut Message, set: &str, key: Register) {
    body.put_text(NFTA_LOOKUP_SET, set)
        .put_be32(NFTA_LOOKUP_SREG, key.number());
}

fn put_dynamic(body: &mut Message, map: &str, operation: u32, [key, value]: [Register; 2]) {
    body.put_text(NFTA_DYNSET_SET_NAME, map)
        .put_be32(NFTA_DYNSET_OP, operation);
    body.put_be32(NFTA_DYNSET_SREG_KEY, key.number());
    body.put_be32(NFTA_DYNSET_SREG_DATA, value.number());
}

fn put_verdict(body: &mut Message, code: u32, chain: Option<&str>) {
    body.put_be32(NFTA_IMMEDIATE_DREG, VERDICT_REGISTER);
    body.nest(NFTA_IMMEDIATE_DATA, |data| {
        super::element::put_verdict(data, code, chain)
    });
}
