//! The store: reads from the copy, commits to etcd, and waits until the copy shows it.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use gantry_base::chain;
use gantry_store::{
    CommitError, Freshness, HistoryLimits, Index, KeyRange, Live, Revision, Snapshot, StaleError,
    Store, Txn, Watch, WatchError,
};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{debug, info};

use crate::compact::Turns;
use crate::config::EtcdConfig;
use crate::error::EtcdError;
use crate::follow::Follower;
use crate::fresh::Fresh;
use crate::keeper::Keeper;
use crate::limits::{CATCH_UP, COMPACT_REVISIONS};
use crate::link::{Dialer, Link};
use crate::listing;
use crate::opening;
use crate::request;
use crate::rpc::Rpc;
use crate::space::Space;
use crate::wire::TxnRequest;

/// State on an etcd cluster, with a faithful copy in memory. Clones share one copy; the last one
/// dropped ends the tasks.
#[derive(Clone, Debug)]
pub struct Etcd {
    pub(crate) space: Space,
    live: Live,
    pub(crate) link: watch::Receiver<Link>,
    copied: watch::Receiver<Revision>,
    /// How many records were found that do not lie there as they would be kept today.
    stale: usize,
    fresh: Fresh,
    nudge: Duration,
    /// Held by the one who makes etcd say something.
    nudging: Arc<tokio::sync::Mutex<()>>,
    /// Everything that runs for this store; the lock is held to end it.
    tasks: Arc<Mutex<JoinSet<()>>>,
}

impl Etcd {
    /// Connects and reads everything, and tries again for as long as that may help; `tell` hears
    /// why it has not worked yet.
    pub async fn open(
        config: &EtcdConfig,
        history: HistoryLimits,
        mut tell: impl FnMut(&EtcdError),
    ) -> Result<Self, EtcdError> {
        let mut dialer = Dialer::new(config.clone());
        loop {
            match Self::attempt(&mut dialer, config, history).await {
                Ok((copy, rpc)) => return Ok(Self::start(copy, rpc, dialer, config)),
                Err(error) if error.is_passing() => tell(&error),
                Err(error) => return Err(error),
            }
        }
    }

    async fn attempt(
        dialer: &mut Dialer,
        config: &EtcdConfig,
        history: HistoryLimits,
    ) -> Result<(Copy, Rpc), EtcdError> {
        let rpc = dialer.dial().await?;
        let (space, cluster) = opening::prepare(&rpc, config).await?;
        let listing = listing::read(&rpc, &space).await?;
        let revision = space.revision(listing.revision);
        let stale = listing.stale.len();
        let index = Index::restored(revision, listing.records, history);
        info!(
            endpoint = rpc.endpoint(),
            %revision,
            keys = index.snapshot().count(""),
            "copied the state from etcd"
        );
        let follower = Follower::new(space, listing.revision);
        let copy = Copy {
            cluster,
            follower,
            index,
            history,
            stale,
        };
        Ok((copy, rpc))
    }

    fn start(copy: Copy, rpc: Rpc, mut dialer: Dialer, config: &EtcdConfig) -> Self {
        dialer.succeeded();
        let space = copy.follower.space().clone();
        let live = Live::new(copy.index.snapshot());
        let (link, linked) = watch::channel(Link::Up(rpc.clone()));
        let (copied, reached) = watch::channel(copy.index.revision());
        let (fresh, serving) = Fresh::new(space.clone(), linked.clone());
        let keeper = Keeper {
            dialer,
            cluster: copy.cluster,
            follower: copy.follower,
            index: copy.index,
            history: copy.history,
            live: live.clone(),
            link,
            copied,
        };
        let every = config.compact_every;
        let mut tasks = JoinSet::new();
        tasks.spawn(keeper.run(rpc));
        tasks.spawn(serving);
        tasks.spawn(compact(
            space.clone(),
            linked.clone(),
            reached.clone(),
            every,
        ));
        Self {
            space,
            live,
            link: linked,
            copied: reached,
            stale: copy.stale,
            fresh,
            nudge: config.nudge,
            nudging: Arc::default(),
            tasks: Arc::new(Mutex::new(tasks)),
        }
    }

