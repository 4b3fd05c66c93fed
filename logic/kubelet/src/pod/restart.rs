//! When a container that ended runs again.
//!
//! The first restart comes at once, the second after ten seconds, and so on, doubling up to five
//! minutes. A run of ten minutes wipes the slate clean. The count is kept with each container, so a
//! restarted agent goes on where it was.

use std::time::Duration;

use gantry_base::Timestamp;
use gantry_base::backoff::Backoff;
use gantry_base::time::{after, since};

use crate::sandbox::{Container, ContainerState, Exit};

/// The key under which a container keeps how many short runs came before it.
pub const STEP: &str = "gantry.io/restart-step";

const DELAYS: Backoff = Backoff {
    first: Duration::from_secs(10),
    longest: Duration::from_secs(300),
};
const LONG_RUN: Duration = Duration::from_secs(600);

/// Whether containers that end are started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Whenever they end.
    Always,
    /// When they fail.
    OnFailure,
    /// Not at all.
    Never,
}

impl Policy {
    /// The policy that a pod names; absence was defaulted on the way in.
    #[must_use]
    pub fn named(name: Option<&str>) -> Self {
        match name {
            Some("Never") => Self::Never,
            Some("OnFailure") => Self::OnFailure,
            Some(_) | None => Self::Always,
        }
    }

    /// Whether a container that ended with `code` runs again.
    #[must_use]
    pub const fn restarts(self, code: i32) -> bool {
        match self {
            Self::Always => true,
            Self::OnFailure => code != 0,
            Self::Never => false,
        }
    }
}

/// The next run of a container: its number in the row of short runs, and when it may begin.
#[must_use]
pub fn next_run(last: &Container) -> (u32, Timestamp) {
    let ContainerState::Exited(exit) = &last.state else {
        return (0, last.created_at);
    };
    if ran_for(exit) >= LONG_RUN {
        return (1, exit.finished_at);
    }
    let step = step_of(last).saturating_add(1);
    let delay = step
        .checked_sub(2)
        .map_or(Duration::ZERO, |attempt| DELAYS.delay(attempt));
    (step, after(exit.finished_at, delay))
}

fn ran_for(exit: &Exit) -> Duration {
    exit.started_at
        .map_or(Duration::ZERO, |started| since(exit.finished_at, started))
}

fn step_of(container: &Container) -> u32 {
    container
        .config
        .annotations
        .get(STEP)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

/// The delay that precedes a run of this step, as messages tell it.
#[must_use]
pub fn told_delay(step: u32) -> Duration {
    step.checked_sub(2)
        .map_or(Duration::ZERO, |attempt| DELAYS.delay(attempt))
}
