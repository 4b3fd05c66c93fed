//! Bugs that are put in on purpose, to see whether the laws find them.
//!
//! Nothing of the product is changed for it: each stands at a seam between the real code and the
//! simulation (a view before it is decided on, a plan before it is carried out, a transaction
//! before it is committed, an event before it is told) and spoils what passes there. Without a bug
//! nothing is drawn and nothing changes.

mod bugs;
mod ends;
mod hunt;
mod loops;
mod machines;
mod plans;
mod reports;
mod routes;
mod store;
mod views;
mod watches;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use serde_json::Value;

use gantry_base::Timestamp;
use gantry_kubelet::sandbox::SandboxId;
use gantry_reconcile::{View, Write};
use gantry_store::Snapshot;

use crate::chance::Dice;
pub use bugs::Bug;
pub use hunt::{Found, Hunted, hunt};
pub(crate) use plans::Ground;
pub(crate) use store::Slip;

/// A bug to be planted, or none; and what the spoiled part remembers.
#[derive(Clone, Debug)]
pub struct Plant {
    bug: Option<Bug>,
    seed: u64,
    dice: Dice,
    memory: Memory,
}

/// What spoiling takes: each bug uses one thing of it at most.
#[derive(Clone, Debug, Default)]
struct Memory {
    /// Pictures of a while ago.
    views: VecDeque<View>,
    /// What was written last, by the object that was decided about.
    writes: BTreeMap<String, Write>,
    /// Frames that were held back, by the watch.
    frames: BTreeMap<u64, Bytes>,
    /// How the store stood when its leader changed, and until when that is read.
    old: Option<(Snapshot, Timestamp)>,
    /// A uid, an address or a port that was given to somebody.
    given: Value,
    /// Sandboxes that stayed behind.
    left: BTreeSet<SandboxId>,
    /// How often the part began to live.
    births: u32,
}

impl Default for Plant {
    fn default() -> Self {
        Self::of(None)
    }
}

impl Plant {
    /// Plants `bug`.
    #[must_use]
    pub fn of(bug: Option<Bug>) -> Self {
        Self::sown(bug, 0, "")
    }

    /// The same bug in the world `seed`.
    pub(crate) fn in_world(&self, seed: u64) -> Self {
        Self::sown(self.bug, seed, "")
    }

    /// The same bug in one part of the world, with a chance of its own.
    pub(crate) fn at(&self, place: &str) -> Self {
        Self::sown(self.bug, self.seed, place)
    }

    fn sown(bug: Option<Bug>, seed: u64, place: &str) -> Self {
        Self {
            bug,
            seed,
            dice: Dice::new(seed, &format!("plant {place}")),
            memory: Memory::default(),
        }
    }

    fn is(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// Whether `bug` is planted and acts here, as it does once in `times`.
    fn acts(&mut self, bug: Bug, times: u64) -> bool {
        self.is(bug) && self.dice.below(times) == 0
    }
}

#[cfg(test)]
mod tests;
