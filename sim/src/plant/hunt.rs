//! Looks for a planted bug in worlds of all kinds, until a law finds it.

use super::Bug;
use crate::command::Case;
use crate::laws::Violation;
use crate::profile::Profile;

/// What came of a hunt.
#[derive(Clone, Debug)]
pub struct Hunted {
    /// Which bug was looked for.
    pub bug: Bug,
    /// Where it was found.
    pub found: Option<Found>,
    /// In how many worlds it was looked for.
    pub worlds: u64,
}

/// Where a law found a bug.
#[derive(Clone, Debug)]
pub struct Found {
    /// In which kind of world.
    pub profile: String,
    /// In the world of which seed.
    pub seed: u64,
    /// What was broken.
    pub violation: Violation,
    /// Within how many steps.
    pub steps: u64,
}

/// Looks for `bug` in the first `seeds` worlds of each kind. A world in which a law is broken
/// without the bug, too, does not count.
#[must_use]
pub fn hunt(bug: Bug, seeds: u64) -> Hunted {
    let mut worlds = 0;
    for seed in 1..=seeds {
        for name in Profile::NAMES {
            worlds += 1;
            let found = Profile::named(name).and_then(|profile| look(bug, seed, profile));
            if found.is_some() {
                return Hunted { bug, found, worlds };
            }
        }
    }
    Hunted {
        bug,
        found: None,
        worlds,
    }
}

/// Looks for `bug` in one world.
pub(super) fn look(bug: Bug, seed: u64, profile: Profile) -> Option<Found> {
    let mut case = Case {
        seed,
        profile,
        bug: Some(bug),
    };
    let report = case.run(false).report;
    let violation = report.violation?;
    case.bug = None;
    if case.run(false).report.violation.is_some() {
        return None;
    }
    Some(Found {
        profile: case.profile.name,
        seed,
        violation,
        steps: report.steps,
    })
}
