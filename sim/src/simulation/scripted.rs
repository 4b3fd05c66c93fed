//! A cluster that is told what to do, one thing after the other: for stories.
//!
//! Whoever tells it sits at a seat like other people, so that their requests take their way over
//! the network. Trouble comes when they say so; the real faults stay as the profile has them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use gantry_api::{Caller, Object, Rejection};
use gantry_base::Timestamp;
use gantry_base::time::{after, since};
use gantry_registry::Request;
use gantry_store::Change;

use super::Simulation;
use super::seats::Role;
use crate::actor::{Actor, Desk, Input, Ticket};
use crate::agenda::Relief;
use crate::faults::{Fault, Rate};
use crate::laws::Violation;

/// What the seat is called.
const SOMEONE: &str = "someone";
/// Whoever is not shown the way out in this time waits for nothing.
const SETTLING: Duration = Duration::from_secs(30 * 60);
/// A cluster in which nothing happened for so long has settled.
const STILL: Duration = Duration::from_secs(12);

/// Somebody who does what they are told, and keeps the answers.
#[derive(Debug, Default)]
struct Someone {
    answers: BTreeMap<Ticket, Result<Bytes, Rejection>>,
}

impl Actor for Someone {
    fn name(&self) -> String {
        SOMEONE.to_owned()
    }

    fn born(&mut self, _desk: &mut Desk<'_>) {}

    fn handle(&mut self, ticket: Ticket, input: Input, _desk: &mut Desk<'_>) {
        if let Input::Answer(answer) = input {
            self.answers.insert(ticket, answer);
        }
    }

    fn is_idle(&self) -> bool {
        true
    }
}

/// What a storyteller wants to know of everything that changes.
#[derive(Debug)]
pub(super) struct Watchful {
    born: Vec<(String, Object)>,
    /// When something changed that does not change all the time.
    changed_at: Timestamp,
}

impl Watchful {
    pub(super) fn note(&mut self, changes: &[Arc<Change>], now: Timestamp) {
        for change in changes {
            let Some(key) = change.key.object() else {
                continue;
            };
            let resource = key.resource.resource;
            // The beats of nodes' hearts, and what is said of other changes, are no changes.
            if !matches!(resource.as_str(), "leases" | "nodes" | "events") {
                self.changed_at = now;
            }
            if let (None, Some(new)) = (&change.old, &change.new) {
                self.born.push((resource, new.value.object(new.modified)));
            }
        }
    }
}

impl Simulation {
    /// Begins to note what a storyteller wants to know.
    pub fn listen(&mut self) {
        self.watchful = Some(Watchful {
            born: Vec::new(),
            changed_at: self.core.now,
        });
    }

    /// The objects that were made since the last call, in order, each with its resource.
    pub fn newborn(&mut self) -> Vec<(String, Object)> {
        let watchful = self.watchful.as_mut();
        watchful.map_or_else(Vec::new, |watchful| std::mem::take(&mut watchful.born))
    }

    /// Asks the API server, and lets the world go on until the answer is there.
    pub fn request(&mut self, request: Request) -> Result<Result<Bytes, Rejection>, Violation> {
        let seat = self.someone();
        let caller = Caller::authenticated(SOMEONE, &[gantry_api::caller::MASTERS]);
        let mut ticket = 0;
        self.at_desk(seat, |_, desk| {
            ticket = desk.ask(&caller, "kubectl", request);
        });
        loop {
            let actor: &dyn std::any::Any = self.seats[seat].actor.as_ref();
            let someone = actor.downcast_ref::<Someone>();
            let answer = someone.and_then(|someone| someone.answers.get(&ticket));
            if let Some(answer) = answer {
                return Ok(answer.clone());
            }
            self.step()?;
        }
    }

    fn someone(&mut self) -> usize {
        let known = self.seats.iter().position(|seat| seat.name == SOMEONE);
        known.unwrap_or_else(|| {
            self.seat(0, Role::Human, Box::new(Someone::default()));
            let seat = self.seats.len() - 1;
            self.birth(seat);
            seat
        })
    }

