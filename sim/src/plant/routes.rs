//! What can be wrong with packet rules.

use gantry_routing::{Ruleset, Treatment};

use super::{Bug, Plant};

impl Plant {
    /// The rules that are installed, given those that were.
    pub(crate) fn rules(&self, rules: &mut Ruleset, old: &Ruleset) {
        if !self.is(Bug::RouterKeeps) {
            return;
        }
        for (frontend, treatment) in &mut rules.frontends {
            if let Treatment::Balance(new) = treatment
                && let Some(Treatment::Balance(old)) = old.frontends.get(frontend)
            {
                new.endpoints.extend(&old.endpoints);
            }
        }
    }

    /// Whether a router does not hear of a change.
    pub(crate) fn is_deaf(&mut self) -> bool {
        self.acts(Bug::RouterDeaf, 5)
    }
}
