//! One controller's loop without waiting: the real turns, the real decisions, the real writing.

use gantry_api::{Caller, GroupResource, ObjectKey};
use gantry_base::Timestamp;
use gantry_reconcile::{Controller, Next, View, Write};
use gantry_steering::turns::shows;
use gantry_steering::{End, Turns, Writing};

use super::sender::Sender;

/// A loop whose controller's type is forgotten.
pub(super) trait Looped {
    /// Makes a key due.
    fn due(&mut self, key: ObjectKey, now: Timestamp);
    /// Takes the key that has been due longest.
    fn next(&mut self, now: Timestamp) -> Next<ObjectKey>;
    /// Whether `view` shows the own writes that have to be seen before `key` is decided.
    fn is_shown(&self, key: &ObjectKey, view: &View, held: &dyn Fn(&GroupResource) -> bool)
    -> bool;
    /// The view does not show them: the key comes back.
    fn unseen(&mut self, key: ObjectKey, now: Timestamp);
    /// Decides `key` on `view` and carries the plan out.
    fn turn(&mut self, key: ObjectKey, view: &View, sender: &mut Sender<'_>);
}

/// One controller's loop.
pub(super) struct Loop<C: Controller> {
    controller: C,
    caller: Caller,
    turns: Turns<ObjectKey>,
}

impl<C: Controller> Loop<C> {
    pub(super) fn new(controller: C, caller: Caller) -> Self {
        Self {
            controller,
            caller,
            turns: Turns::new(C::AWAITS),
        }
    }

    /// Carries writes out; nothing is left to say when the sender dies of it.
    fn carry_out(
        &mut self,
        key: &ObjectKey,
        actions: Vec<Write>,
        sender: &mut Sender<'_>,
    ) -> Option<End<Write>> {
        let mut writing = Writing::new(C::NAME, actions);
        loop {
            let round = writing.next(sender.now());
            if round.is_empty() {
                break;
            }
            let answers = round
                .into_iter()
                .map(|request| sender.send(&self.caller, request));
            writing.answered(answers.collect::<Option<Vec<_>>>()?);
        }
        let outcome = writing.into_outcome();
        self.turns.wrote(key, outcome.written);
        Some(outcome.end)
    }
}

impl<C: Controller> Looped for Loop<C> {
    fn due(&mut self, key: ObjectKey, now: Timestamp) {
        self.turns.due(key, now);
    }

    fn next(&mut self, now: Timestamp) -> Next<ObjectKey> {
        self.turns.next(now)
    }

    fn is_shown(
        &self,
        key: &ObjectKey,
        view: &View,
        held: &dyn Fn(&GroupResource) -> bool,
    ) -> bool {
        let awaited = self.turns.awaited(key);
        awaited.is_none_or(|writes| shows(view, held, writes))
    }

    fn unseen(&mut self, key: ObjectKey, now: Timestamp) {
        self.turns.unseen(key, now);
    }

    fn turn(&mut self, key: ObjectKey, view: &View, sender: &mut Sender<'_>) {
        self.turns.seen(&key);
        let Some(world) = self.controller.observe(view, &key, sender.now()) else {
            return self.turns.idle(&key);
        };
        let plan = self.controller.reconcile(&world);
        let Some(end) = self.carry_out(&key, plan.actions, sender) else {
            return;
        };
        if let End::Refused(write, why) = &end {
            let after = self.controller.refused(&world, write, why);
            if self.carry_out(&key, after.actions, sender).is_none() {
                return;
            }
        }
        self.turns.ended(key, &end, plan.recheck, sender.now());
    }
}