    /// Lets the world go on for so long.
    pub fn run_for(&mut self, length: Duration) -> Result<(), Violation> {
        self.run_until(after(self.core.now, length))
    }

    /// Lets the world go on until nothing happens any more; false when that never comes.
    pub fn settle(&mut self) -> Result<bool, Violation> {
        let end = after(self.core.now, SETTLING);
        // Whatever was just asked for needs its moment to begin.
        let mut quiet_since = self.core.now;
        while self.core.now < end {
            self.run_for(Duration::from_secs(1))?;
            let changed_at = self.watchful.as_ref().map(|watchful| watchful.changed_at);
            let is_busy = self.busy().next().is_some() || self.awaits_anybody();
            quiet_since = quiet_since.max(changed_at.unwrap_or(quiet_since));
            if is_busy {
                quiet_since = self.core.now;
            }
            if since(self.core.now, quiet_since) >= STILL {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether somebody has died who will come back by themselves.
    fn awaits_anybody(&self) -> bool {
        let mut dead = self.seats.iter().filter(|seat| !seat.is_alive);
        dead.any(|seat| seat.role != Role::Rival && !seat.is_dark)
    }

    /// Ends all trouble for good, and all work of those who are not told what to do.
    pub fn end_trouble(&mut self) {
        self.calm();
    }

    /// Trouble is made: this is no longer a world in which nothing goes wrong.
    fn disturb(&mut self, fault: Fault) {
        self.core.faults.note(fault);
        let rates = &mut self.profile.rates;
        rates.entry(fault).or_insert(Rate::PerMillion(0));
    }

    fn seat_of(&self, name: &str) -> Option<usize> {
        self.seats.iter().position(|seat| seat.name == name)
    }

    fn node(&self, name: &str) -> Option<usize> {
        let seat = self.seat_of(name)?;
        Some(seat).filter(|seat| self.seats[*seat].role == Role::Node)
    }

    /// Cuts a node off, or joins it again; nothing when there is no such node.
    pub fn cut(&mut self, node: &str, is_cut: bool) -> Option<()> {
        let seat = self.node(node)?;
        self.disturb(Fault::NodeCut);
        if is_cut {
            self.cut_off(seat);
        } else {
            self.relieve(&Relief::Rejoined(seat));
        }
        Some(())
    }

    /// Switches a machine off or on; nothing when there is no such node.
    pub fn power(&mut self, node: &str, is_on: bool) -> Option<()> {
        let seat = self.node(node)?;
        self.disturb(Fault::PowerCut);
        match (self.seats[seat].is_dark, is_on) {
            (false, false) => self.darken(seat),
            (true, true) => self.relieve(&Relief::Repaired(seat)),
            (false, true) | (true, false) => {}
        }
        Some(())
    }

    /// Ends a component, which comes back after a while with an empty memory; nothing when there
    /// is none of that name.
    pub fn kill(&mut self, name: &str, away: Duration) -> Option<()> {
        let seat = self.seat_of(name)?;
        self.disturb(Fault::ActorDies);
        if self.seats[seat].is_alive {
            self.death(seat);
            let reborn = crate::agenda::Event::Relief(Relief::Reborn(seat));
            self.core.after(away, reborn);
        }
        Some(())
    }

    /// The store begins anew with what the disk has, and all API servers with it.
    pub fn restart_store(&mut self) {
        self.disturb(Fault::StoreRestarts);
        self.server.restart(&mut self.core);
    }

    /// From now on a fault strikes as often as this, or no longer.
    pub fn set_fault(&mut self, fault: Fault, rate: Option<Rate>) {
        self.disturb(fault);
        self.core.faults.set(fault, rate);
    }

    /// The containers of a pod end with this code, wherever they are; nothing when none run.
    pub fn end_containers(&mut self, pod: &str, code: i32) -> Option<()> {
        self.disturb(Fault::ContainerDies);
        let mut any = None;
        for seat in 0..self.seats.len() {
            let place = &self.seats[seat];
            if place.role == Role::Node && place.is_alive {
                self.at_desk(seat, |actor, desk| {
                    if actor.end_containers(pod, code, desk) {
                        any = Some(());
                    }
                });
            }
        }
        any
    }
}