    /// Ends all watches and lets go of etcd. Commits that come later are refused; pictures can
    /// still be read.
    pub fn close(&self) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        *tasks = JoinSet::new();
        drop(tasks);
        self.live.close();
    }

    /// The endpoint that is connected to; nothing while there is none.
    #[must_use]
    pub fn endpoint(&self) -> Option<String> {
        let link = self.link.borrow();
        link.rpc().ok().map(|rpc| rpc.endpoint().to_owned())
    }

    /// How many records were found that do not lie there as they would be kept today.
    #[must_use]
    pub const fn stale(&self) -> usize {
        self.stale
    }

    /// Writes what does not lie there as it would be kept today, each as a change of its own.
    ///
    /// May be done again: what was written before is left alone.
    pub async fn reseal(&self) -> Result<(), CommitError> {
        let rpc = self.link.borrow().rpc().map_err(unavailable)?;
        let listing = listing::read(&rpc, &self.space).await;
        let listing = listing.map_err(|error| unavailable(Arc::new(error)))?;
        self.wait(self.space.revision(listing.revision))
            .await
            .map_err(unavailable)?;
        let snapshot = self.snapshot();
        for key in listing.stale {
            let Some(stored) = snapshot.get(&key) else {
                continue;
            };
            let txn = Txn::replace(key, stored.modified, Arc::clone(&stored.value));
            match self.write(&txn).await {
                // Whoever changed it meanwhile has sealed it.
                Ok(_) | Err(CommitError::Conflict { .. } | CommitError::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn write(&self, txn: &Txn) -> Result<Revision, CommitError> {
        txn.check_limits()?;
        if self.copied.has_changed().is_err() {
            return Err(CommitError::Closed);
        }
        let rpc = self.link.borrow().rpc().map_err(unavailable)?;
        let request = request::of(txn, &self.space)?;
        let response = rpc.txn(request).await;
        let response = response.map_err(|error| unavailable(Arc::new(error)))?;
        let header = response.header.unwrap_or_default();
        let revision = self.space.revision(header.revision);
        // A refusal as well: whoever decides again shall see what stood in the way.
        self.wait(revision).await.map_err(unavailable)?;
        if response.succeeded {
            return Ok(revision);
        }
        let refusal = request::refusal(txn, &response, &self.space);
        Err(refusal.expect("a transaction is refused because a guard does not hold"))
    }

    /// Waits until the copy shows `revision`.
    async fn wait(&self, revision: Revision) -> Result<(), Arc<EtcdError>> {
        let soon = tokio::time::timeout(self.nudge, self.copied_to(revision)).await;
        if let Ok(outcome) = soon {
            return outcome;
        }
        let nudged = async {
            let _one = self.nudging.lock().await;
            if *self.copied.borrow() < revision {
                self.speak().await?;
            }
            self.copied_to(revision).await
        };
        let behind = || Err(Arc::new(EtcdError::Behind { revision }));
        let outcome = tokio::time::timeout(CATCH_UP, nudged).await;
        outcome.unwrap_or_else(|_| behind())
    }

    async fn copied_to(&self, revision: Revision) -> Result<(), Arc<EtcdError>> {
        let mut copied = self.copied.clone();
        let mut link = self.link.clone();
        tokio::select! {
            biased;
            reached = copied.wait_for(|reached| revision <= *reached) => {
                reached.map(drop).map_err(|_| Arc::new(EtcdError::Closed))
            }
            down = link.wait_for(|link| link.rpc().is_err()) => match down {
                Ok(link) => link.rpc().map(drop),
                Err(_) => Err(Arc::new(EtcdError::Closed)),
            },
        }
    }

    /// Writes something that means nothing, so that there is something to hear.
    async fn speak(&self) -> Result<(), Arc<EtcdError>> {
        let rpc = self.link.borrow().rpc()?;
        let request = TxnRequest {
            success: vec![request::put(self.space.tick(), Bytes::new())],
            ..TxnRequest::default()
        };
        rpc.txn(request).await.map(drop).map_err(Arc::new)
    }
}

/// What was read from etcd when it was opened.
struct Copy {
    cluster: u64,
    follower: Follower,
    index: Index,
    history: HistoryLimits,
    stale: usize,
}

impl Store for Etcd {
    fn snapshot(&self) -> Snapshot {
        self.live.snapshot()
    }

    fn commit(&self, txn: Txn) -> impl Future<Output = Result<Revision, CommitError>> + Send {
        let store = self.clone();
        async move { store.write(&txn).await }
    }

    fn watch(&self, range: KeyRange, since: Revision) -> Result<Watch, WatchError> {
        self.live.watch(range, since)
    }

    fn reach(&self, freshness: Freshness) -> impl Future<Output = Result<(), StaleError>> + Send {
        let store = self.clone();
        async move {
            match freshness {
                Freshness::Any => Ok(()),
                Freshness::AtLeast(revision) => {
                    let waiting = store.copied_to(revision);
                    // One that does not come is refused by whoever reads.
                    gantry_base::ignore(
                        tokio::time::timeout(CATCH_UP, waiting).await,
                        "the newest picture has to do",
                    );
                    Ok(())
                }
                Freshness::Current => {
                    let current = async { store.wait(store.fresh.revision().await?).await };
                    current.await.map_err(|source| StaleError { source })
                }
            }
        }
    }
}

fn unavailable(source: Arc<EtcdError>) -> CommitError {
    if matches!(*source, EtcdError::Closed) {
        return CommitError::Closed;
    }
    CommitError::Unavailable { source }
}

/// Lets etcd forget its old history, in turn with other servers.
async fn compact(
    space: Space,
    link: watch::Receiver<Link>,
    mut copied: watch::Receiver<Revision>,
    every: Duration,
) {
    let mut turns = Turns::default();
    loop {
        let revision = copied.borrow().0;
        let many = copied.wait_for(|now| now.0 >= revision + COMPACT_REVISIONS);
        if matches!(tokio::time::timeout(every, many).await, Ok(Err(_))) {
            return;
        }
        let Ok(rpc) = link.borrow().rpc() else {
            continue;
        };
        if let Err(error) = take_turn(&space, &rpc, &mut turns).await {
            debug!(error = chain(&error), "history stays longer");
        }
    }
}

async fn take_turn(space: &Space, rpc: &Rpc, turns: &mut Turns) -> Result<(), EtcdError> {
    let response = rpc.txn(turns.request(space)).await?;
    if let Some(revision) = turns.taken(&response) {
        rpc.compact(revision).await?;
        debug!(revision, "compacted etcd's history");
    }
    Ok(())
}
