//! Looks for a planted bug in worlds of all kinds, until a law finds it.

use std::time::Duration;

use super::Bug;
use crate::command::Case;
use crate::laws::Violation;
use crate::profile::Profile;

/// The kinds of worlds that are small enough.
const KINDS: [&str; 4] = ["calm", "mild", "hard", "steady"];

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
    /// That world: its line runs it again.
    pub case: Case,
    /// What was broken.
    pub violation: Violation,
    /// Within how many steps.
    pub steps: u64,
}

/// Looks for `bug` in the worlds of the first `seeds` seeds. A world in which a law is broken
/// without the bug, too, does not count.
#[must_use]
pub fn hunt(bug: Bug, seeds: u64) -> Hunted {
    let mut worlds = 0;
    let all = (1..=seeds).flat_map(|seed| profiles().into_iter().map(move |kind| (seed, kind)));
    let found = all
        .inspect(|_| worlds += 1)
        .find_map(|(seed, profile)| look(bug, seed, profile));
    Hunted { bug, found, worlds }
}

/// The kinds of worlds. What is forgotten at the end of trouble is put right by nothing that comes
/// after it, so there is one with little before that.
fn profiles() -> Vec<Profile> {
    let named = KINDS.into_iter().filter_map(Profile::named);
    let brief = Profile {
        trouble: Duration::from_secs(60),
        ..Profile::hard()
    };
    named.chain([brief]).collect()
}

/// Looks for `bug` in one world.
pub(super) fn look(bug: Bug, seed: u64, profile: Profile) -> Option<Found> {
    let case = Case {
        seed,
        profile,
        bug: Some(bug),
    };
    let report = case.run(false).report;
    let violation = report.violation?;
    let sound = Case {
        bug: None,
        ..case.clone()
    };
    if sound.run(false).report.violation.is_some() {
        return None;
    }
    Some(Found {
        profile: case.profile.name.clone(),
        seed,
        case,
        violation,
        steps: report.steps,
    })
}
