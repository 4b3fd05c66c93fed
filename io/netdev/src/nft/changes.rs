//! Changes of the ruleset as changes of the table.
//!
//! New chains come before the elements that lead to them, and old ones go after those.

use gantry_routing::{Changes, Cidr, Edit, Frontend, Kept, Seat, Slot, Verdict};
use std::net::Ipv4Addr;

use super::shape;
use super::table::{FRONTENDS, KEPT, LOCAL, NODES, REFUSE, SEATS, SLOTS};
use crate::filter::{Batch, Data, Element, Key};

/// Puts changes into a batch. `cluster` is the range of all pods.
pub(super) fn put(batch: &mut Batch, changes: &Changes, cluster: Cidr) {
    for added in &changes.shapes.added {
        let chain = added.to_string();
        batch.add_chain(&chain);
        for rule in shape::rules(added, cluster) {
            batch.add_rule(&chain, &rule);
        }
    }
    put_elements(batch, FRONTENDS, &changes.verdicts, frontend);
    put_elements(batch, SLOTS, &changes.slots, slot);
    put_elements(batch, KEPT, &changes.kept, kept);
    put_elements(batch, SEATS, &changes.seats, seat);
    put_elements(batch, LOCAL, &changes.local, itself);
    put_elements(batch, NODES, &changes.nodes, node);
    for removed in &changes.shapes.removed {
        batch.delete_chain(&removed.to_string());
    }
}

fn put_elements<T>(
    batch: &mut Batch,
    set: &str,
    edit: &Edit<T>,
    element: impl Fn(&T) -> Element + Copy,
) {
    batch.remove_elements(set, edit.removed.iter().map(element));
    batch.add_elements(set, edit.added.iter().map(element));
}

fn frontend((frontend, verdict): &(Frontend, Verdict)) -> Element {
    let data = match verdict {
        Verdict::Balance(shape) => Data::Goto(shape.to_string()),
        Verdict::Drop => Data::Drop,
        Verdict::Reject => Data::Goto(REFUSE.to_owned()),
    };
    Element {
        key: Key::default().frontend(frontend),
        data,
    }
}

fn slot(slot: &Slot) -> Element {
    let key = Key::default().frontend(&slot.frontend).number(slot.number);
    Element {
        key,
        data: Data::Endpoint(slot.endpoint),
    }
}

fn kept(kept: &Kept) -> Element {
    let key = Key::default().frontend(&kept.frontend).number(kept.id);
    Element {
        key,
        data: Data::Endpoint(kept.endpoint),
    }
}

fn seat(seat: &Seat) -> Element {
    let key = Key::default().frontend(&seat.frontend).number(seat.number);
    Element {
        key,
        data: Data::Number(seat.id),
    }
}

fn itself(address: &Ipv4Addr) -> Element {
    let key = Key::default().address(*address).address(*address);
    Element {
        key,
        data: Data::Nothing,
    }
}

fn node(address: &Ipv4Addr) -> Element {
    Element {
        key: Key::default().address(*address),
        data: Data::Nothing,
    }
}
