//! What a decision amounts to: actions, when to look again, and why.

use std::time::Duration;

/// What to do, when to look again, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<A> {
    /// What to do, in order.
    pub actions: Vec<A>,
    /// Look again after this long even if nothing changes.
    pub recheck: Option<Duration>,
    /// Why, for people.
    pub reasons: Vec<Reason>,
}

/// One sentence of explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What it is about, such as `delete pod/web-1`.
    pub about: String,
    /// Why.
    pub because: String,
}

impl<A> Default for Plan<A> {
    fn default() -> Self {
        Self {
            actions: Vec::new(),
            recheck: None,
            reasons: Vec::new(),
        }
    }
}

impl<A> Plan<A> {
    /// Nothing to do.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Adds an action.
    pub fn act(&mut self, action: A) {
        self.actions.push(action);
    }

    /// Adds an explanation.
    pub fn explain(&mut self, about: impl Into<String>, because: impl Into<String>) {
        self.reasons.push(Reason {
            about: about.into(),
            because: because.into(),
        });
    }

    /// Asks to look again after `delay`; the earliest such wish counts.
    pub fn recheck_after(&mut self, delay: Duration) {
        self.recheck = Some(self.recheck.map_or(delay, |known| known.min(delay)));
    }
}
