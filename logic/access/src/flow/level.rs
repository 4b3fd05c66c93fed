//! One priority level: its part of all seats, and its queues.
//!
//! Which queue is served next follows virtual time: each queue has a place on it that moves on by
//! what its requests took, and the one that is furthest behind goes first. A queue that was empty
//! begins where the level is, so that nobody saves up for later.

use std::collections::BTreeMap;

use super::classify::{LevelSettings, Queuing};
use super::dispatch::{Id, Refusal};
use super::queue::{Queue, Waiting};
use super::shuffle::hand;
use crate::limits::ESTIMATE_MS;

/// How a level stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Seats that are its own.
    pub nominal: u32,
    /// Seats that nobody else may use.
    pub least: u32,
    /// Seats that it may have when others do not want theirs.
    pub most: u32,
    /// Seats that its requests have now.
    pub seats: u32,
    /// Requests that have them.
    pub running: u32,
    /// Requests that wait.
    pub waiting: usize,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Level {
    pub(crate) settings: LevelSettings,
    pub(crate) figures: Figures,
    queues: BTreeMap<u32, Queue>,
    /// How far the level is.
    now: u64,
}

impl Level {
    /// Takes over settings, of which the shares are a part of `shares` for `total` seats.
    pub(crate) fn configure(&mut self, settings: &LevelSettings, shares: u64, total: u32) {
        let part = |number: u64, of: u64| u32::try_from(number.div_ceil(of.max(1)));
        let nominal = u64::from(total) * u64::from(settings.shares);
        let nominal = part(nominal, shares).unwrap_or(total).min(total);
        let percent = |percent: u32| u64::from(nominal) * u64::from(percent);
        let lent = u32::try_from(percent(settings.lendable_percent) / 100).unwrap_or(nominal);
        let borrowed = settings.borrowing_percent.map(percent);
        let borrowed = borrowed.map_or(total, |more| part(more, 100).unwrap_or(total));
        self.figures.nominal = nominal;
        self.figures.least = nominal.saturating_sub(lent);
        self.figures.most = nominal.saturating_add(borrowed).min(total);
        if self.settings != *settings {
            self.settings = settings.clone();
        }
    }

    /// Nobody can come any more; who is there may go on.
    pub(crate) fn retire(&mut self) {
        self.settings.queuing = None;
        self.figures.least = 0;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.figures.running == 0 && self.figures.waiting == 0
    }

    /// Seats that are kept for this level and that nobody has.
    pub(crate) fn reserved(&self) -> u32 {
        self.figures.least.saturating_sub(self.figures.seats)
    }

    /// How much of its own it has, in thousandths.
    pub(crate) fn fill(&self) -> u64 {
        u64::from(self.figures.seats) * 1000 / u64::from(self.figures.nominal.max(1))
    }

    /// As many of `seats` as this level can ever have at once.
    pub(crate) fn bounded(&self, seats: u32) -> u32 {
        seats.clamp(1, self.figures.most.max(1))
    }

    /// The queue for a request of `flow`: the shortest of those it is dealt.
    pub(crate) fn deal(&mut self, flow: u64) -> Option<u32> {
        let Queuing {
            queues, hand: size, ..
        } = self.settings.queuing?;
        let dealt = hand(flow, queues.max(1), size.max(1));
        let ahead = |number: &u32| {
            let queue = self.queues.get(number);
            queue.map_or((0, 0), |queue| (queue.length(), queue.begins))
        };
        dealt.into_iter().min_by_key(ahead)
    }

    /// Lets a request wait in a queue.
    pub(crate) fn enqueue(&mut self, number: u32, one: Waiting) -> Result<(), Refusal> {
        let limit = self.settings.queuing.map_or(0, |queuing| queuing.length);
        let now = self.now;
        let queue = self.queues.entry(number).or_default();
        if queue.waiting.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
            return Err(Refusal::QueueFull);
        }
        if queue.is_idle() {
            queue.begins = queue.begins.max(now);
        }
        queue.waiting.push_back(one);
        self.figures.waiting += 1;
        Ok(())
    }

    /// Who is next, and in which queue.
    pub(crate) fn next(&self) -> Option<(u32, Waiting)> {
        let heads = self.queues.iter().filter_map(|(number, queue)| {
            let head = queue.waiting.front()?;
            Some((queue.begins, *number, *head))
        });
        let (_, number, head) = heads.min_by_key(|(begins, number, _)| (*begins, *number))?;
        Some((number, head))
    }

    /// The one that is next has its seats.
    pub(crate) fn take_next(&mut self, number: u32) {
        let queue = self.queues.get_mut(&number).expect("somebody waits in it");
        let one = queue.waiting.pop_front().expect("somebody waits in it");
        self.figures.waiting -= 1;
        self.seat(Some(number), one.seats);
    }

    /// Somebody has seats, through a queue or past all of them.
    pub(crate) fn seat(&mut self, number: Option<u32>, seats: u32) {
        self.figures.seats += seats;
        self.figures.running += 1;
        if let Some(number) = number {
            let now = self.now;
            let queue = self.queues.entry(number).or_default();
            if queue.is_idle() {
                queue.begins = queue.begins.max(now);
            }
            self.now = now.max(queue.begins);
            queue.running += seats;
            queue.begins += u64::from(seats) * ESTIMATE_MS;
        }
    }

    /// Somebody has ended, after so many milliseconds.
    pub(crate) fn unseat(&mut self, number: Option<u32>, seats: u32, took_ms: u64) {
        self.figures.seats -= seats;
        self.figures.running -= 1;
        if let Some(queue) = number.and_then(|number| self.queues.get_mut(&number)) {
            queue.running = queue.running.saturating_sub(seats);
            // What was believed before is replaced by what it was.
            let believed = u64::from(seats) * ESTIMATE_MS;
            let took = u64::from(seats).saturating_mul(took_ms);
            queue.begins = queue.begins.saturating_sub(believed).saturating_add(took);
        }
        self.forget();
    }

    /// Somebody waits no longer; whether they did.
    pub(crate) fn give_up(&mut self, id: Id) -> bool {
        let waits = |queue: &Queue| queue.waiting.iter().position(|one| one.id == id);
        let found = self.queues.values_mut().find_map(|queue| {
            let place = waits(queue)?;
            queue.waiting.remove(place)
        });
        if found.is_some() {
            self.figures.waiting -= 1;
            self.forget();
        }
        found.is_some()
    }

    /// Queues that nobody is in and that are owed nothing need not be remembered.
    fn forget(&mut self) {
        if self.is_empty() {
            self.queues.clear();
            self.now = 0;
            return;
        }
        let now = self.now;
        self.queues
            .retain(|_, queue| !queue.is_idle() || now < queue.begins);
    }
}
