//! The journal without its threads: takes batches, makes them durable, publishes them.
//!
//! A batch is applied to the index first, so that later transactions see earlier ones. When the
//! log refuses it, the index goes back to where it was and nobody has seen anything.

use std::sync::Arc;

use gantry_base::time::after;
use gantry_base::{Timestamp, ignore};
use gantry_store::{CommitError, Index, Live, Revision, Seal};

use crate::batch::{BatchWriter, Prepared};
use crate::config::JournalConfig;
use crate::error::JournalError;
use crate::frame;
use crate::keeper;
use crate::limits::{ASK_AGAIN, FORGET_EVERY};
use crate::log::Log;
use crate::medium::Medium;
use crate::picture::Sitting;
use crate::promise::Promise;
use crate::recover::{Recovered, recover};
use crate::reserve::Reserve;

#[derive(Debug)]
pub(crate) struct Engine {
    medium: Arc<dyn Medium>,
    index: Index,
    log: Log,
    /// The checksum of the last frame, which the next one names.
    link: u32,
    promise: Promise,
    live: Live,
    reserve: Reserve,
    seal: Arc<dyn Seal>,
    /// When a disk that is full is asked again.
    ask_at: Timestamp,
    /// Whether anything was written since the last thought of a picture on a full disk.
    has_changed: bool,
}

/// What came of a batch: for each transaction, in order.
pub(crate) type Outcomes = Vec<Result<Revision, CommitError>>;

impl Engine {
    /// Reads everything back and goes on from there.
    pub(crate) fn open(
        medium: Arc<dyn Medium>,
        config: &JournalConfig,
    ) -> Result<(Self, Recovered), JournalError> {
        let recovery = recover(&medium, config.history, &*config.seal)?;
        // Before the sweep, which makes its name durable.
        let mut promise = Promise::open(&medium)?;
        keeper::sweep(&medium)?;
        // What was found is durable now, even if nobody acknowledged it before.
        promise.note(recovery.index.revision(), recovery.link);
        promise.sync();
        let engine = Self {
            promise,
            live: Live::new(recovery.index.snapshot()),
            reserve: Reserve::open(&medium, config.reserve_bytes),
            seal: Arc::clone(&config.seal),
            ask_at: Timestamp::UNIX_EPOCH,
            has_changed: false,
            index: recovery.index,
            log: recovery.log,
            link: recovery.link,
            medium,
        };
        Ok((engine, recovery.report))
    }

    /// What readers see.
    pub(crate) const fn live(&self) -> &Live {
        &self.live
    }

    /// Where the files are.
    pub(crate) const fn medium(&self) -> &Arc<dyn Medium> {
        &self.medium
    }

    /// Applies the transactions one after another and makes them durable together.
    ///
    /// When that fails, it fails for all, also for those whose guards did not hold: what they
    /// collided with may not have happened. A full disk takes what only takes away.
    pub(crate) fn commit(
        &mut self,
        batch: &[Prepared],
        now: Timestamp,
    ) -> Result<Outcomes, Arc<JournalError>> {
        if !self.is_scarce(now) {
            match self.commit_those(batch, now, |_| true) {
                Err(error) if error.is_full() && self.reserve.note_scarce() => {
                    self.ask_at = after(now, ASK_AGAIN);
                }
                outcome => {
                    if outcome.is_ok() && !batch.iter().all(Prepared::frees) {
                        self.reserve.note_room();
                    }
                    return outcome;
                }
            }
        }
        loop {
            match self.commit_those(batch, now, Prepared::frees) {
                Err(error) if error.is_full() && self.reserve.release(sum(batch)) => {}
                outcome => return outcome,
            }
        }
    }

    /// Whether the disk is still full; asked again now and then.
    fn is_scarce(&mut self, now: Timestamp) -> bool {
        if !self.reserve.is_scarce() || now < self.ask_at {
            return self.reserve.is_scarce();
        }
        self.ask_at = after(now, ASK_AGAIN);
        self.reserve.fill().is_err()
    }

    /// Commits those of a batch that may be; the others are refused.
    fn commit_those(
        &mut self,
        batch: &[Prepared],
        now: Timestamp,
        may: impl Fn(&Prepared) -> bool,
    ) -> Result<Outcomes, Arc<JournalError>> {
        let before = self.index.clone();
        let mut written = BatchWriter::new(before.revision().next(), now, self.link);
        let mut outcomes = Vec::with_capacity(batch.len());
        for prepared in batch {
            if !may(prepared) {
                outcomes.push(Err(refused(before.revision().next())));
                continue;
            }
            let reached = self.index.revision();
            outcomes.push(self.index.apply(&prepared.txn, now));
            if reached < self.index.revision() {
                written.add(prepared);
            }
        }
        let Some(frame) = written.finish() else {
            return Ok(outcomes);
        };
        if let Err(error) = self.log.append(&frame) {
            self.index = before;
            return Err(Arc::new(error));
        }
        self.has_changed = true;
        self.link = frame::link(&frame);
        self.promise.note(self.index.revision(), self.link);
        self.live.publish(self.index.snapshot());
        Ok(outcomes)
    }

    /// Sees to it that a disk which becomes full still takes deletions. On one that is full, what
    /// was deleted meanwhile may make room: a picture of what is left is smaller than the log. For
    /// that moment the disk gets back what is kept of it; whether to take the picture is answered.
    pub(crate) fn keep_reserve(&mut self, now: Timestamp) -> bool {
        ignore(self.reserve.fill(), "what fits is held");
        let is_worth_it = self.reserve.is_scarce() && std::mem::take(&mut self.has_changed);
        if !is_worth_it || !self.reserve.release_all() {
            return false;
        }
        // Nobody shall have that room before the picture is there.
        self.ask_at = after(now, FORGET_EVERY);
        true
    }

    /// Forgets the past that is too old at `now`.
    pub(crate) fn forget(&mut self, now: Timestamp) {
        self.index.forget(now);
        self.live.publish(self.index.snapshot());
    }

    /// How many bytes have been logged since the last picture was asked for.
    pub(crate) const fn log_bytes(&self) -> u64 {
        self.log.bytes()
    }

    /// Begins a new log file, and returns the picture that makes the older ones superfluous.
    ///
    /// The old file is whole before: a refused frame at its end would be taken for the next one.
    pub(crate) fn turn(&mut self) -> Result<Sitting, JournalError> {
        self.log.finish()?;
        self.log = Log::begin(Arc::clone(&self.medium), self.index.revision())?;
        Ok(Sitting {
            snapshot: self.index.snapshot(),
            link: self.link,
            seal: Arc::clone(&self.seal),
            told: Vec::new(),
        })
    }

    /// The next revision to be written.
    pub(crate) const fn next(&self) -> Revision {
        self.index.revision().next()
    }
}

fn refused(revision: Revision) -> CommitError {
    let source = Arc::new(JournalError::Full);
    CommitError::Durability { revision, source }
}

fn sum(batch: &[Prepared]) -> usize {
    batch.iter().map(Prepared::len).sum()
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.promise.sync();
        self.live.close();
    }
}
