//! One telling of a small world's story, with what strikes in it.
//!
//! Everything happens in rounds: what was committed arrives, each loop takes one turn, the nodes do
//! one thing. When nothing is left to do the story goes on, and then time jumps to what is due
//! next. Each event and each turn of the controller is a point where something can go wrong; they
//! are counted, so that a telling can be repeated up to there.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};

use gantry_api::ObjectKey;
use gantry_base::Timestamp;
use gantry_base::time::{after, since};
use gantry_reconcile::Next;
use gantry_store::Revision;

use super::blow::{Blow, Strike};
use super::ground::Ground;
use super::nodes::Nodes;
use super::picture::Picture;
use super::process::Process;
use super::script::{self, Step, World};
use super::sender::Sender;

/// A story in which more happens does not come to rest.
const TURNS: usize = 2_000;
/// How often a watcher is told that nothing happened.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// A controller that still writes so shortly before the end has not come to rest.
const REST: Duration = Duration::from_secs(60);
/// By how many events a view is late at most.
const LATE: usize = 2;

/// How a telling ended.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) picture: Picture,
    /// What could have gone wrong, in order.
    pub(super) chances: Vec<Strike>,
    /// How many points there were.
    pub(super) points: usize,
    /// Why it has not come to rest, if it has not.
    pub(super) restless: Option<String>,
    /// What the controller did.
    pub(super) lines: Vec<String>,
}

/// A telling under way.
pub(super) struct Run<'w> {
    world: &'w World,
    strikes: &'w [Strike],
    ground: Ground,
    base: Revision,
    start: Timestamp,
    subject: Process<'w>,
    others: Process<'w>,
    nodes: Nodes,
    steps: VecDeque<Step>,
    waits_until: Option<Timestamp>,
    bookmark_at: Timestamp,
    /// Counts the points.
    at: usize,
    turns: usize,
    chances: Vec<Strike>,
    wrote_at: Option<Timestamp>,
    /// Whether everything is looked at before each step, whatever was told.
    passes: bool,
    has_passed: bool,
    lines: Vec<String>,
}

