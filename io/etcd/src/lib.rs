//! The store on an etcd cluster, for those who outgrow one machine.
//!
//! Reads are served from a faithful copy in memory, which follows every change below one prefix; a
//! commit is an etcd transaction, and resolves when the copy shows it. Several servers share one
//! etcd: [`Etcd`] knows how fresh its copy is. What to do about what etcd says is decided purely
//! (`follow`, `request`, `compact`); the rest carries it out. This crate writes nothing to disk.

mod compact;
mod config;
mod error;
mod etcd;
mod follow;
mod fresh;
mod keeper;
pub mod limits;
mod link;
mod listing;
mod opening;
mod record;
mod request;
mod rpc;
mod space;
mod state;
mod transfer;
mod wire;

pub use config::{ConfigError, EtcdConfig, PREFIX};
pub use error::EtcdError;
pub use etcd::Etcd;
pub use transfer::{Occupied, Source, fill};

#[cfg(test)]
mod tests;
