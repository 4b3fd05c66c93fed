use std::collections::BTreeSet;
use std::time::Duration;

use super::hunt::look;
use super::*;
use crate::command::Case;
use crate::profile::Profile;

/// A small and short world.
fn small() -> Profile {
    Profile {
        nodes: 2,
        applications: 1,
        replicas: 3,
        pause: Duration::from_secs(5),
        trouble: Duration::from_secs(60),
        quiet: Duration::from_secs(60),
        ..Profile::calm()
    }
}

#[test]
fn names_and_sentences_are_there_once() {
    let names: BTreeSet<_> = Bug::ALL.map(Bug::name).into_iter().collect();
    assert_eq!(names.len(), Bug::ALL.len());
    let sentences: BTreeSet<_> = Bug::ALL.map(Bug::about).into_iter().collect();
    assert_eq!(sentences.len(), Bug::ALL.len());
    for bug in Bug::ALL {
        assert_eq!(Bug::named(bug.name()), Some(bug));
        assert!(bug.about().ends_with('.'), "{bug:?}");
    }
}

#[test]
fn bugs_that_act_at_once_are_found_at_once() {
    for bug in [Bug::StaleRead, Bug::ReadyUnasked, Bug::RepeatsEvent] {
        let found = look(bug, 1, small());
        assert!(found.is_some(), "{bug:?} was not found");
    }
}

#[test]
fn a_planted_world_is_the_same_each_time() {
    let case = Case {
        seed: 3,
        profile: small(),
        bug: Some(Bug::SkipsEvent),
    };
    let fingerprint = || case.run(false).report.fingerprint;
    assert_eq!(fingerprint(), fingerprint());
}
