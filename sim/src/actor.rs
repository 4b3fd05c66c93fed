//! Those who take part: what reaches them, and what they may do about it.
//!
//! An actor is a thin shell around deciding code. It never sees another actor: everything goes
//! through the API server, over a network that delays and loses, or comes from its own machine.

use std::any::Any;
use std::time::Duration;

use bytes::Bytes;

use gantry_api::{Caller, Rejection};
use gantry_base::Timestamp;
use gantry_kubelet::sandbox::Sandbox;
use gantry_reconcile::{View, Watched};
use gantry_registry::Request;
use gantry_routing::Ruleset;

use crate::chance::Dice;
use crate::fact::Fact;

/// Names what an actor waits for, within one life of it.
pub type Ticket = u64;

/// Who waits for something: a seat, the life it has there, and what it calls the thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// The place at the table.
    pub seat: usize,
    /// Counts deaths: what was meant for an earlier life is lost.
    pub life: u32,
    /// The actor's own number for what it waits for.
    pub ticket: Ticket,
}

/// What reaches an actor.
#[derive(Debug)]
pub enum Input {
    /// The time it asked to be woken at has come.
    Wake,
    /// An answer to a request, or the news that none will come.
    Answer(Result<Bytes, Rejection>),
    /// Events of a watch, in order.
    Frames(Vec<Bytes>),
    /// A watch has ended.
    Over,
    /// Something that it put off is due.
    Later,
}

/// Somebody who takes part.
pub trait Actor: Any {
    /// What the timeline calls it.
    fn name(&self) -> String;

    /// Begins to live: at the start, and again after each death, then with an empty memory. What
    /// its machine keeps stays.
    fn born(&mut self, desk: &mut Desk<'_>);

    /// Something arrived for `ticket`.
    fn handle(&mut self, ticket: Ticket, input: Input, desk: &mut Desk<'_>);

    /// The machine under it loses power: whatever runs there ends. Most actors have none.
    fn power_cut(&mut self, _desk: &mut Desk<'_>) {}

    /// The containers of a pod on its machine end with this code; whether there were any. Most
    /// actors have none.
    fn end_containers(&mut self, _pod: &str, _code: i32, _desk: &mut Desk<'_>) -> bool {
        false
    }

    /// Whether it has nothing left to do until somebody tells it something.
    fn is_idle(&self) -> bool;

    /// Ends its own doing of new things, for the quiet at the end of a run.
    fn rest(&mut self, _desk: &mut Desk<'_>) {}

    /// What laws may see of it.
    fn inside(&self) -> Inside<'_> {
        Inside::default()
    }
}

/// What is in an actor and on its machine.
#[derive(Debug, Default)]
pub struct Inside<'a> {
    /// What it sees of the API.
    pub view: Option<&'a View>,
    /// Of which resources that is everything, or everything of one kind.
    pub followed: Vec<&'a Watched>,
    /// The machine below it, for a node.
    pub machine: Option<Inventory<'a>>,
    /// Things that can grow, with their sizes and their limits.
    pub sizes: Vec<(&'static str, usize, usize)>,
}

/// What a node's machine has.
#[derive(Debug)]
pub struct Inventory<'a> {
    /// All sandboxes, in whatever state.
    pub sandboxes: Vec<&'a Sandbox>,
    /// How packets are led.
    pub rules: &'a Ruleset,
}

/// What an actor wants done.
#[derive(Debug)]
pub enum Effect {
    /// Ask the API server.
    Ask(Ticket, Box<Request>),
    /// Be woken at a moment of its own clock.
    Wake(Timestamp),
    /// Be told after a while.
    Later(Ticket, Duration),
    /// No longer hear of a watch.
    Drop(Ticket),
    /// Something happened that laws may want to know.
    Tell(Fact),
    /// A line for the timeline.
    Say(String),
}

/// Where an actor finds time and chance, and leaves what it wants done.
#[derive(Debug)]
pub struct Desk<'a> {
    /// The time by the actor's own clock.
    pub now: Timestamp,
    /// The actor's own chance.
    pub dice: &'a mut Dice,
    /// What strikes the actor's machine.
    pub luck: &'a mut crate::faults::Faults,
    /// Whether the timeline is kept: texts that nobody reads need not be made.
    pub is_recording: bool,
    pub(crate) effects: Vec<Effect>,
    pub(crate) last_ticket: &'a mut Ticket,
}

impl Desk<'_> {
    /// A number that was not used before.
    pub fn ticket(&mut self) -> Ticket {
        *self.last_ticket += 1;
        *self.last_ticket
    }

    /// Asks the API server as `caller`; a watch is opened the same way.
    pub fn ask(&mut self, caller: &Caller, agent: &str, mut request: Request) -> Ticket {
        request.caller = caller.clone();
        agent.clone_into(&mut request.user_agent);
        let ticket = self.ticket();
        self.effects.push(Effect::Ask(ticket, Box::new(request)));
        ticket
    }

    /// Asks to be woken at `when`, by the actor's clock.
    pub fn wake(&mut self, when: Timestamp) {
        self.effects.push(Effect::Wake(when));
    }

    /// Asks to be told after `delay`.
    pub fn later(&mut self, delay: Duration) -> Ticket {
        let ticket = self.ticket();
        self.effects.push(Effect::Later(ticket, delay));
        ticket
    }

    /// Leaves a watch.
    pub fn leave(&mut self, ticket: Ticket) {
        self.effects.push(Effect::Drop(ticket));
    }

    /// Tells the laws what happened.
    pub fn tell(&mut self, fact: Fact) {
        self.effects.push(Effect::Tell(fact));
    }

    /// Writes a line into the timeline.
    pub fn say(&mut self, line: impl FnOnce() -> String) {
        if self.is_recording {
            let line = line();
            self.effects.push(Effect::Say(line));
        }
    }
}
