//! What came of many worlds.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::case::Case;
use crate::simulation::Report;

/// The sums, and who broke which law.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    seeds: u64,
    steps: u64,
    simulated: Duration,
    busy: Duration,
    struck: BTreeMap<&'static str, u64>,
    broken: BTreeMap<&'static str, Vec<Case>>,
}

impl Tally {
    /// Adds a world that took so much of a core's time.
    pub fn add(&mut self, case: &Case, report: &Report, busy: Duration) {
        self.seeds += 1;
        self.steps += report.steps;
        self.simulated += report.simulated;
        self.busy += busy;
        for (fault, count) in &report.struck {
            *self.struck.entry(fault).or_default() += count;
        }
        if let Some(violation) = &report.violation {
            self.broken
                .entry(violation.law)
                .or_default()
                .push(case.clone());
        }
    }

    /// The worlds that broke a law, by law.
    #[must_use]
    pub const fn broken(&self) -> &BTreeMap<&'static str, Vec<Case>> {
        &self.broken
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = self.simulated.as_secs() / 3600;
        let minutes = self.simulated.as_secs() / 60 % 60;
        writeln!(
            f,
            "{} worlds: {hours} h {minutes} min simulated, {} steps",
            self.seeds, self.steps
        )?;
        let busy = self.busy.as_millis().max(1);
        writeln!(
            f,
            "speed: {} x real time and {} steps/s per core",
            self.simulated.as_millis() / busy,
            u128::from(self.steps) * 1000 / busy
        )?;
        let faults: Vec<String> = self
            .struck
            .iter()
            .map(|(fault, count)| format!("{fault} {count}"))
            .collect();
        writeln!(f, "faults: {}", listed(&faults))?;
        let laws: Vec<String> = self
            .broken
            .iter()
            .map(|(law, cases)| format!("{law:?} {}", cases.len()))
            .collect();
        write!(f, "violations: {}", listed(&laws))
    }
}

fn listed(words: &[String]) -> String {
    if words.is_empty() {
        return "none".to_owned();
    }
    words.join(", ")
}
