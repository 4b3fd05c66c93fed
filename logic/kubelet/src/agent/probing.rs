//! Probes: which are due, and what an answer means.

use gantry_base::Timestamp;

use super::State;
use crate::probes::{Probes, Which};
use crate::sandbox::ContainerId;

impl State {
    /// The probes of a container that are to be begun now, which counts as done, and the moment at
    /// which the next will be due; nothing when the container is no longer there.
    pub fn probes_due(
        &mut self,
        id: &ContainerId,
        now: Timestamp,
    ) -> Option<(Vec<Which>, Option<Timestamp>)> {
        let probes = self.probes(id)?;
        let (due, next) = probes.due(now);
        for which in &due {
            probes.begun(*which, now);
        }
        Some((due, next))
    }

    /// Takes an answer. Whether the verdict on the container changed, which makes its pod due;
    /// nothing when the container has ended meanwhile, of which nobody is to be told.
    pub fn probed(
        &mut self,
        id: &ContainerId,
        (which, success): (Which, bool),
        now: Timestamp,
    ) -> Option<bool> {
        Some(self.probes(id)?.result(which, success, now))
    }

    fn probes(&mut self, id: &ContainerId) -> Option<&mut Probes> {
        let key = self.key_of(&id.sandbox.0)?;
        self.pods.get_mut(&key)?.probes.get_mut(id)
    }
}
