//! One controller's loop: the real turns, the real decisions, the real writing, without waiting.

use std::time::Duration;

use bytes::Bytes;

use gantry_api::{Caller, ObjectKey, Rejection};
use gantry_base::Timestamp;
use gantry_base::time::after;
use gantry_reconcile::{Controller, Next, Plan, View, Write};
use gantry_steering::limits::VIEW_WAIT;
use gantry_steering::turns::shows;
use gantry_steering::{End, Turns, Writing};

use crate::actor::{Desk, Ticket};
use crate::actors::following::Following;
use crate::fact::Fact;
use crate::plant::{Ground, Plant};

/// A loop whose controller's type is forgotten.
pub(super) trait Laps {
    /// Makes a key due.
    fn due(&mut self, key: ObjectKey, now: Timestamp);
    /// Decides what is due, until something has to be waited for.
    fn go_on(&mut self, following: &Following, desk: &mut Desk<'_>);
    /// Takes an answer, if it is for this loop.
    fn answered(
        &mut self,
        ticket: Ticket,
        answer: &mut Option<Result<Bytes, Rejection>>,
        desk: &mut Desk<'_>,
    ) -> bool;
    /// When it has to be looked at again, whatever happens.
    fn due_at(&self) -> Option<Timestamp>;
    /// Whether nothing is being done and nothing is due at once.
    fn is_idle(&self) -> bool;
    /// How many keys are due, now or later.
    fn len(&self) -> usize;
}

/// One controller's loop.
pub(super) struct Lap<C: Controller> {
    controller: C,
    caller: Caller,
    plant: Plant,
    turns: Turns<ObjectKey>,
    state: State<C>,
    wake_at: Option<Timestamp>,
}

enum State<C: Controller> {
    Free,
    /// The view does not show our own last writes yet.
    Blind(ObjectKey, Timestamp),
    Acting(Box<Acting<C>>),
}

/// A plan being carried out.
struct Acting<C: Controller> {
    key: ObjectKey,
    world: C::World,
    recheck: Option<Duration>,
    writing: Writing,
    /// The round's requests, in order, with the answers that came.
    round: Vec<(Ticket, Option<Result<Bytes, Rejection>>)>,
    /// Set while the plan that follows a refusal is carried out.
    refused: Option<End<Write>>,
}

impl<C: Controller> Lap<C> {
    pub(super) fn new(controller: C, caller: Caller, plant: Plant) -> Self {
        Self {
            controller,
            caller,
            turns: Turns::new(plant.awaits(C::NAME, C::AWAITS)),
            plant,
            state: State::Free,
            wake_at: None,
        }
    }

    /// The key that is due, after the slow pass over everything has been begun where it is time.
    fn next(&mut self, view: &View, now: Timestamp) -> Next<ObjectKey> {
        if self.turns.pass_is_due(now) {
            let all = self.controller.sources().all_keys(view);
            self.turns.pass(all.into_iter(), now);
        }
        self.turns.next(now)
    }

    /// Observes and decides one key.
    fn turn(&mut self, key: ObjectKey, view: &View, desk: &mut Desk<'_>) {
        self.turns.seen(&key);
        let seen = self.plant.view(C::NAME, view, &key);
        let Some(world) = self.controller.observe(&seen, &key, desk.now) else {
            self.turns.idle(&key);
            return;
        };
        let mut plan = self.controller.reconcile(&world);
        let ground = Ground {
            controller: C::NAME,
            view: &seen,
            key: &key,
            now: desk.now,
        };
        self.plant.plan(ground, &mut plan);
        desk.tell(Fact::Decided {
            who: C::NAME.to_owned(),
            about: key.to_string(),
            actions: plan.actions.len(),
        });
        tell(C::NAME, &key, &plan, desk);
        let acting = Acting {
            key,
            world,
            recheck: plan.recheck,
            writing: Writing::new(C::NAME, plan.actions),
            round: Vec::new(),
            refused: None,
        };
        self.act(Box::new(acting), desk);
    }

    /// Sends the next round, or ends the plan.
    fn act(&mut self, mut acting: Box<Acting<C>>, desk: &mut Desk<'_>) {
        let requests = acting.writing.next(desk.now);
        if requests.is_empty() {
            return self.end(*acting, desk);
        }
        for request in requests {
            let ticket = desk.ask(&self.caller, C::NAME, request);
            acting.round.push((ticket, None));
        }
        self.state = State::Acting(acting);
    }

