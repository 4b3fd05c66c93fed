//! Revisioned, watchable key-value state, in memory.
//!
//! A reader works on a [`Snapshot`], an unchanging picture at one revision. A writer offers a
//! [`Txn`]. A watcher sees every change in its [`KeyRange`] once and in order. [`Index`] is the
//! pure heart that applies transactions; [`Live`] is what readers and watchers hold on to. This
//! crate opens nothing, waits for nothing and reads no clock: making the state survive a crash is
//! the business of an implementation of [`Store`].

pub mod change;
pub mod contents;
pub mod contract;
mod history;
pub mod hub;
pub mod index;
pub mod key;
pub mod limits;
pub mod live;
pub mod memory;
mod objects;
pub mod seal;
pub mod snapshot;
pub mod store;
pub mod txn;
pub mod watch;

pub use change::{Change, Stored};
pub use contents::Contents;
pub use gantry_api::key::Revision;
pub use hub::Hub;
pub use index::{Index, Record};
pub use key::{Key, KeyRange};
pub use limits::HistoryLimits;
pub use live::Live;
pub use memory::MemoryStore;
pub use seal::{Opened, Plain, Seal, SealError};
pub use snapshot::{PastError, Snapshot};
pub use store::{CommitError, Freshness, StaleError, Store, WatchError};
pub use txn::{Guard, Txn, Write};
pub use watch::Watch;
