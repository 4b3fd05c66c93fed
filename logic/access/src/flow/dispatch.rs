//! Who has seats, who waits for them, and who is sent away.
//!
//! A level always has what it lends to nobody. Beyond that, seats go to levels that have least of
//! what is their own, and to borrowers last. No more seats are given out than there are, but for
//! the fractions by which shares are rounded up.

use std::collections::BTreeMap;

use gantry_base::Timestamp;
use gantry_base::time::since;

use super::classify::Flows;
use super::level::{Figures, Level};
use super::queue::Waiting;

/// A request that came.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Its level.
    pub level: &'a str,
    /// What tells its flow from others.
    pub flow: u64,
    /// How many seats it takes.
    pub seats: u32,
}

/// A request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id(u64);

/// Seats that a request has; to be given back.
#[derive(Debug, PartialEq, Eq)]
pub struct Ticket {
    level: String,
    queue: Option<u32>,
    seats: u32,
    since: Timestamp,
}

/// One who waited and has its seats now.
#[derive(Debug, PartialEq, Eq)]
pub struct Started {
    /// Who.
    pub id: Id,
    /// Its seats.
    pub ticket: Ticket,
}

/// What becomes of a request that came.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrived {
    /// It has its seats.
    Runs(Ticket),
    /// It waits.
    Waits(Id),
    /// It is sent away.
    Refused(Refusal),
}

/// Why a request is sent away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// All queues that it was dealt are full.
    QueueFull,
    /// Its level lets nobody wait.
    Concurrency,
    /// It waited for too long.
    TimeOut,
}

impl Refusal {
    /// The word for it in metrics and to clients.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::QueueFull => "queue-full",
            Self::Concurrency => "concurrency-limit",
            Self::TimeOut => "time-out",
        }
    }
}

/// All levels.
#[derive(Clone, Debug)]
pub struct Dispatcher {
    total: u32,
    levels: BTreeMap<String, Level>,
    next: u64,
}

impl Dispatcher {
    /// Nobody has any of `total` seats yet.
    #[must_use]
    pub const fn new(total: u32) -> Self {
        Self {
            total,
            levels: BTreeMap::new(),
            next: 0,
        }
    }

    /// Takes over what levels there are. Who waits at one that is gone goes on to wait.
    pub fn configure(&mut self, flows: &Flows) {
        let shares = flows.levels().map(|(_, level)| u64::from(level.shares));
        let shares = shares.sum();
        for (name, level) in &mut self.levels {
            if flows.level(name).is_none() {
                level.retire();
            }
        }
        for (name, settings) in flows.levels() {
            let level = self.levels.entry(name.to_owned()).or_default();
            level.configure(settings, shares, self.total);
        }
        self.levels
            .retain(|name, level| flows.level(name).is_some() || !level.is_empty());
    }

    /// How each level stands.
    pub fn figures(&self) -> impl Iterator<Item = (&str, Figures)> {
        let levels = self.levels.iter();
        levels.map(|(name, level)| (name.as_str(), level.figures))
    }

    /// A request comes.
    pub fn arrive(&mut self, arrival: &Arrival<'_>, now: Timestamp) -> Arrived {
        let room = self.beside_others(arrival.level);
        let Some(level) = self.levels.get_mut(arrival.level) else {
            return Arrived::Refused(Refusal::Concurrency);
        };
        let seats = level.bounded(arrival.seats).min(room);
        let queue = level.deal(arrival.flow);
        let is_first = level.figures.waiting == 0;
        if is_first && self.may_start(arrival.level, seats) && !self.steals(arrival.level, seats) {
            return Arrived::Runs(self.seat(arrival.level, queue, seats, now));
        }
        let Some(queue) = queue else {
            return Arrived::Refused(Refusal::Concurrency);
        };
        let id = Id(self.next);
        let level = self.levels.get_mut(arrival.level).expect("it was there");
        match level.enqueue(queue, Waiting { id, seats }) {
            Ok(()) => {
                self.next += 1;
                Arrived::Waits(id)
            }
            Err(refusal) => Arrived::Refused(refusal),
        }
    }

