//! Makes the store survive a crash.
//!
//! State lives in memory; the disk holds a checksummed log of what changed, and now and then a
//! picture from which the log goes on. One thread writes: it gathers every transaction that is
//! waiting, appends them in one frame, syncs once, publishes, and answers. Nothing is visible to
//! readers before it would survive a power cut, and damage is named, never served.
//!
//! Files in the directory: `log-N` (what happened after revision N), `picture-N` (everything at
//! revision N), `promise` (the newest acknowledged revision), `lock`.

pub mod backup;
mod batch;
mod config;
mod engine;
mod error;
mod frame;
mod header;
mod journal;
mod keeper;
pub mod limits;
mod log;
pub mod medium;
mod picture;
mod promise;
mod recover;
mod reserve;
pub mod rest;
mod writer;

pub use config::JournalConfig;
pub use error::JournalError;
pub use journal::Journal;
pub use recover::Recovered;

#[cfg(feature = "torture")]
pub mod torture;
