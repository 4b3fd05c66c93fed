//! One world to run, and the line that runs it again.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::options::ALL;
use super::panics;
use crate::laws::{Broken, Violation};
use crate::plant::{Bug, Plant};
use crate::profile::Profile;
use crate::simulation::{Report, Simulation};
use crate::trace::Trace;

/// The law that deciding code does not panic.
pub const PANICS: &str = "nothing panics";
/// The law that a seed is one world.
pub const SAME: &str = "the same seed is the same run";

/// A world, and what is planted in it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its seed.
    pub seed: u64,
    /// Its kind, with whatever is not as the name of the profile says.
    pub profile: Profile,
    /// The bug that is planted in it.
    pub bug: Option<Bug>,
}

/// What came of a world.
#[derive(Debug)]
pub struct Outcome {
    /// What the run was like.
    pub report: Report,
    /// What happened, when it was to be kept.
    pub trace: Trace,
}

impl Case {
    /// Runs the world. A panic in it is a broken law.
    #[must_use]
    pub fn run(&self, keeps_lines: bool) -> Outcome {
        let plant = Plant::of(self.bug);
        let mut simulation = Simulation::new(self.seed, self.profile.clone(), &plant, keeps_lines);
        let run = catch_unwind(AssertUnwindSafe(|| simulation.run()));
        let report = run.unwrap_or_else(|_| {
            let broken = Broken {
                about: Vec::new(),
                what: panics::last(),
            };
            simulation.report(Some(Violation {
                law: PANICS,
                step: simulation.steps(),
                broken,
            }))
        });
        Outcome {
            report,
            trace: simulation.into_trace(),
        }
    }

    /// Runs the world twice; two ends that differ are a broken law.
    #[must_use]
    pub fn run_twice(&self) -> Report {
        let first = self.run(false).report;
        let mut second = self.run(false).report;
        if second.violation.is_none() && first.fingerprint != second.fingerprint {
            second.violation = Some(Violation {
                law: SAME,
                step: second.steps,
                broken: Broken {
                    about: Vec::new(),
                    what: format!(
                        "it ended once with {:016x} and once with {:016x}",
                        first.fingerprint, second.fingerprint
                    ),
                },
            });
        }
        second
    }

    /// What is not as the name of the profile says, as pairs of option and value.
    pub(crate) fn changes(&self) -> Vec<(&'static str, String)> {
        let (is, was) = (&self.profile, Profile::named(&self.profile.name));
        let was = was.unwrap_or_else(Profile::mild);
        let mut changes = Vec::new();
        let mut note = |name, differs: bool, value: String| {
            if differs {
                changes.push((name, value));
            }
        };
        note("nodes", is.nodes != was.nodes, is.nodes.to_string());
        note("members", is.members != was.members, is.members.to_string());
        note("humans", is.humans != was.humans, is.humans.to_string());
        note(
            "applications",
            is.applications != was.applications,
            is.applications.to_string(),
        );
        note(
            "replicas",
            is.replicas != was.replicas,
            is.replicas.to_string(),
        );
        note("trouble", is.trouble != was.trouble, words(is.trouble));
        note("quiet", is.quiet != was.quiet, words(is.quiet));
        if is.rates.is_empty() && !was.rates.is_empty() {
            note("without", true, ALL.to_owned());
            return changes;
        }
        let missing = was.rates.keys();
        for fault in missing.filter(|fault| !is.rates.contains_key(fault)) {
            note("without", true, fault.name().to_owned());
        }
        changes
    }

    /// The world as a story that holds once the law does.
    #[must_use]
    pub fn story(&self, violation: &Violation) -> String {
        let mut cluster = format!("cluster profile={} seed={}", self.profile.name, self.seed);
        let (mut without, mut rest) = (Vec::new(), String::new());
        for (name, value) in self.changes() {
            match name {
                "without" => without.push(value),
                "trouble" | "quiet" => {}
                _ => rest += &format!(" {name}={value}"),
            }
        }
        cluster += &rest;
        if !without.is_empty() {
            cluster += &format!(" without={}", without.join(","));
        }
        let mut story = format!(
            "# The law {:?} held not: {}\n\n{cluster}\nrun {}\n",
            violation.law,
            violation.broken.what,
            words(self.profile.trouble)
        );
        if !self.profile.quiet.is_zero() {
            story += &format!("calm\nrun {}\n", words(self.profile.quiet));
        }
        story
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seed, profile) = (self.seed, &self.profile.name);
        write!(f, "cargo xtask sim --seed {seed} --profile {profile}")?;
        if let Some(bug) = self.bug {
            write!(f, " --plant {}", bug.name())?;
        }
        for (name, value) in self.changes() {
            write!(f, " --{name} {value}")?;
        }
        Ok(())
    }
}

/// A duration as the command line and stories write it.
pub(crate) fn words(length: Duration) -> String {
    let (minutes, seconds) = (length.as_secs() / 60, length.as_secs() % 60);
    let mut words = String::new();
    for (count, unit) in [(minutes, "m"), (seconds, "s")] {
        if count > 0 {
            words += &format!("{count}{unit}");
        }
    }
    let millis = length.subsec_millis();
    if millis > 0 {
        words += &format!("{millis}ms");
    }
    if words.is_empty() {
        words.push('0');
    }
    words
}
