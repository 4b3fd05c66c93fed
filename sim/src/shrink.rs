//! A smaller world that breaks the same law: fewer of everything, less trouble, less time.
//!
//! Greedy: whatever can be left out is left out, then the rest is tried again, until nothing more
//! can go or the runs are used up.

use std::time::Duration;

use crate::command::Case;
use crate::simulation::Report;

/// A world, how it went, and how many runs it took to find it.
#[derive(Debug)]
pub struct Shrunk {
    /// The smallest world that was found.
    pub case: Case,
    /// How its run went.
    pub report: Report,
    /// How many worlds were tried.
    pub tried: usize,
}

/// Makes a failing world smaller for as long as `go_on` says.
pub fn shrink(case: Case, report: Report, mut go_on: impl FnMut(usize) -> bool) -> Shrunk {
    let mut best = Shrunk {
        case,
        report,
        tried: 0,
    };
    let Some(law) = best.report.violation.as_ref().map(|broken| broken.law) else {
        return best;
    };
    loop {
        let mut is_smaller = false;
        for simpler in simpler(&best.case, &best.report) {
            if !go_on(best.tried) {
                return best;
            }
            best.tried += 1;
            let report = simpler.run(false).report;
            if report.violation.as_ref().map(|broken| broken.law) == Some(law) {
                best = Shrunk {
                    case: simpler,
                    report,
                    tried: best.tried,
                };
                is_smaller = true;
                break;
            }
        }
        if !is_smaller {
            return best;
        }
    }
}

/// Worlds that are simpler by one thing, those that save most first.
fn simpler(case: &Case, report: &Report) -> Vec<Case> {
    let mut found = Vec::new();
    let mut offer = |change: &dyn Fn(&mut Case)| {
        let mut simpler = case.clone();
        change(&mut simpler);
        found.push(simpler);
    };
    for (trouble, quiet) in shorter(case, report) {
        offer(&|case| {
            case.profile.trouble = trouble;
            case.profile.quiet = quiet;
        });
    }
    let faults: Vec<_> = case.profile.rates.keys().copied().collect();
    if faults.len() > 1 {
        offer(&|case| case.profile.rates.clear());
        let (one, other) = faults.split_at(faults.len() / 2);
        for half in [one, other] {
            offer(&|case| case.profile.rates.retain(|fault, _| !half.contains(fault)));
        }
    }
    let counts: [fn(&mut Case) -> &mut usize; 4] = [
        |case| &mut case.profile.humans,
        |case| &mut case.profile.nodes,
        |case| &mut case.profile.applications,
        |case| &mut case.profile.members,
    ];
    for count in counts {
        let mut simpler = case.clone();
        let now = *count(&mut simpler);
        for fewer in smaller(now) {
            offer(&|case| *count(case) = fewer);
        }
    }
    let replicas = usize::try_from(case.profile.replicas).unwrap_or(usize::MAX);
    for fewer in smaller(replicas) {
        offer(&|case| case.profile.replicas = u64::try_from(fewer).unwrap_or(1));
    }
    for fault in faults {
        offer(&|case| {
            case.profile.rates.remove(&fault);
        });
    }
    found
}

/// Half as many, then one less; never none.
fn smaller(count: usize) -> Vec<usize> {
    match count {
        0 | 1 => Vec::new(),
        2 => vec![1],
        _ => vec![count / 2, count - 1],
    }
}

/// Shorter times: none after the law was broken, and the trouble half as long.
fn shorter(case: &Case, report: &Report) -> Vec<(Duration, Duration)> {
    let (trouble, quiet) = (case.profile.trouble, case.profile.quiet);
    let second = Duration::from_secs(1);
    // What lies after the moment has no part in it; the second is for the fraction.
    let needed = Duration::from_secs(report.simulated.as_secs()) + second;
    let mut times = Vec::new();
    if needed < trouble {
        times.push((needed, Duration::ZERO));
    } else if quiet > Duration::ZERO && report.simulated < trouble {
        times.push((trouble, Duration::ZERO));
    } else if needed < trouble + quiet {
        times.push((trouble, needed.saturating_sub(trouble)));
    }
    let half = Duration::from_secs(trouble.as_secs() / 2);
    if half > second {
        times.push((half, quiet));
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws::{Broken, Violation};
    use crate::profile::Profile;

    fn report(simulated: u64) -> Report {
        Report {
            violation: Some(Violation {
                law: "any",
                step: 1,
                broken: Broken::new("x", "y"),
            }),
            simulated: Duration::from_secs(simulated),
            ..Report::default()
        }
    }

    #[test]
    fn time_after_the_end_goes_first_and_nothing_goes_twice() {
        let mut case = Case {
            seed: 1,
            profile: Profile::calm(),
            bug: None,
        };
        let first = &simpler(&case, &report(61))[0];
        assert_eq!(first.profile.trouble, Duration::from_secs(62));
        assert_eq!(first.profile.quiet, Duration::ZERO);
        case.profile = Profile {
            nodes: 1,
            humans: 1,
            applications: 1,
            members: 1,
            replicas: 1,
            trouble: Duration::from_secs(1),
            quiet: Duration::ZERO,
            ..Profile::calm()
        };
        assert!(simpler(&case, &report(2)).is_empty());
    }

    #[test]
    fn what_breaks_no_law_stays_as_it_is() {
        let case = Case {
            seed: 1,
            profile: Profile::calm(),
            bug: None,
        };
        let shrunk = shrink(case, Report::default(), |_| true);
        assert_eq!(shrunk.tried, 0);
    }
}
