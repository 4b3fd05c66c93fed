//! One figure with its budget, as a line.

use std::fmt;
use std::time::Duration;

/// What was measured, and what it may be.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    budget: Option<Budget>,
}

#[derive(Clone, Copy, Debug)]
enum Budget {
    Most(f64),
    Least(f64),
}

impl Figure {
    /// A figure that nobody has set a limit for.
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            budget: None,
        }
    }

    /// It may be this much at most.
    pub(crate) fn at_most(mut self, budget: f64) -> Self {
        self.budget = Some(Budget::Most(budget));
        self
    }

    /// It has to be this much at least.
    pub(crate) fn at_least(mut self, budget: f64) -> Self {
        self.budget = Some(Budget::Least(budget));
        self
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            value,
            unit,
            budget,
        } = self;
        write!(f, "{name:<44} {value:>10.2} {unit:<10}")?;
        let verdict = |kept: bool| if kept { "kept" } else { "MISSED" };
        match budget {
            None => Ok(()),
            Some(Budget::Most(most)) => {
                write!(f, " at most  {most:>8.2}  {}", verdict(value <= most))
            }
            Some(Budget::Least(least)) => {
                write!(f, " at least {least:>8.2}  {}", verdict(least <= value))
            }
        }
    }
}

/// The duration below which `percent` of all lie; the list need not be sorted.
pub(crate) fn percentile(mut all: Vec<Duration>, percent: usize) -> Duration {
    all.sort();
    let place = (all.len() * percent).div_ceil(100).saturating_sub(1);
    all.get(place).copied().unwrap_or_default()
}

/// A duration in milliseconds.
pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_the_slowest_are_found() {
        let all: Vec<_> = (1..=5).rev().map(Duration::from_secs).collect();
        assert_eq!(percentile(all.clone(), 50), Duration::from_secs(3));
        assert_eq!(percentile(all, 99), Duration::from_secs(5));
        assert_eq!(percentile(Vec::new(), 50), Duration::ZERO);
    }

    #[test]
    fn a_line_says_whether_the_budget_was_kept() {
        let figure = Figure::new("up", 0.5, "s").at_most(1.0);
        assert!(figure.to_string().ends_with("kept"));
        let figure = Figure::new("creates", 1.0, "/s").at_least(2.0);
        assert!(figure.to_string().ends_with("MISSED"));
    }
}
