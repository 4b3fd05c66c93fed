//! The places at the table: who sits there, which life they are in, what their clock says.

use std::collections::BTreeMap;
use std::time::Duration;

use gantry_api::Rejection;
use gantry_base::Timestamp;
use gantry_registry::Request;
use gantry_registry::request::Verb;

use super::{Simulation, reading};
use crate::actor::{Actor, Address, Desk, Effect, Input, Ticket};
use crate::actors::node::Node;
use crate::agenda::Event;
use crate::chance::Dice;
use crate::fact::Fact;
use crate::faults::Fault;
use crate::plant::Plant;
use crate::server::{Arrival, lost_answer};
use crate::wording;

/// What somebody at the table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Controllers,
    /// A second set of controllers, present only while two leaders overlap.
    Rival,
    Node,
    Human,
}

/// A place at the table.
pub(super) struct Seat {
    pub(super) actor: Box<dyn Actor>,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) life: u32,
    pub(super) is_alive: bool,
    /// Whether the network leads here.
    pub(super) is_cut: bool,
    /// How far its clock is ahead, in seconds; negative when it is behind.
    pub(super) skew: i64,
    /// Whether its machine is switched off.
    pub(super) is_dark: bool,
    dice: Dice,
    last_ticket: Ticket,
    wake_at: Option<Timestamp>,
    /// What it asked, and waits to hear of.
    asked: BTreeMap<Ticket, Verb>,
}

impl Seat {
    pub(super) fn new(seed: u64, role: Role, actor: Box<dyn Actor>) -> Self {
        let name = actor.name();
        Self {
            dice: Dice::new(seed, &name),
            name,
            actor,
            role,
            life: 0,
            is_alive: false,
            is_cut: false,
            skew: 0,
            is_dark: false,
            last_ticket: 0,
            wake_at: None,
            asked: BTreeMap::new(),
        }
    }

    fn local(&self, now: Timestamp) -> Timestamp {
        shifted(now, self.skew)
    }
}

fn shifted(time: Timestamp, seconds: i64) -> Timestamp {
    let delta = Duration::from_secs(seconds.unsigned_abs());
    let shifted = if seconds < 0 {
        time.checked_sub(delta)
    } else {
        time.checked_add(delta)
    };
    shifted.unwrap_or(time)
}

impl Simulation {
    pub(super) fn seat_node(&mut self, seed: u64, number: usize, plant: &Plant) {
        let node = Node::new(number, plant.at(&format!("node-{number}")));
        self.seat(seed, Role::Node, Box::new(node));
    }

    /// Somebody begins to live.
    pub(super) fn birth(&mut self, seat: usize) {
        self.core.line(
            &self.seats[seat].name,
            format_args!("begins, with an empty memory"),
        );
        self.seats[seat].is_alive = true;
        self.at_desk(seat, |actor, desk| actor.born(desk));
    }

    /// Somebody dies: what was under way for them is lost.
    pub(super) fn death(&mut self, seat: usize) {
        let place = &mut self.seats[seat];
        place.is_alive = false;
        place.life += 1;
        place.wake_at = None;
        place.asked.clear();
        self.server.forget_seat(seat);
        self.core.line(&self.seats[seat].name, format_args!("dies"));
    }

    pub(super) fn rest(&mut self, seat: usize) {
        if self.seats[seat].is_alive {
            self.at_desk(seat, |actor, desk| actor.rest(desk));
        }
    }

    /// Something arrives at a seat, if who waited for it still sits there.
    pub(super) fn hand_over(&mut self, to: Address, input: Input) {
        let place = &mut self.seats[to.seat];
        if !place.is_alive || place.life != to.life {
            return;
        }
        if matches!(input, Input::Wake) {
            if place.wake_at.is_none_or(|when| when > self.core.now) {
                return;
            }
            place.wake_at = None;
        }
        let mut input = input;
        if let Input::Answer(answer) = &mut input {
            if place.is_cut && answer.is_ok() {
                let delay = self.core.patience();
                return self.core.send(delay, to, Input::Answer(Err(lost_answer())));
            }
            let verb = self.seats[to.seat].asked.remove(&to.ticket);
            self.note_answer(to, verb, answer);
        }
        self.say_input(to, &input);
        self.at_desk(to.seat, |actor, desk| actor.handle(to.ticket, input, desk));
    }

