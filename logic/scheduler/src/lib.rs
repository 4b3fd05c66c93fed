//! Which node a pod goes to, and why not the others.
//!
//! A cycle works on an unchanging picture of the cluster: filters say no and why, scores prefer
//! among the rest. Nothing here binds; the plan does.

mod cluster;
mod cycle;
mod demand;
mod filters;
mod scheduler;
mod scores;
mod terms;
#[cfg(test)]
mod tests;

pub use cluster::{Cluster, NodeState};
pub use cycle::{Choice, choose};
pub use demand::Demand;
pub use scheduler::{NAME, Scheduler};
