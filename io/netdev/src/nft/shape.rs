//! The rules for balancing, shared by all frontends that balance alike.
//!
//! First whoever needs it is marked for masquerade. A client that is to stay with its endpoint is
//! looked up, and sent there if that endpoint is still one of the frontend's. Everybody else draws
//! a slot. The chain's name is the shape's text.
//!
//! What one map yields becomes part of another map's key by way of the packet's priority. A register
//! would do for the kernel, but the usual tools cannot list such rules, and people must be able to
//! look at their packet filter. Only the first packet of a connection to a service with affinity
//! carries a priority for it, which forwarding sets anew.

use std::time::Duration;

use gantry_routing::{Cidr, Masquerade, Shape};

use super::table::{
    CLIENTS, KEPT, LOOPBACK, LOOPBACK_MASK, MARK, SEATS, SLOTS, load_frontend, outside,
};
use crate::filter::{Expression, Field, Lot, Register, Rule};

/// Registers: the client and the frontend side by side are the key of what a client had; the
/// frontend again, followed by a number, is the key of an endpoint.
const CLIENT: Register = Register(0);
const CLIENT_FRONTEND: Register = Register(1);
const FRONTEND: Register = Register(5);
const NUMBER: Register = Register(8);
const ENDPOINT: Register = Register(9);
const ENDPOINT_PORT: Register = Register(10);

/// The rules of one shape. `cluster` is the range of all pods.
pub(super) fn rules(shape: &Shape, cluster: Cidr) -> Vec<Rule> {
    let mut rules = vec![mark(shape.masquerade, cluster)];
    if let Some(seconds) = shape.affinity {
        let time = Duration::from_secs(u64::from(seconds));
        rules.push(return_to_kept(shape, time));
        rules.push(forget_kept(shape));
        rules.push(draw_and_keep(shape, time));
    }
    // Also reached when no more clients can be remembered.
    rules.push(draw(shape));
    rules
}

fn mark(masquerade: Masquerade, cluster: Cidr) -> Rule {
    let address = Register(0);
    let mut rule = match masquerade {
        Masquerade::Always => Vec::new(),
        Masquerade::Outsiders => outside(Field::Source, cluster),
        Masquerade::Loopback => vec![
            Expression::Load(Field::Source, address),
            Expression::Bits(address, LOOPBACK_MASK, [0; 4]),
            Expression::Equal(address, LOOPBACK.to_vec()),
        ],
    };
    let mark = Register(0);
    rule.extend([
        Expression::Load(Field::Mark, mark),
        Expression::Bits(mark, (!MARK).to_ne_bytes(), MARK.to_ne_bytes()),
        Expression::SetMark(mark),
    ]);
    rule
}

fn load_client(shape: &Shape) -> Rule {
    let mut rule = vec![Expression::Load(Field::Source, CLIENT)];
    rule.extend(load_frontend(CLIENT_FRONTEND, shape.any_address));
    rule
}

fn return_to_kept(shape: &Shape, time: Duration) -> Rule {
    let mut rule = load_client(shape);
    rule.push(Expression::Find {
        map: CLIENTS,
        key: CLIENT,
        value: NUMBER,
    });
    rule.push(Expression::SetPriority(NUMBER));
    rule.extend(go_to_kept(shape, time));
    rule
}

/// Remembering renews what is there and does not overwrite it, so what is wrong must go first.
fn forget_kept(shape: &Shape) -> Rule {
    let mut rule = load_client(shape);
    rule.extend([
        // The kernel wants a register for the value though it does not look at it.
        Expression::Store([0; 4], NUMBER),
        Expression::Forget {
            map: CLIENTS,
            key: CLIENT,
            value: NUMBER,
        },
    ]);
    rule
}

fn draw_and_keep(shape: &Shape, time: Duration) -> Rule {
    let mut rule = load_frontend(FRONTEND, shape.any_address);
    rule.extend([
        Expression::Draw(Lot {
            below: shape.slots,
            into: NUMBER,
        }),
        Expression::Find {
            map: SEATS,
            key: FRONTEND,
            value: NUMBER,
        },
        Expression::SetPriority(NUMBER),
    ]);
    rule.extend(go_to_kept(shape, time));
    rule
}

/// Goes to the endpoint whose number is the packet's priority, if the frontend still has it, and
/// remembers that.
fn go_to_kept(shape: &Shape, time: Duration) -> Rule {
    let mut rule = load_frontend(FRONTEND, shape.any_address);
    rule.extend([
        Expression::Load(Field::Priority, NUMBER),
        Expression::Find {
            map: KEPT,
            key: FRONTEND,
            value: ENDPOINT,
        },
    ]);
    rule.extend(load_client(shape));
    rule.push(Expression::Remember {
        map: CLIENTS,
        key: CLIENT,
        value: NUMBER,
        time,
    });
    rule.push(Expression::Redirect {
        address: ENDPOINT,
        port: ENDPOINT_PORT,
    });
    rule
}

fn draw(shape: &Shape) -> Rule {
    let mut rule = load_frontend(FRONTEND, shape.any_address);
    rule.extend([
        Expression::Draw(Lot {
            below: shape.slots,
            into: NUMBER,
        }),
        Expression::Find {
            map: SLOTS,
            key: FRONTEND,
            value: ENDPOINT,
        },
        Expression::Redirect {
            address: ENDPOINT,
            port: ENDPOINT_PORT,
        },
    ]);
    rule
}