    fn say_input(&mut self, to: Address, input: &Input) {
        let name = &self.seats[to.seat].name;
        match input {
            Input::Wake | Input::Later => {}
            Input::Answer(Ok(_)) => self.core.line(name, format_args!("{}: done", to.ticket)),
            Input::Answer(Err(why)) => self.core.line(name, format_args!("{}: {why}", to.ticket)),
            Input::Frames(frames) => {
                let count = frames.len();
                self.core
                    .line(name, format_args!("{}: sees {count} events", to.ticket));
            }
            Input::Over => self
                .core
                .line(name, format_args!("{}: watch is over", to.ticket)),
        }
    }

    fn note_answer(
        &mut self,
        by: Address,
        verb: Option<Verb>,
        answer: &Result<bytes::Bytes, Rejection>,
    ) {
        if verb.is_none_or(|verb| verb == Verb::Watch) {
            return;
        }
        let done = match answer {
            Ok(_) => Some(true),
            Err(
                Rejection::Unavailable { .. }
                | Rejection::Internal { .. }
                | Rejection::Timeout { .. },
            ) => None,
            Err(_) => Some(false),
        };
        self.core.facts.push(Fact::Answered {
            by,
            answer: answer.as_ref().map(reading::answer).unwrap_or_default(),
            done,
            refusal: answer.as_ref().err().cloned().map(Box::new),
        });
    }

    /// Lets somebody act, and sees to what they want done.
    pub(super) fn at_desk(&mut self, seat: usize, act: impl FnOnce(&mut dyn Actor, &mut Desk<'_>)) {
        let place = &mut self.seats[seat];
        let mut desk = Desk {
            now: place.local(self.core.now),
            dice: &mut place.dice,
            luck: &mut self.core.faults,
            is_recording: self.core.trace.is_recording(),
            effects: Vec::new(),
            last_ticket: &mut place.last_ticket,
        };
        act(place.actor.as_mut(), &mut desk);
        let effects = desk.effects;
        for effect in effects {
            self.effect(seat, effect);
        }
    }

    fn effect(&mut self, seat: usize, effect: Effect) {
        let life = self.seats[seat].life;
        let to = |ticket| Address { seat, life, ticket };
        match effect {
            Effect::Ask(ticket, request) => self.ask(to(ticket), *request),
            Effect::Wake(when) => self.wake(seat, when),
            Effect::Later(ticket, delay) => self.core.send(delay, to(ticket), Input::Later),
            Effect::Drop(ticket) => self.server.leave(to(ticket)),
            Effect::Tell(fact) => self.core.facts.push(fact),
            Effect::Say(line) => {
                let stamp = self.core.stamp();
                let name = &self.seats[seat].name;
                self.core.trace.remark(stamp, name, &line);
            }
        }
    }

    fn ask(&mut self, from: Address, request: Request) {
        let place = &mut self.seats[from.seat];
        place.asked.insert(from.ticket, request.verb);
        let name = &place.name;
        let words = wording::request(&request);
        self.core
            .line(name, format_args!("{}: {words}", from.ticket));
        self.core.facts.push(reading::asked(from, &request));
        let is_cut = self.seats[from.seat].is_cut;
        if is_cut || self.core.strikes(Fault::RequestLost, &words) {
            let delay = self.core.patience();
            return self
                .core
                .send(delay, from, Input::Answer(Err(lost_answer())));
        }
        let delay = self.core.trip();
        let arrival = Arrival { from, request };
        self.core.after(delay, Event::Arrive(Box::new(arrival)));
    }

    /// Notes when somebody wants to be woken; only the earliest such wish counts.
    fn wake(&mut self, seat: usize, when: Timestamp) {
        let place = &mut self.seats[seat];
        let when = shifted(when, -place.skew).max(self.core.now);
        if place.wake_at.is_some_and(|known| known <= when) {
            return;
        }
        place.wake_at = Some(when);
        let address = Address {
            seat,
            life: place.life,
            ticket: 0,
        };
        self.core.at(when, Event::Input(address, Input::Wake));
    }
}
