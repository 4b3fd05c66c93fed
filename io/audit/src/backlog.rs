//! Events that wait for somebody who writes them: bounded in bytes and in number.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tracing::warn;

use crate::limits::TOLD_EVERY;

/// One event, as it is written.
pub(crate) type Line = Arc<str>;

/// What became of the events.
#[derive(Debug, Default)]
pub struct Counts {
    /// Events that were to be written or sent.
    pub told: AtomicU64,
    /// Those of them that were lost, because there was no room or nobody took them.
    pub lost: AtomicU64,
    /// Times that writing or sending failed.
    pub failures: AtomicU64,
}

impl Counts {
    pub(crate) fn told(&self) {
        self.told.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn lost(&self, count: usize, why: &str) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let before = self.lost.fetch_add(count, Ordering::Relaxed);
        if before == 0 || before / TOLD_EVERY != (before + count) / TOLD_EVERY {
            warn!(lost = before + count, why, "audit events are lost");
        }
    }

    pub(crate) fn failed(&self, what: &str, why: &str) {
        let before = self.failures.fetch_add(1, Ordering::Relaxed);
        if before.is_multiple_of(TOLD_EVERY) {
            warn!(why, "could not {what}");
        }
    }
}

/// Events that wait.
#[derive(Debug)]
pub(crate) struct Backlog {
    most_bytes: usize,
    most: usize,
    /// Held while one event is put in or some are taken out.
    waiting: Mutex<Waiting>,
    /// Told when something was put in or nothing more comes, for a thread that waits.
    came: Condvar,
    /// The same, for a task.
    news: Notify,
    /// Told when there is room again.
    room: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<Line>,
    bytes: usize,
    is_closed: bool,
}

impl Backlog {
    pub(crate) fn new(most_bytes: usize, most: usize) -> Self {
        Self {
            most_bytes,
            most,
            waiting: Mutex::default(),
            came: Condvar::new(),
            news: Notify::new(),
            room: Notify::new(),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an event in; whether there was room.
    pub(crate) fn put(&self, line: &Line) -> bool {
        let mut waiting = self.waiting();
        let fits = waiting.bytes + line.len() <= self.most_bytes && waiting.lines.len() < self.most;
        if !fits || waiting.is_closed {
            return false;
        }
        waiting.bytes += line.len();
        waiting.lines.push_back(Arc::clone(line));
        drop(waiting);
        self.came.notify_one();
        self.news.notify_one();
        true
    }

    fn is_half_full(&self) -> bool {
        let waiting = self.waiting();
        self.most_bytes / 2 < waiting.bytes || self.most / 2 < waiting.lines.len()
    }

    /// Resolves when at least half of it is free.
    pub(crate) async fn has_room(&self) {
        loop {
            let room = self.room.notified();
            if !self.is_half_full() {
                return;
            }
            room.await;
        }
    }

    /// Takes out some of the events, up to so many bytes and so many events; at least one if there
    /// is any.
    pub(crate) fn take(&self, bytes: usize, count: usize) -> Vec<Line> {
        let mut waiting = self.waiting();
        let mut taken = Vec::new();
        let mut size = 0;
        while let Some(line) = waiting.lines.front() {
            if !taken.is_empty() && (bytes < size + line.len() || count <= taken.len()) {
                break;
            }
            size += line.len();
            taken.extend(waiting.lines.pop_front());
        }
        waiting.bytes -= size;
        drop(waiting);
        if !taken.is_empty() {
            self.room.notify_waiters();
        }
        taken
    }

    /// How many events wait, and whether nothing more comes.
    pub(crate) fn state(&self) -> (usize, bool) {
        let waiting = self.waiting();
        (waiting.lines.len(), waiting.is_closed)
    }

    /// Waits on this thread until there is something, or nothing more comes; for so long at most.
    pub(crate) fn wait(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let mut waiting = self.waiting();
        while waiting.lines.is_empty() && !waiting.is_closed {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let woken = self.came.wait_timeout(waiting, left);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits on this thread for a while, or until nothing more comes.
    pub(crate) fn pause(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let mut waiting = self.waiting();
        while !waiting.is_closed {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let woken = self.came.wait_timeout(waiting, left);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Resolves when something was put in, or nothing more comes.
    pub(crate) async fn came(&self) {
        self.news.notified().await;
    }

    /// Nothing more comes.
    pub(crate) fn close(&self) {
        self.waiting().is_closed = true;
        self.came.notify_all();
        self.news.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_bounded_and_comes_out_in_order() {
        let backlog = Backlog::new(10, 3);
        let line = |text: &str| Line::from(text);
        assert!(backlog.put(&line("1234")));
        assert!(backlog.put(&line("5678")));
        assert!(
            !backlog.put(&line("abc")),
            "more bytes than there is room for"
        );
        assert!(backlog.put(&line("")));
        assert!(
            !backlog.put(&line("")),
            "more events than there is room for"
        );
        assert!(backlog.is_half_full());
        assert_eq!(backlog.take(5, 9), [line("1234")]);
        assert_eq!(backlog.take(100, 1), [line("5678")]);
        assert!(!backlog.is_half_full());
        assert_eq!(backlog.take(0, 0), [line("")]);
        assert_eq!(backlog.take(9, 9), [] as [Line; 0]);
        backlog.close();
        assert!(!backlog.put(&line("x")), "nothing comes after the end");
        assert_eq!(backlog.state(), (0, true));
    }
}