    fn end(&mut self, acting: Acting<C>, desk: &mut Desk<'_>) {
        let outcome = acting.writing.into_outcome();
        if !self.plant.forgets_writes() {
            self.turns.wrote(&acting.key, outcome.written);
        }
        self.state = State::Free;
        let end = match (acting.refused, outcome.end) {
            (Some(refused), _) => refused,
            (None, End::Refused(write, why)) => {
                desk.say(|| format!("{}: refused: {why}", acting.key));
                let plan = self.controller.refused(&acting.world, &write, &why);
                let writing = Writing::new(C::NAME, plan.actions);
                let again = Acting {
                    writing,
                    round: Vec::new(),
                    refused: Some(End::Refused(write, why)),
                    ..acting
                };
                return self.act(Box::new(again), desk);
            }
            (None, end) => end,
        };
        if !matches!(end, End::Done) {
            desk.say(|| format!("{}: ended {end:?}", acting.key));
        }
        let (key, recheck) = (acting.key, acting.recheck);
        self.plant
            .ended(&mut self.turns, (key, &end), recheck, desk.now);
    }
}

impl<C: Controller> Laps for Lap<C> {
    fn due(&mut self, key: ObjectKey, now: Timestamp) {
        let is_worked_on = matches!(&self.state, State::Acting(acting) if acting.key == key);
        if !is_worked_on || !self.plant.forgets_news() {
            self.turns.due(key, now);
        }
    }

    fn go_on(&mut self, following: &Following, desk: &mut Desk<'_>) {
        loop {
            let (key, patience) = match std::mem::replace(&mut self.state, State::Free) {
                acting @ State::Acting(_) => {
                    self.state = acting;
                    self.wake_at = None;
                    return;
                }
                State::Blind(key, until) if until <= desk.now => {
                    self.turns.unseen(key, desk.now);
                    continue;
                }
                State::Blind(key, until) => (key, until),
                State::Free => match self.next(following.view(), desk.now) {
                    Next::Due(key) => (key, after(desk.now, VIEW_WAIT)),
                    Next::Wait(when) => {
                        self.wake_at = Some(when);
                        return;
                    }
                    Next::Idle => {
                        self.wake_at = None;
                        return;
                    }
                },
            };
            let view = following.view();
            let is_seen = self
                .turns
                .awaited(&key)
                .is_none_or(|writes| shows(view, |of| following.holds(of), writes));
            if !is_seen {
                self.state = State::Blind(key, patience);
                self.wake_at = Some(patience);
                return;
            }
            self.turn(key, view, desk);
        }
    }

    fn answered(
        &mut self,
        ticket: Ticket,
        answer: &mut Option<Result<Bytes, Rejection>>,
        desk: &mut Desk<'_>,
    ) -> bool {
        let State::Acting(acting) = &mut self.state else {
            return false;
        };
        let Some(place) = acting.round.iter_mut().find(|(own, _)| *own == ticket) else {
            return false;
        };
        if self.plant.waits_forever(answer.as_ref()) {
            return true;
        }
        place.1 = answer.take();
        if acting.round.iter().any(|(_, answer)| answer.is_none()) {
            return true;
        }
        let State::Acting(mut acting) = std::mem::replace(&mut self.state, State::Free) else {
            return true;
        };
        let answers = acting.round.drain(..).filter_map(|(_, answer)| answer);
        acting.writing.answered(answers.collect());
        self.act(acting, desk);
        true
    }

    fn due_at(&self) -> Option<Timestamp> {
        self.wake_at
    }

    fn is_idle(&self) -> bool {
        matches!(self.state, State::Free)
    }

    fn len(&self) -> usize {
        self.turns.len()
    }
}

fn tell(name: &str, key: &ObjectKey, plan: &Plan<Write>, desk: &mut Desk<'_>) {
    if !desk.is_recording {
        return;
    }
    for reason in &plan.reasons {
        desk.say(|| format!("{name} {key}: {}, because {}", reason.about, reason.because));
    }
    for action in &plan.actions {
        desk.say(|| format!("{name} {key}: {}", action));
    }
}
