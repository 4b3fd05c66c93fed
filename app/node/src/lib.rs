//! The agent of one node: it carries out what the kubelet decides, and tells what came of it. And
//! agents of many hollow nodes, which decide the same and only pretend to carry it out.
//!
//! [`Node::start`] wires the loops together: pods, service rules, the zone, the Node object. Every
//! decision is in `logic`; every effect on the machine is behind a crate of `io`. Nothing that runs
//! in a pod ends when the node stops; [`Node::purge`] ends everything.

mod agent;
mod collect;
mod config;
mod hollow;
mod hooks;
mod host;
mod last_words;
mod logs;
mod node;
mod notes;
mod pods;
mod probing;
mod references;
mod registration;
mod reports;
mod rootfs;
mod rules;
mod state;
mod streams;
mod sys;
mod tasks;
mod tokens;
mod zone;

pub use config::{Doors, NodeConfig};
pub use hollow::{HollowError, HollowNodes};
pub use node::{Node, NodeError};
