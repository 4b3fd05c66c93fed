//! What can be wrong with the loop around a controller.

use bytes::Bytes;

use gantry_api::Rejection;
use gantry_reconcile::Awaits;

use super::{Bug, Plant};

impl Plant {
    /// Which writes the loop of a controller waits for.
    pub(crate) fn awaits(&self, controller: &str, awaits: Awaits) -> Awaits {
        if self.is(Bug::GivesTwice) && controller == gantry_scheduler::NAME {
            return Awaits::SameKey;
        }
        awaits
    }

    /// Whether a key that a change made due is forgotten; `forms` is how many forms of the object
    /// the change has.
    pub(crate) fn skips(&mut self, forms: usize) -> bool {
        (forms > 1 && self.is(Bug::OnlyAdded)) || self.acts(Bug::SkipsEvent, 5)
    }

    /// Whether a key is forgotten that a change makes due while it is worked on.
    pub(crate) fn forgets_news(&self) -> bool {
        self.is(Bug::ForgetsNews)
    }

    /// Whether a loop does not remember what it wrote.
    pub(crate) fn forgets_writes(&self) -> bool {
        self.is(Bug::ForgetsWrites) || self.is(Bug::NamesByChance)
    }

    /// Whether a loop never takes this answer.
    pub(crate) fn waits_forever(&self, answer: Option<&Result<Bytes, Rejection>>) -> bool {
        let is_lost = matches!(answer, Some(Err(Rejection::Unavailable { .. })));
        is_lost && self.is(Bug::WaitsForever)
    }
}