    /// A request has ended; who may start now.
    pub fn leave(&mut self, ticket: Ticket, now: Timestamp) -> Vec<Started> {
        let took = u64::try_from(since(now, ticket.since).as_millis()).unwrap_or(u64::MAX);
        if let Some(level) = self.levels.get_mut(&ticket.level) {
            level.unseat(ticket.queue, ticket.seats, took);
        }
        self.start(now)
    }

    /// A request waits no longer: it took too long, or its client went away. Who may start because
    /// of that; nothing when it did not wait.
    pub fn give_up(&mut self, level: &str, id: Id, now: Timestamp) -> Option<Vec<Started>> {
        let level = self.levels.get_mut(level)?;
        level.give_up(id).then(|| self.start(now))
    }

    /// Who may start, now that seats or settings have changed.
    pub fn start(&mut self, now: Timestamp) -> Vec<Started> {
        let mut started = Vec::new();
        while let Some((name, number, one)) = self.next() {
            let level = self.levels.get_mut(&name).expect("it is one of them");
            level.take_next(number);
            let ticket = Ticket {
                level: name,
                queue: Some(number),
                seats: one.seats,
                since: now,
            };
            started.push(Started { id: one.id, ticket });
        }
        started
    }

    /// The one to start next, if there are seats for anybody.
    fn next(&self) -> Option<(String, u32, Waiting)> {
        let waiting = self
            .levels
            .iter()
            .filter(|(_, level)| level.figures.waiting > 0);
        let mut waiting: Vec<_> = waiting.collect();
        waiting.sort_by_key(|(_, level)| level.fill());
        waiting.into_iter().find_map(|(name, level)| {
            let (number, one) = level.next()?;
            let may = self.may_start(name, one.seats);
            may.then(|| (name.clone(), number, one))
        })
    }

    fn seat(&mut self, name: &str, queue: Option<u32>, seats: u32, since: Timestamp) -> Ticket {
        let level = self.levels.get_mut(name).expect("it is one of them");
        level.seat(queue, seats);
        Ticket {
            level: name.to_owned(),
            queue,
            seats,
            since,
        }
    }

    /// Whether there are seats for a request of a level.
    ///
    /// One that is larger than what is left beside what others keep counts as that much, so that
    /// it has its turn at all; where nobody has anything, anybody may begin.
    fn may_start(&self, name: &str, seats: u32) -> bool {
        let Some(level) = self.levels.get(name) else {
            return false;
        };
        let figures = level.figures;
        let then = figures.seats + seats;
        if then <= figures.least {
            return true;
        }
        if figures.most < then && figures.seats > 0 {
            return false;
        }
        let others = self.levels.iter().filter(|(other, _)| *other != name);
        let reserved: u32 = others.map(|(_, level)| level.reserved()).sum();
        let given: u32 = self.levels.values().map(|level| level.figures.seats).sum();
        let counts = match figures.seats {
            0 => seats.min(self.beside_others(name)),
            _ => seats,
        };
        given == 0 || given + counts + reserved <= self.total
    }

    /// How many seats a level can ever have at once, beside what others keep.
    fn beside_others(&self, name: &str) -> u32 {
        let others = self.levels.iter().filter(|(other, _)| *other != name);
        let kept: u32 = others.map(|(_, level)| level.figures.least).sum();
        self.total.saturating_sub(kept).max(1)
    }

    /// Whether it would borrow what somebody waits for whose own it is.
    fn steals(&self, name: &str, seats: u32) -> bool {
        let borrows = self.levels.get(name).is_some_and(|level| {
            let figures = level.figures;
            figures.nominal < figures.seats + seats
        });
        let wants = |level: &Level| {
            level.figures.waiting > 0 && level.figures.seats < level.figures.nominal
        };
        borrows && self.levels.values().any(wants)
    }
}
