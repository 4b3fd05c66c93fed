//! The one thread that writes.
//!
//! It takes everything that waits, commits it as one batch, and answers. The more committers there
//! are, the larger the batches, and the cheaper each commit.

use std::sync::Arc;

use gantry_base::{Timestamp, chain, ignore};
use gantry_store::{CommitError, Revision};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

use crate::batch::Prepared;
use crate::engine::Engine;
use crate::error::JournalError;
use crate::keeper::Keeper;
use crate::limits::{BATCH_BYTES, BATCH_TRANSACTIONS};
use crate::picture::{Told, tell};

/// What the writer is asked to do.
#[derive(Debug)]
pub(crate) enum Order {
    /// Commit this.
    Commit(Prepared, Answer),
    /// Look for what is too old to keep.
    Forget,
    /// Write everything anew as it would be kept today.
    Reseal(Told),
    /// A picture was finished, or failed.
    Drawn,
    /// Finish what waits, and end.
    Close(oneshot::Sender<()>),
}

type Answer = oneshot::Sender<Result<Revision, CommitError>>;

#[derive(Debug)]
pub(crate) struct Writer {
    engine: Engine,
    keeper: Keeper,
    orders: mpsc::Receiver<Order>,
    log_bytes: u64,
    batch: Vec<Prepared>,
    answers: Vec<Answer>,
    bytes: usize,
    is_failing: bool,
    /// Who waits for a picture that begins after they asked.
    resealing: Vec<Told>,
    closing: Vec<oneshot::Sender<()>>,
}

impl Writer {
    pub(crate) fn new(
        engine: Engine,
        keeper: Keeper,
        orders: mpsc::Receiver<Order>,
        log_bytes: u64,
    ) -> Self {
        Self {
            engine,
            keeper,
            orders,
            log_bytes,
            batch: Vec::new(),
            answers: Vec::new(),
            bytes: 0,
            is_failing: false,
            resealing: Vec::new(),
            closing: Vec::new(),
        }
    }

    /// Works until the journal is closed or nobody holds it any more.
    pub(crate) fn run(mut self) {
        let broken = StopWhenBroken;
        let mut orders = Vec::new();
        while self
            .orders
            .blocking_recv_many(&mut orders, BATCH_TRANSACTIONS)
            > 0
        {
            orders.drain(..).for_each(|order| self.take(order));
            self.flush();
            self.take_picture();
        }
        let Self {
            engine,
            keeper,
            closing,
            ..
        } = self;
        drop((keeper, engine, broken));
        for answer in closing {
            ignore(answer.send(()), "nobody waits for the end any more");
        }
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Commit(prepared, answer) => {
                self.bytes += prepared.len();
                self.batch.push(prepared);
                self.answers.push(answer);
                if self.bytes >= BATCH_BYTES {
                    self.flush();
                }
            }
            Order::Forget => {
                let now = Timestamp::now();
                self.engine.forget(now);
                if self.engine.keep_reserve(now) || !self.resealing.is_empty() {
                    self.turn();
                }
            }
            Order::Reseal(told) => {
                self.resealing.push(told);
                self.turn();
            }
            Order::Drawn => {
                if !self.resealing.is_empty() {
                    self.turn();
                }
            }
            Order::Close(answer) => {
                self.orders.close();
                self.closing.push(answer);
            }
        }
    }

    fn flush(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let revision = self.engine.next();
        let outcomes = self.engine.commit(&self.batch, Timestamp::now());
        self.note_health(outcomes.as_ref().err());
        self.batch.clear();
        self.bytes = 0;
        let answers = self.answers.drain(..);
        match outcomes {
            Ok(outcomes) => answers
                .zip(outcomes)
                .for_each(|(answer, outcome)| reply(answer, outcome)),
            Err(source) => answers.for_each(|answer| {
                let source = Arc::<JournalError>::clone(&source);
                reply(answer, Err(CommitError::Durability { revision, source }));
            }),
        }
    }

    /// Says once that writing fails, and once that it works again.
    fn note_health(&mut self, failure: Option<&Arc<JournalError>>) {
        match failure {
            Some(failure) if !self.is_failing => {
                error!(error = chain(failure), "commits fail, reads go on");
            }
            None if self.is_failing => info!("commits succeed again"),
            Some(_) | None => {}
        }
        self.is_failing = failure.is_some();
    }

    fn take_picture(&mut self) {
        let enough = self.log_bytes.max(self.keeper.picture_bytes()).max(1);
        if self.engine.log_bytes() < enough || self.keeper.is_busy() || self.is_failing {
            return;
        }
        self.turn();
    }

    fn turn(&mut self) {
        if self.keeper.is_busy() {
            return;
        }
        match self.engine.turn() {
            Ok(mut sitting) => {
                sitting.told = std::mem::take(&mut self.resealing);
                self.keeper.order(sitting);
            }
            Err(error) => {
                warn!(error = chain(&error), "the log stays longer");
                tell(self.resealing.drain(..), &Err(Arc::new(error)));
            }
        }
    }
}

fn reply(answer: Answer, outcome: Result<Revision, CommitError>) {
    ignore(answer.send(outcome), "the committer has gone away");
}

/// Better stopped than wrong: a broken invariant in the one writer ends the process.
struct StopWhenBroken;

impl Drop for StopWhenBroken {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::abort();
        }
    }
}
