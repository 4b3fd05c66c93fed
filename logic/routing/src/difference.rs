//! The fewest changes that turn what is installed into what is wanted.
//!
//! An endpoint sits in a numbered slot of its frontend, and a packet draws a number. Slots are
//! filled without gaps, and an endpoint that stays keeps its slot wherever that is possible: a
//! rolling update then costs a slot or two, not the whole frontend. Nothing is assumed about how a
//! packet filter stores all this, except that removals happen before additions, in one step.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use crate::ruleset::{Balance, Endpoint, Frontend, Masquerade, Protocol, Ruleset, Treatment};

mod display;
#[cfg(test)]
mod tests;

/// What the packet filter holds: the sum of all changes so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installed {
    frontends: BTreeMap<Frontend, Entry>,
    local: BTreeSet<Ipv4Addr>,
    nodes: BTreeSet<Ipv4Addr>,
}

/// What is installed for one frontend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What happens to a packet.
    pub verdict: Verdict,
    /// The endpoints by slot; empty unless the verdict is to balance.
    pub slots: Vec<Endpoint>,
}

/// What happens to a packet for a frontend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It goes to the endpoint in a slot drawn by lot.
    Balance(Shape),
    /// It vanishes.
    Drop,
    /// It is refused.
    Reject,
}

/// All that the rules for balancing depend on. Frontends of one shape share one set of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    /// Whether the frontend is any address of the node, rather than one certain address.
    pub any_address: bool,
    /// How many slots there are to draw from; never zero.
    pub slots: u32,
    /// For how many seconds a client keeps its endpoint, if at all.
    pub affinity: Option<u32>,
    /// Whose source address is replaced.
    pub masquerade: Masquerade,
}

/// An endpoint in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// The frontend it serves.
    pub frontend: Frontend,
    /// Its number, from zero.
    pub number: u32,
    /// The endpoint.
    pub endpoint: Endpoint,
}

/// An endpoint that clients may be sent to again, under a number that outlives its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// The frontend it serves.
    pub frontend: Frontend,
    /// Its number, which depends on nothing but the endpoint.
    pub id: u32,
    /// The endpoint.
    pub endpoint: Endpoint,
}

/// Which endpoint, by its lasting number, sits in a slot of a frontend with affinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seat {
    /// The frontend.
    pub frontend: Frontend,
    /// The slot's number.
    pub number: u32,
    /// The endpoint's number.
    pub id: u32,
}

/// What leaves and what comes, of one kind of thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit<T> {
    /// What is taken away first.
    pub removed: Vec<T>,
    /// What is put in afterwards.
    pub added: Vec<T>,
}

/// The changes between two states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Sets of balancing rules.
    pub shapes: Edit<Shape>,
    /// What happens at each frontend.
    pub verdicts: Edit<(Frontend, Verdict)>,
    /// Endpoints in their slots.
    pub slots: Edit<Slot>,
    /// Endpoints that a returning client may be sent to.
    pub kept: Edit<Kept>,
    /// Who sits in the slots of frontends with affinity.
    pub seats: Edit<Seat>,
    /// Endpoints on this node.
    pub local: Edit<Ipv4Addr>,
    /// Addresses of nodes.
    pub nodes: Edit<Ipv4Addr>,
    /// UDP frontends that gained a way, or lost endpoints: flows that remember otherwise must be
    /// forgotten, because a UDP client may keep a flow alive for ever.
    pub stale: BTreeMap<Frontend, BTreeSet<Endpoint>>,
}

/// The changes, and the state after them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What to do.
    pub changes: Changes,
    /// What is installed once it is done.
    pub after: Installed,
}

/// Finds the changes that turn `old` into what `rules` ask for.
#[must_use]
pub fn difference(old: &Installed, rules: &Ruleset) -> Step {
    let after = installed(old, rules);
    let mut changes = Changes {
        local: edit(&old.local, &after.local),
        nodes: edit(&old.nodes, &after.nodes),
        shapes: edit(&old.shapes(), &after.shapes()),
        ..Changes::default()
    };
    for (frontend, before) in &old.frontends {
        let now = after.frontends.get(frontend);
        if now != Some(before) {
            changes.replace(*frontend, Some(before), now);
        }
    }
    for (frontend, now) in &after.frontends {
        if !old.frontends.contains_key(frontend) {
            changes.replace(*frontend, None, Some(now));
        }
    }
    Step { changes, after }
}

impl Installed {
    fn shapes(&self) -> BTreeSet<Shape> {
        let verdicts = self.frontends.values().map(|entry| entry.verdict);
        verdicts.filter_map(Verdict::shape).collect()
    }
}

impl Verdict {
    fn shape(self) -> Option<Shape> {
        match self {
            Self::Balance(shape) => Some(shape),
            Self::Drop | Self::Reject => None,
        }
    }
}

impl Changes {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn replace(&mut self, frontend: Frontend, old: Option<&Entry>, new: Option<&Entry>) {
        self.verdicts
            .extend(edit(&verdict(frontend, old), &verdict(frontend, new)));
        self.slots
            .extend(edit(&slots(frontend, old), &slots(frontend, new)));
        let (old_sticky, new_sticky) = (old.filter(is_sticky), new.filter(is_sticky));
        self.kept.extend(edit(
            &kept(frontend, old_sticky),
            &kept(frontend, new_sticky),
        ));
        self.seats.extend(edit(
            &seats(frontend, old_sticky),
            &seats(frontend, new_sticky),
        ));
        if frontend.protocol == Protocol::Udp {
            self.note_stale(frontend, old, new);
        }
    }

