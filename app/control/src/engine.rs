//! Which engine keeps the state: the journal in the data directory, or an etcd.

use std::future::Future;
use std::sync::Arc;

use gantry_base::chain;
use gantry_etcd::{Etcd, EtcdConfig};
use gantry_journal::{Journal, JournalConfig};
use gantry_store::{
    CommitError, Freshness, HistoryLimits, KeyRange, Revision, Snapshot, StaleError, Store, Txn,
    Watch, WatchError,
};
use tracing::{info, warn};

use crate::config::ControlConfig;
use crate::error::ControlError;

/// The open store.
#[derive(Clone, Debug)]
pub(crate) enum Engine {
    /// With how many records were found that do not lie there as they would be kept today.
    Journal(Journal, usize),
    Etcd(Etcd),
}

impl Engine {
    /// Opens the store; `tell` hears what is waited for.
    pub(crate) async fn open(
        config: &ControlConfig,
        tell: impl FnMut(String),
    ) -> Result<Self, ControlError> {
        match &config.etcd {
            Some(etcd) => Ok(Self::Etcd(reach(etcd, config, tell).await?)),
            None => {
                let directory = config.data_dir.join("store");
                let journal_config = JournalConfig {
                    seal: config.seal(),
                    ..JournalConfig::default()
                };
                let (journal, recovered) = Journal::open(&directory, journal_config)?;
                info!(revision = %recovered.revision, keys = recovered.keys, "opened the store");
                Ok(Self::Journal(journal, recovered.stale))
            }
        }
    }

    /// How many records were found that do not lie there as they would be kept today.
    pub(crate) const fn stale(&self) -> usize {
        match self {
            Self::Journal(_, stale) => *stale,
            Self::Etcd(etcd) => etcd.stale(),
        }
    }

    /// Sees to it that every record lies there as it would be kept today.
    pub(crate) async fn reseal(&self) -> Result<(), ControlError> {
        match self {
            Self::Journal(journal, _) => {
                let written = journal.reseal().await;
                written.map_err(|error| ControlError::Reseal(error as _))
            }
            Self::Etcd(etcd) => {
                let written = etcd.reseal().await;
                written.map_err(|error| ControlError::Reseal(Arc::new(error)))
            }
        }
    }

    /// Finishes what was begun, and ends all watches.
    pub(crate) async fn close(&self) {
        match self {
            Self::Journal(journal, _) => journal.close().await,
            Self::Etcd(etcd) => etcd.close(),
        }
    }
}

/// Opens an etcd, for as long as the configuration has patience.
async fn reach(
    etcd: &EtcdConfig,
    config: &ControlConfig,
    mut tell: impl FnMut(String),
) -> Result<Etcd, ControlError> {
    let etcd = &EtcdConfig {
        seal: config.seal(),
        ..etcd.clone()
    };
    let mut last = String::new();
    let opened = Etcd::open(etcd, HistoryLimits::default(), |error| {
        let why = chain(error);
        if why != last {
            warn!(error = why, "waiting for etcd");
            tell(format!("waiting for etcd: could not {why}"));
            last = why;
        }
    });
    let opened = match config.patience {
        Some(patience) => tokio::time::timeout(patience, opened).await.ok(),
        None => Some(opened.await),
    };
    match opened {
        Some(outcome) => Ok(outcome?),
        None => Err(ControlError::Unreachable(last)),
    }
}

impl Store for Engine {
    fn snapshot(&self) -> Snapshot {
        match self {
            Self::Journal(journal, _) => journal.snapshot(),
            Self::Etcd(etcd) => etcd.snapshot(),
        }
    }

    fn commit(&self, txn: Txn) -> impl Future<Output = Result<Revision, CommitError>> + Send {
        let engine = self.clone();
        async move {
            match engine {
                Self::Journal(journal, _) => journal.commit(txn).await,
                Self::Etcd(etcd) => etcd.commit(txn).await,
            }
        }
    }

    fn watch(&self, range: KeyRange, since: Revision) -> Result<Watch, WatchError> {
        match self {
            Self::Journal(journal, _) => journal.watch(range, since),
            Self::Etcd(etcd) => etcd.watch(range, since),
        }
    }

    fn reach(&self, freshness: Freshness) -> impl Future<Output = Result<(), StaleError>> + Send {
        let engine = self.clone();
        async move {
            match engine {
                Self::Journal(journal, _) => journal.reach(freshness).await,
                Self::Etcd(etcd) => etcd.reach(freshness).await,
            }
        }
    }
}

/// Opens the store of a server that is down, and has every record lie there as it would be kept
/// today.
pub async fn reseal(config: &ControlConfig) -> Result<(), ControlError> {
    let engine = Engine::open(config, drop).await?;
    let outcome = engine.reseal().await;
    engine.close().await;
    outcome
}
