//! Those who take part in a cluster.

pub(crate) mod controllers;
mod following;
pub(crate) mod human;
pub(crate) mod node;