    fn note_stale(&mut self, frontend: Frontend, old: Option<&Entry>, new: Option<&Entry>) {
        let (before, now) = (endpoints(old), endpoints(new));
        let lost = !before.is_subset(&now);
        let gained_a_way = before.is_empty() && !now.is_empty();
        if lost || gained_a_way {
            self.stale.insert(frontend, now);
        }
    }
}

impl<T> Default for Edit<T> {
    fn default() -> Self {
        Self {
            removed: Vec::new(),
            added: Vec::new(),
        }
    }
}

impl<T> Edit<T> {
    fn extend(&mut self, other: Self) {
        self.removed.extend(other.removed);
        self.added.extend(other.added);
    }
}

fn edit<T: Ord + Clone>(old: &BTreeSet<T>, new: &BTreeSet<T>) -> Edit<T> {
    Edit {
        removed: old.difference(new).cloned().collect(),
        added: new.difference(old).cloned().collect(),
    }
}

fn installed(old: &Installed, rules: &Ruleset) -> Installed {
    let entry = |(frontend, treatment): (&Frontend, &Treatment)| {
        let slots = old
            .frontends
            .get(frontend)
            .map(|entry| entry.slots.as_slice());
        (
            *frontend,
            entry(frontend, treatment, slots.unwrap_or_default()),
        )
    };
    Installed {
        frontends: rules.frontends.iter().map(entry).collect(),
        local: rules.local.clone(),
        nodes: rules.nodes.clone(),
    }
}

fn entry(frontend: &Frontend, treatment: &Treatment, old: &[Endpoint]) -> Entry {
    let balance = match treatment {
        Treatment::Drop => {
            return Entry {
                verdict: Verdict::Drop,
                slots: Vec::new(),
            };
        }
        Treatment::Reject => {
            return Entry {
                verdict: Verdict::Reject,
                slots: Vec::new(),
            };
        }
        Treatment::Balance(balance) => balance,
    };
    let slots = seated(old, &balance.endpoints);
    Entry {
        verdict: Verdict::Balance(shape(frontend, balance, slots.len())),
        slots,
    }
}

fn shape(frontend: &Frontend, balance: &Balance, slots: usize) -> Shape {
    assert!(slots != 0, "a balanced frontend has an endpoint");
    Shape {
        any_address: frontend.address.is_none(),
        slots: u32::try_from(slots).expect("a cluster has fewer endpoints than addresses"),
        affinity: balance.affinity,
        masquerade: balance.masquerade,
    }
}

/// Puts `wanted` into slots without gaps, moving as few of those already seated as possible.
fn seated(old: &[Endpoint], wanted: &BTreeSet<Endpoint>) -> Vec<Endpoint> {
    let kept = &old[..old.len().min(wanted.len())];
    let kept: Vec<_> = kept.iter().map(|seat| wanted.get(seat).copied()).collect();
    let seated: BTreeSet<_> = kept.iter().flatten().copied().collect();
    let mut waiting = wanted.difference(&seated).copied();
    let mut slots: Vec<_> = kept
        .into_iter()
        .filter_map(|seat| seat.or_else(|| waiting.next()))
        .collect();
    slots.extend(waiting);
    slots
}

fn verdict(frontend: Frontend, entry: Option<&Entry>) -> BTreeSet<(Frontend, Verdict)> {
    entry
        .map(|entry| (frontend, entry.verdict))
        .into_iter()
        .collect()
}

fn slots(frontend: Frontend, entry: Option<&Entry>) -> BTreeSet<Slot> {
    let endpoints = entry
        .map(|entry| entry.slots.iter().copied())
        .into_iter()
        .flatten();
    (0..)
        .zip(endpoints)
        .map(|(number, endpoint)| Slot {
            frontend,
            number,
            endpoint,
        })
        .collect()
}

fn is_sticky(entry: &&Entry) -> bool {
    entry
        .verdict
        .shape()
        .is_some_and(|shape| shape.affinity.is_some())
}

/// Should two endpoints ever share a number, then the first one gets the clients of both: a number
/// must lead to one place.
fn kept(frontend: Frontend, entry: Option<&Entry>) -> BTreeSet<Kept> {
    let endpoints = endpoints(entry).into_iter().rev();
    let by_id: BTreeMap<_, _> = endpoints.map(|endpoint| (id(endpoint), endpoint)).collect();
    by_id
        .into_iter()
        .map(|(id, endpoint)| Kept {
            frontend,
            id,
            endpoint,
        })
        .collect()
}

fn seats(frontend: Frontend, entry: Option<&Entry>) -> BTreeSet<Seat> {
    let slots = slots(frontend, entry).into_iter();
    slots
        .map(|slot| Seat {
            frontend,
            number: slot.number,
            id: id(slot.endpoint),
        })
        .collect()
}

/// A number for an endpoint. Those that share a port, as nearly all of a frontend do, never share it.
fn id(endpoint: Endpoint) -> u32 {
    u32::from(endpoint.address) ^ u32::from(endpoint.port).rotate_left(16)
}

fn endpoints(entry: Option<&Entry>) -> BTreeSet<Endpoint> {
    entry
        .map(|entry| entry.slots.iter().copied().collect())
        .unwrap_or_default()
}
