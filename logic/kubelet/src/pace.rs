//! How soon something that failed is tried again.
//!
//! A plan names what is missing, so what just failed would be named again at once; this holds it
//! back for a while that grows with each failure in a row.

use std::collections::BTreeMap;
use std::time::Duration;

use gantry_base::Timestamp;
use gantry_base::backoff::Backoff;
use gantry_base::time::after;
use gantry_reconcile::Plan;

use crate::pod::{PodAction, wait_until};

const DELAYS: Backoff = Backoff {
    first: Duration::from_millis(500),
    longest: Duration::from_secs(60),
};

/// What is tried, however often its details change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// Making a sandbox.
    Run,
    /// Stopping or removing it.
    Clear,
    /// Making and starting this container.
    Start(String),
    /// Stopping or removing this container.
    Stop(String),
    /// Telling the API.
    Report,
}

/// The failures in a row of each effort, and when it may be tried again.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    held: BTreeMap<Effort, (u32, Timestamp)>,
}

impl Effort {
    /// What carrying out this action is; nothing for what keeps its own time.
    #[must_use]
    pub fn of(action: &PodAction) -> Option<Self> {
        match action {
            PodAction::RunSandbox => Some(Self::Run),
            PodAction::StopSandbox | PodAction::RemoveSandbox => Some(Self::Clear),
            PodAction::Start { container, .. } => Some(Self::Start(container.clone())),
            PodAction::Stop { container, .. } | PodAction::Forget(container) => {
                Some(Self::Stop(container.name.clone()))
            }
            PodAction::Report(_) | PodAction::Delete => Some(Self::Report),
            PodAction::Pull { .. } | PodAction::Mount | PodAction::Note(_) => None,
        }
    }
}

impl Pace {
    /// Notes how an effort ended.
    pub fn ended(&mut self, effort: Effort, well: bool, now: Timestamp) {
        if well {
            self.held.remove(&effort);
            return;
        }
        let (failures, until) = self.held.entry(effort).or_insert((0, now));
        *until = after(now, DELAYS.delay(*failures));
        *failures = failures.saturating_add(1);
    }

    /// Whether an effort may not be made yet.
    #[must_use]
    pub fn holds(&self, effort: &Effort, now: Timestamp) -> bool {
        self.held.get(effort).is_some_and(|(_, until)| *until > now)
    }

    /// Takes out of a plan what may not be tried yet, and asks to look again when it may. Whoever
    /// planned may have left out by themselves what is held: that is waited for, too.
    pub fn hold(&self, plan: &mut Plan<PodAction>, now: Timestamp) {
        plan.actions
            .retain(|action| Effort::of(action).is_none_or(|effort| !self.holds(&effort, now)));
        let waits = self.held.values().map(|(_, until)| *until);
        for until in waits.filter(|until| *until > now) {
            wait_until(until, now, plan);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn held(pace: &Pace, now: Timestamp) -> (usize, Option<Duration>) {
        let mut plan = Plan::default();
        plan.act(PodAction::RunSandbox);
        plan.act(PodAction::Mount);
        pace.hold(&mut plan, now);
        (plan.actions.len(), plan.recheck)
    }

    #[test]
    fn what_failed_waits_and_the_rest_goes_on() {
        let mut pace = Pace::default();
        assert_eq!(held(&pace, at(0)), (2, None));
        pace.ended(Effort::Run, false, at(0));
        pace.ended(Effort::Run, false, at(0));
        assert_eq!(held(&pace, at(0)), (1, Some(Duration::from_secs(1))));
        assert_eq!(held(&pace, at(1)), (2, None));
        pace.ended(Effort::Run, true, at(1));
        pace.ended(Effort::Run, false, at(1));
        assert_eq!(held(&pace, at(1)), (1, Some(Duration::from_millis(500))));
    }

    #[test]
    fn what_was_left_out_of_the_plan_is_waited_for_too() {
        let mut pace = Pace::default();
        pace.ended(Effort::Start("main".to_owned()), false, at(0));
        let mut plan = Plan::default();
        pace.hold(&mut plan, at(0));
        assert_eq!(plan.recheck, Some(Duration::from_millis(500)));
    }
}
