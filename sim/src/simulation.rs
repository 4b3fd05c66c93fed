//! A whole cluster that lives in one thread and one seed.

mod reading;
mod scripted;
mod seats;
mod troubles;

use std::time::Duration;

use gantry_base::Timestamp;
use gantry_base::time::after;

use crate::actor::{Actor, Inside};
use crate::actors::controllers::Controllers;
use crate::actors::human::Human;
use crate::agenda::{Agenda, Event};
use crate::chance::Chance;
use crate::core::Core;
use crate::faults::Faults;
use crate::laws::{Laws, Sight, Violation};
use crate::plant::Plant;
use crate::profile::Profile;
use crate::server::Server;
use crate::trace::Trace;
use scripted::Watchful;
use seats::{Role, Seat};

/// How often all laws look at everything, in steps; where there is more than so much, as often as
/// there are objects.
const AUDIT_EVERY: u64 = 1_000;

/// A cluster, its people, its troubles and its laws.
pub struct Simulation {
    core: Core,
    server: Server,
    seats: Vec<Seat>,
    laws: Laws,
    profile: Profile,
    is_resting: bool,
    /// From which step on everything is to be looked at again.
    audit_at: u64,
    /// When a pod changed last.
    stirred: Timestamp,
    /// Kept only for somebody who tells a story.
    watchful: Option<Watchful>,
}

/// What a run was like.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The law that was broken, if one was.
    pub violation: Option<Violation>,
    /// How many events happened.
    pub steps: u64,
    /// How much time passed in the cluster.
    pub simulated: Duration,
    /// After how long the last pod changed.
    pub stirred: Duration,
    /// The number that stands for the whole timeline.
    pub fingerprint: u64,
    /// How often each fault struck.
    pub struck: Vec<(&'static str, u64)>,
    /// Revisions that were written.
    pub revisions: u64,
}

impl std::fmt::Debug for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulation")
            .field("now", &self.core.now)
            .finish_non_exhaustive()
    }
}

/// When all worlds begin.
fn beginning() -> Timestamp {
    "2030-01-01T00:00:00Z"
        .parse()
        .expect("the literal is a moment")
}

impl Simulation {
    /// The world of `seed`; lines are kept only when somebody will read them.
    #[must_use]
    pub fn new(seed: u64, profile: Profile, plant: &Plant, keeps_lines: bool) -> Self {
        let start = beginning();
        let plant = &plant.in_world(seed);
        let mut simulation = Self {
            core: Core {
                now: start,
                step: 0,
                cause: 0,
                agenda: Agenda::default(),
                chance: Chance::new(seed),
                faults: Faults::new(seed, profile.rates.clone()),
                trace: Trace::new(start, keeps_lines),
                facts: Vec::new(),
            },
            server: Server::new(profile.members, profile.history, plant.at("server")),
            seats: Vec::new(),
            laws: Laws::all(),
            profile,
            is_resting: false,
            audit_at: 0,
            stirred: start,
            watchful: None,
        };
        simulation.prepare();
        simulation.populate(seed, plant);
        simulation.invite_trouble();
        simulation
    }

    /// Makes what every server contains.
    fn prepare(&mut self) {
        for request in self.server.bootstrap() {
            let made = self.server.at_once(&mut self.core, request);
            made.expect("the objects of a fresh server are valid");
        }
    }

    fn populate(&mut self, seed: u64, plant: &Plant) {
        let controllers = |name| Box::new(Controllers::new(name, plant.at(name)));
        self.seat(seed, Role::Controllers, controllers("controllers"));
        self.seat(seed, Role::Rival, controllers("rival"));
        for number in 0..self.profile.nodes {
            self.seat_node(seed, number, plant);
        }
        for number in 0..self.profile.humans {
            let human = Human::new(number, &self.profile);
            self.seat(seed, Role::Human, Box::new(human));
        }
        for seat in 0..self.seats.len() {
            if self.seats[seat].role != Role::Rival {
                self.birth(seat);
            }
        }
    }

    fn seat(&mut self, seed: u64, role: Role, actor: Box<dyn Actor>) {
        self.seats.push(Seat::new(seed, role, actor));
    }

    /// Runs to the end of the profile's time, or to the first broken law.
    pub fn run(&mut self) -> Report {
        let start = self.core.now;
        let calm = after(start, self.profile.trouble);
        let end = after(calm, self.profile.quiet);
        let violation = self.run_until(calm).and_then(|()| {
            self.calm();
            self.run_until(end)?;
            self.audit(true)
        });
        self.report(violation.err())
    }

    /// Handles events up to a moment.
    pub fn run_until(&mut self, until: Timestamp) -> Result<(), Violation> {
        while self.core.now < until {
            if !self.step()? {
                break;
            }
        }
        Ok(())
    }

