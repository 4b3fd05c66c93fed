//! Bugs that are put in on purpose, to see whether the laws find them.
//!
//! Nothing of the product is changed for it: each stands at a seam between the real code and the
//! simulation (a view before it is decided on, a plan before it is carried out, a transaction
//! before it is committed, an event before it is told) and spoils what passes there.

use gantry_api::ObjectKey;
use gantry_reconcile::{Awaits, View, Write};

/// A bug to be planted, or none.
#[derive(Clone, Debug, Default)]
pub struct Plant {
    bug: Option<Bug>,
}

/// The bugs that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bug {
    /// A loop does not wait for its own writes.
    ForgetsWrites,
}

impl Bug {
    /// All there are.
    pub const ALL: [Self; 1] = [Self::ForgetsWrites];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ForgetsWrites => "forgets-writes",
        }
    }

    /// The bug of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bug| bug.name() == name)
    }
}

impl Plant {
    /// Plants `bug`.
    #[must_use]
    pub const fn of(bug: Option<Bug>) -> Self {
        Self { bug }
    }

    /// Which writes a loop waits for.
    pub(crate) fn awaits(&self, awaits: Awaits) -> Awaits {
        awaits
    }

    /// The view that is decided on.
    pub(crate) fn view(&self, view: &View) -> View {
        view.clone()
    }

    /// Whether a key that a change made due is forgotten.
    pub(crate) fn skips(&self, _key: &ObjectKey) -> bool {
        false
    }

    /// Whether a loop does not remember what it wrote.
    pub(crate) fn forgets_writes(&self) -> bool {
        self.bug == Some(Bug::ForgetsWrites)
    }

    /// What is left of a node's plan.
    pub(crate) fn steps(&self, _steps: &mut Vec<gantry_kubelet::agent::Step>) {}

    /// What is left of a plan.
    pub(crate) fn plan(&self, _controller: &str, _actions: &mut Vec<Write>) {}
}
