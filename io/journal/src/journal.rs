//! The durable store: a handle to the writer's thread and to what it has published.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use gantry_base::ignore;
use gantry_store::{
    CommitError, KeyRange, Live, Revision, Seal, Snapshot, Store, Txn, Watch, WatchError,
};
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

use crate::batch::Prepared;
use crate::config::JournalConfig;
use crate::engine::Engine;
use crate::error::{JournalError, on};
use crate::keeper::Keeper;
use crate::limits::QUEUE;
use crate::medium::{Directory, Medium};
use crate::recover::Recovered;
use crate::writer::{Order, Writer};

/// State that survives a crash. Clones share one state; the last one dropped ends the threads.
#[derive(Clone, Debug)]
pub struct Journal {
    orders: mpsc::Sender<Order>,
    live: Live,
    seal: Arc<dyn Seal>,
}

impl Journal {
    /// Opens the directory, makes it if need be, locks it, and reads everything back.
    ///
    /// Blocks while it reads. A directory in use, damaged, or of a later format is refused.
    pub fn open(
        directory: &Path,
        config: JournalConfig,
    ) -> Result<(Self, Recovered), JournalError> {
        Self::on(Arc::new(Directory::open(directory)?), config)
    }

    /// Opens what is on `medium`.
    pub fn on(
        medium: Arc<dyn Medium>,
        config: JournalConfig,
    ) -> Result<(Self, Recovered), JournalError> {
        let (engine, report) = Engine::open(medium, &config)?;
        if report.torn_bytes > 0 {
            warn!(
                bytes = report.torn_bytes,
                "an unacknowledged write was cut off"
            );
        }
        let (orders, ordered) = mpsc::channel(QUEUE);
        let live = engine.live().clone();
        let medium = Arc::clone(engine.medium());
        let keeper = Keeper::start(medium, orders.downgrade(), report.picture_bytes)?;
        let writer = Writer::new(engine, keeper, ordered, config.log_bytes);
        let thread = thread::Builder::new().name("journal-writer".to_owned());
        let started = thread.spawn(|| writer.run());
        started.map_err(on("start", "journal-writer"))?;
        let seal = config.seal;
        Ok((Self { orders, live, seal }, report))
    }

    /// Writes everything anew as it would be kept today, and removes what lay there before.
    ///
    /// Resolves when that is done. What was there stays until then, whatever fails.
    pub async fn reseal(&self) -> Result<(), Arc<JournalError>> {
        let (answer, outcome) = oneshot::channel();
        let closed = || Arc::new(JournalError::Closed);
        let order = Order::Reseal(answer);
        self.orders.send(order).await.map_err(|_| closed())?;
        outcome.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Finishes what has been begun, ends all watches and releases the directory.
    ///
    /// Commits that come later are refused; pictures can still be read.
    pub async fn close(&self) {
        let (answer, end) = oneshot::channel();
        if self.orders.send(Order::Close(answer)).await.is_ok() {
            ignore(end.await, "the writer ended on its own");
        }
    }
}

impl Store for Journal {
    fn snapshot(&self) -> Snapshot {
        self.live.snapshot()
    }

    fn commit(&self, txn: Txn) -> impl Future<Output = Result<Revision, CommitError>> + Send {
        let (orders, seal) = (self.orders.clone(), Arc::clone(&self.seal));
        async move {
            txn.check_limits()?;
            let (answer, outcome) = oneshot::channel();
            let order = Order::Commit(Prepared::sealed(txn, &*seal)?, answer);
            orders.send(order).await.map_err(|_| CommitError::Closed)?;
            outcome.await.unwrap_or(Err(CommitError::Closed))
        }
    }

    fn watch(&self, range: KeyRange, since: Revision) -> Result<Watch, WatchError> {
        self.live.watch(range, since)
    }
}

#[cfg(test)]
mod tests;
