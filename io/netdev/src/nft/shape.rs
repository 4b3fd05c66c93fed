//! The rules for balancing, shared by all frontends that balance alike.
//!
//! First whoever needs it is marked for masquerade. A client that is to stay with its endpoint is
//! looked up, and sent there if that endpoint is still one of the frontend's. Everybody else draws
//! a slot. The chain's name is the shape's text.

use std::time::Duration;

use gantry_routing::{Cidr, Masquerade, Shape};

use super::table::{CLIENTS, LOOPBACK, LOOPBACK_MASK, MARK, SLOTS, STICKY, load_frontend, outside};
use crate::filter::{Expression, Field, Lot, Register, Rule};

/// Registers: the client and the frontend side by side are the key of what a client had; the
/// frontend again, followed by its slot or endpoint, is the key of everything else.
const CLIENT: Register = Register(0);
const CLIENT_FRONTEND: Register = Register(1);
const FRONTEND: Register = Register(5);
const SLOT: Register = Register(8);
const KEPT: Register = Register(8);
const DRAWN: Register = Register(9);

/// The rules of one shape. `cluster` is the range of all pods.
pub(super) fn rules(shape: &Shape, cluster: Cidr) -> Vec<Rule> {
    let mut rules = vec![mark(shape.masquerade, cluster)];
    if let Some(seconds) = shape.affinity {
        let time = Duration::from_secs(u64::from(seconds));
        rules.push(return_to_kept(shape, time));
        rules.push(forget_kept(shape));
        rules.push(draw(shape, Some(time)));
    }
    // Also reached when no more clients can be remembered.
    rules.push(draw(shape, None));
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
    rule.extend(load_frontend(FRONTEND, shape.any_address));
    rule.extend([
        Expression::Find {
            map: CLIENTS,
            key: CLIENT,
            value: KEPT,
        },
        Expression::Has(STICKY, FRONTEND),
        Expression::Remember {
            map: CLIENTS,
            key: CLIENT,
            value: KEPT,
            time,
        },
        redirect(KEPT),
    ]);
    rule
}

/// Remembering renews what is there and does not overwrite it, so what is wrong must go first.
fn forget_kept(shape: &Shape) -> Rule {
    let mut rule = load_client(shape);
    rule.extend([
        // The kernel wants registers for the value though it does not look at them.
        Expression::Store([0; 4], KEPT),
        Expression::Store([0; 4], Register(KEPT.0 + 1)),
        Expression::Forget {
            map: CLIENTS,
            key: CLIENT,
            value: KEPT,
        },
    ]);
    rule
}

fn draw(shape: &Shape, remember: Option<Duration>) -> Rule {
    let mut rule = load_frontend(FRONTEND, shape.any_address);
    rule.extend([
        Expression::Draw(Lot {
            below: shape.slots,
            into: SLOT,
        }),
        Expression::Find {
            map: SLOTS,
            key: FRONTEND,
            value: DRAWN,
        },
    ]);
    if let Some(time) = remember {
        rule.extend(load_client(shape));
        rule.push(Expression::Remember {
            map: CLIENTS,
            key: CLIENT,
            value: DRAWN,
            time,
        });
    }
    rule.push(redirect(DRAWN));
    rule
}

fn redirect(endpoint: Register) -> Expression {
    Expression::Redirect {
        address: endpoint,
        port: Register(endpoint.0 + 1),
    }
}