    /// What the run was like so far.
    #[must_use]
    pub fn report(&self, violation: Option<Violation>) -> Report {
        let struck = self.core.faults.struck().iter();
        Report {
            violation,
            steps: self.core.step,
            simulated: gantry_base::time::since(self.core.now, beginning()),
            stirred: gantry_base::time::since(self.stirred, beginning()),
            fingerprint: self.core.trace.fingerprint(),
            struck: struck
                .map(|(fault, count)| (fault.name(), *count))
                .collect(),
            revisions: self.server.snapshot().revision().0,
        }
    }

    /// The timeline.
    #[must_use]
    pub const fn trace(&self) -> &Trace {
        &self.core.trace
    }

    /// The timeline, at the end.
    #[must_use]
    pub fn into_trace(self) -> Trace {
        self.core.trace
    }

    /// How many events have happened.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.core.step
    }

    /// Handles one event, then judges what it did. False when nothing will ever happen again.
    pub fn step(&mut self) -> Result<bool, Violation> {
        let Some((when, entry)) = self.core.agenda.next() else {
            return Ok(false);
        };
        self.core.now = when;
        self.core.step += 1;
        self.core.cause = entry.cause;
        self.core.trace.step(entry.cause);
        self.happen(entry.event);
        self.judge()?;
        if self.core.step.is_multiple_of(AUDIT_EVERY) {
            self.server.forget(self.core.now);
            if self.core.step >= self.audit_at {
                self.audit(false)?;
                let objects = u64::try_from(self.server.snapshot().count("")).unwrap_or(u64::MAX);
                self.audit_at = self.core.step.saturating_add(objects);
            }
        }
        Ok(true)
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Input(to, input) => self.hand_over(to, input),
            Event::Arrive(arrival) => self.server.arrive(&mut self.core, *arrival),
            Event::Synced(id) => self.server.synced(&mut self.core, id),
            Event::Pump(id) => self.server.pump(&mut self.core, id),
            Event::Bookmark(id) => self.server.bookmark(&mut self.core, id),
            Event::EndOfStream(id) => {
                self.server.end_stream(&mut self.core, id, Duration::ZERO);
            }
            Event::Strike(fault) => self.strike(fault),
            Event::Relief(relief) => self.relieve(&relief),
        }
    }

    /// Ends all trouble; people stop to want new things.
    fn calm(&mut self) {
        self.core
            .line("relief", format_args!("all trouble is over"));
        self.core.faults.calm();
        self.is_resting = true;
        for seat in 0..self.seats.len() {
            self.rest(seat);
        }
    }

    fn judge(&mut self) -> Result<(), Violation> {
        let changes = self.server.take_changes();
        let facts = std::mem::take(&mut self.core.facts);
        if changes.is_empty() && facts.is_empty() {
            return Ok(());
        }
        if let Some(watchful) = &mut self.watchful {
            watchful.note(&changes, self.core.now);
        }
        if changes
            .iter()
            .any(|change| change.key.as_str().starts_with("pods/"))
        {
            self.stirred = self.core.now;
        }
        let snapshot = self.server.snapshot();
        let sight = Sight {
            is_troubled: !self.is_resting,
            is_calm: self.profile.rates.is_empty(),
            has_rivals: self.has_rivals(),
            ..Sight::of(self.core.now, &snapshot)
        };
        self.laws.judge(self.core.step, (&changes, &facts), &sight)
    }

    fn has_rivals(&self) -> bool {
        let mut seats = self.seats.iter();
        seats.any(|seat| seat.role == Role::Rival && seat.is_alive)
    }

    /// Who is at work on something.
    fn busy(&self) -> impl Iterator<Item = &str> {
        let seats = self.seats.iter();
        let busy = seats.filter(|seat| seat.is_alive && !seat.actor.is_idle());
        busy.map(|seat| seat.name.as_str())
    }

    fn audit(&mut self, is_settled: bool) -> Result<(), Violation> {
        let snapshot = self.server.snapshot();
        let busy: Vec<String> = self.busy().map(str::to_owned).collect();
        let sizes = [
            ("agenda", self.core.agenda.len(), 1_000_000),
            ("watches", self.server.stream_count(), 65_536),
        ];
        let parts = self.seats.iter().filter(|seat| seat.is_alive);
        let parts: Vec<(&str, Inside<'_>)> = parts
            .map(|seat| (seat.name.as_str(), seat.actor.inside()))
            .collect();
        let sight = Sight {
            now: self.core.now,
            snapshot: &snapshot,
            is_troubled: !self.is_resting,
            is_calm: self.profile.rates.is_empty(),
            has_rivals: self.has_rivals(),
            busy: &busy,
            sizes: &sizes,
            parts: &parts,
        };
        self.laws.audit(self.core.step, is_settled, &sight)
    }
}
