//! The journal without its threads: takes batches, makes them durable, publishes them.
//!
//! A batch is applied to the index first, so that later transactions see earlier ones. When the
//! log refuses it, the index goes back to where it was and nobody has seen anything.

use std::sync::Arc;

use gantry_base::Timestamp;
use gantry_store::{CommitError, Index, Live, Revision};

use crate::batch::{BatchWriter, Prepared};
use crate::config::JournalConfig;
use crate::error::JournalError;
use crate::frame;
use crate::keeper;
use crate::log::Log;
use crate::medium::Medium;
use crate::picture::Sitting;
use crate::promise::Promise;
use crate::recover::{Recovered, recover};

#[derive(Debug)]
pub(crate) struct Engine {
    medium: Arc<dyn Medium>,
    index: Index,
    log: Log,
    /// The checksum of the last frame, which the next one names.
    link: u32,
    promise: Promise,
    live: Live,
}

/// What came of a batch: for each transaction, in order.
pub(crate) type Outcomes = Vec<Result<Revision, CommitError>>;

impl Engine {
    /// Reads everything back and goes on from there.
    pub(crate) fn open(
        medium: Arc<dyn Medium>,
        config: &JournalConfig,
    ) -> Result<(Self, Recovered), JournalError> {
        let recovery = recover(&medium, config.history)?;
        // Before the sweep, which makes its name durable.
        let mut promise = Promise::open(&medium)?;
        keeper::sweep(&medium)?;
        // What was found is durable now, even if nobody acknowledged it before.
        promise.note(recovery.index.revision(), recovery.link);
        promise.sync();
        let engine = Self {
            promise,
            live: Live::new(recovery.index.snapshot()),
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
    /// collided with may not have happened.
    pub(crate) fn commit(
        &mut self,
        batch: &[Prepared],
        now: Timestamp,
    ) -> Result<Outcomes, Arc<JournalError>> {
        let before = self.index.clone();
        let mut written = BatchWriter::new(before.revision().next(), now, self.link);
        let mut outcomes = Vec::with_capacity(batch.len());
        for prepared in batch {
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
        self.link = frame::link(&frame);
        self.promise.note(self.index.revision(), self.link);
        self.live.publish(self.index.snapshot());
        Ok(outcomes)
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
        })
    }

    /// The next revision to be written.
    pub(crate) const fn next(&self) -> Revision {
        self.index.revision().next()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.promise.sync();
        self.live.close();
    }
}