impl<'w> Run<'w> {
    /// Begins to tell `world` on `ground`; the subject's name comes as a list of one.
    pub(super) fn new(
        world: &'w World,
        subject: &'w [&'static str],
        ground: &Ground,
        strikes: &'w [Strike],
    ) -> Self {
        let mut ground = ground.clone();
        let now = ground.now;
        Self {
            world,
            strikes,
            base: ground.snapshot().revision(),
            start: now,
            subject: Process::begin(subject, &mut ground),
            others: Process::begin(world.companions, &mut ground),
            nodes: Nodes::new(world.nodes, world.beats, now),
            ground,
            steps: world.steps.iter().cloned().collect(),
            waits_until: None,
            bookmark_at: after(now, BOOKMARK_EVERY),
            at: 0,
            turns: 0,
            chances: Vec::new(),
            wrote_at: None,
            passes: false,
            has_passed: false,
            lines: Vec::new(),
        }
    }

    /// Tells the story to its end; with `passes`, everything is looked at now and then.
    pub(super) fn tell(mut self, passes: bool) -> Ending {
        self.passes = passes;
        let mut is_quiet = self.until(None);
        let mut end = after(self.ground.now, self.world.patience);
        is_quiet = is_quiet && self.until(Some(end));
        if passes {
            self.subject.pass(self.ground.now);
            end = after(self.ground.now, self.world.patience);
            is_quiet = is_quiet && self.until(Some(end));
        }
        let late = self.wrote_at.filter(|when| since(end, *when) < REST);
        let restless = if is_quiet {
            late.map(|_| "it writes again and again".to_owned())
        } else {
            Some(format!("more than {TURNS} turns"))
        };
        let snapshot = self.ground.snapshot();
        Ending {
            picture: Picture::of(&snapshot, self.base, self.world.shows_events),
            chances: self.chances,
            points: self.at,
            restless,
            lines: self.lines,
        }
    }

    /// Tells the story, and hands back the ground that it ended on.
    pub(super) fn settle(mut self) -> Ground {
        let is_quiet = self.until(None);
        assert!(is_quiet, "an undisturbed world comes to rest");
        self.ground
    }

    /// Goes on until the story is told, or until `end`; false when it does not come to rest.
    fn until(&mut self, end: Option<Timestamp>) -> bool {
        loop {
            if self.turns > TURNS {
                return false;
            }
            if self.round() || self.step() {
                continue;
            }
            let now = self.ground.now;
            let due = [
                self.subject.due_at(now),
                self.others.due_at(now),
                self.nodes.due_at(),
                self.waits_until,
            ];
            if end.is_none() && self.waits_until.is_none() && self.steps.is_empty() {
                return true;
            }
            let next = due.into_iter().flatten().min();
            match (next, end) {
                (Some(next), Some(end)) if next <= end => self.jump(next),
                (_, Some(end)) => {
                    self.jump(end);
                    return true;
                }
                (Some(next), None) => self.jump(next),
                (None, None) => return true,
            }
        }
    }

    fn jump(&mut self, to: Timestamp) {
        self.ground.now = to.max(self.ground.now);
        if self.bookmark_at <= self.ground.now {
            self.subject.bookmark();
            self.others.bookmark();
            self.bookmark_at = after(self.ground.now, BOOKMARK_EVERY);
        }
    }

    /// Lets everybody do one thing; whether anybody did.
    fn round(&mut self) -> bool {
        let mut moved = self.hear();
        moved |= self.subject_turn();
        self.others.catch_up(&self.ground);
        for at in 0..self.others.loops.len() {
            moved |= self.other_turn(at);
            self.others.catch_up(&self.ground);
        }
        moved | self.nodes.act(&mut self.ground)
    }

    /// The next step of the story; whether there was one to take now.
    fn step(&mut self) -> bool {
        if self
            .waits_until
            .is_some_and(|until| until > self.ground.now)
        {
            return false;
        }
        self.waits_until = None;
        if self.passes && !self.steps.is_empty() && !self.has_passed && self.is_struck_out() {
            self.has_passed = true;
            self.subject.pass(self.ground.now);
            return true;
        }
        self.has_passed = false;
        let Some(step) = self.steps.pop_front() else {
            return false;
        };
        match step {
            Step::Ask(request) => script::ask(&mut self.ground, request),
            Step::Amid(rounds, request) => {
                for _ in 0..rounds {
                    self.round();
                }
                script::ask(&mut self.ground, request);
            }
            Step::Wait(pause) => self.waits_until = Some(after(self.ground.now, pause)),
            Step::Silence(node) => self.nodes.silence(&script::node_name(node)),
            Step::Revive(node) => self.nodes.revive(&script::node_name(node), self.ground.now),
            Step::DeletePodOf(app) => {
                if let Some(pod) = self.pod_of(app) {
                    script::ask(&mut self.ground, script::delete(&pod));
                }
            }
            Step::SetReady(app, is_ready) => {
                if let Some(pod) = self.pod_of(app) {
                    let status = json!({"conditions": script::ready_condition(is_ready)});
                    script::ask(&mut self.ground, script::status(&pod, &status));
                }
            }
        }
        true
    }

    /// Whether nothing more will go wrong: before, a look at everything would shift the points.
    fn is_struck_out(&self) -> bool {
        self.strikes.iter().all(|strike| strike.at < self.at)
    }

    fn pod_of(&self, app: &str) -> Option<ObjectKey> {
        let snapshot = self.ground.snapshot();
        let mut pods = snapshot.range("pods/", None);
        let found = pods.find(|(_, stored)| {
            let pod = Value::Object(stored.value.object(stored.modified).0);
            pod.pointer("/metadata/labels/app") == Some(&json!(app))
                && pod.pointer("/metadata/deletionTimestamp").is_none()
        });
        found.and_then(|(key, _)| key.object())
    }

    /// Lets what was committed reach the controller, event by event; whether there was any.
    fn hear(&mut self) -> bool {
        self.subject.fetch(&self.ground);
        let mut heard = false;
        while let Some((resource, due)) = self.subject.arrive(self.ground.now) {
            heard = true;
            if due.is_empty() {
                continue;
            }
            let skip = Blow::Skip(resource);
            let about = due[0].1.to_string();
            let is_skipped = self.struck() == Some(&skip);
            self.chance(&about, skip);
            self.at += 1;
            if is_skipped {
                self.say(&format!("{about}: not told"));
            } else {
                self.subject.due(due, self.ground.now);
            }
        }
        heard
    }

    fn struck(&self) -> Option<&'w Blow> {
        let mut here = self.strikes.iter().filter(|strike| strike.at == self.at);
        here.next().map(|strike| &strike.blow)
    }

    fn chance(&mut self, about: &str, blow: Blow) {
        self.chances.push(Strike {
            at: self.at,
            about: about.to_owned(),
            blow,
        });
    }

    /// The controller takes one turn, and what goes wrong there goes wrong.
    fn subject_turn(&mut self) -> bool {
        let now = self.ground.now;
        let Next::Due(key) = self.subject.loops[0].next(now) else {
            return false;
        };
        self.turns += 1;
        let held = |resource: &_| self.subject.holds(resource);
        if !self.subject.loops[0].is_shown(&key, &self.subject.view, &held) {
            self.subject.loops[0].unseen(key, now);
            return true;
        }
        let blow = self.struck();
        self.chances_before(&key);
        if blow == Some(&Blow::CrashBefore) {
            self.say(&format!("{key}: dies"));
            self.rebirth();
        } else {
            self.decide(key, blow);
        }
        self.at += 1;
        true
    }

    fn decide(&mut self, key: ObjectKey, blow: Option<&'w Blow>) {
        let about = key.to_string();
        let late = match blow {
            Some(Blow::Stale(resource, count)) => self.subject.without(resource, *count),
            Some(_) | None => None,
        };
        let (view, late) = late.unwrap_or_else(|| (self.subject.view.clone(), Vec::new()));
        let mut sender = Sender::new(&mut self.ground, blow);
        self.subject.loops[0].turn(key, &view, &mut sender);
        let (sent, is_dead) = (sender.sent, sender.is_dead);
        let lines = std::mem::take(&mut sender.lines);
        for line in lines {
            self.say(&format!("{about}: {line}"));
        }
        if sent > 0 {
            self.wrote_at = Some(self.ground.now);
        }
        for count in 1..=sent {
            self.chance(&about, Blow::CrashAfter(count));
            self.chance(&about, Blow::AnswerLost(count));
            self.chance(&about, Blow::Away(count));
            self.chance(&about, Blow::Rival(count));
        }
        if is_dead {
            self.rebirth();
        } else {
            self.subject.due(late, self.ground.now);
        }
    }

    /// What can go wrong before a decision: a death, and each view that is late but shows the own
    /// last writes.
    fn chances_before(&mut self, key: &ObjectKey) {
        let about = key.to_string();
        self.chance(&about, Blow::CrashBefore);
        for (resource, events) in self.subject.lately(self.ground.now) {
            for count in 1..=events.min(LATE) {
                let held = |resource: &_| self.subject.holds(resource);
                let view = self.subject.without(&resource, count);
                let is_possible =
                    view.is_some_and(|(view, _)| self.subject.loops[0].is_shown(key, &view, &held));
                if is_possible {
                    self.chance(&about, Blow::Stale(resource.clone(), count));
                }
            }
        }
    }

    fn rebirth(&mut self) {
        let chosen = self.subject.chosen;
        self.subject = Process::begin(chosen, &mut self.ground);
    }

    fn other_turn(&mut self, at: usize) -> bool {
        let now = self.ground.now;
        let Next::Due(key) = self.others.loops[at].next(now) else {
            return false;
        };
        self.turns += 1;
        let held = |resource: &_| self.others.holds(resource);
        if self.others.loops[at].is_shown(&key, &self.others.view, &held) {
            let mut sender = Sender::new(&mut self.ground, None);
            self.others.loops[at].turn(key, &self.others.view, &mut sender);
        } else {
            self.others.loops[at].unseen(key, now);
        }
        true
    }

    fn say(&mut self, line: &str) {
        let at = since(self.ground.now, self.start).as_millis();
        self.lines
            .push(format!("{at:>8} ms, point {}: {line}", self.at));
    }
}
