//! Whether somebody who keeps failing is asked again. Times are those since some moment, and
//! arguments.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::limits::{FAILING, FAILURES, PAUSE, PAUSE_MAX};

/// Who failed lately.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failing: BTreeMap<String, Failing>,
}

#[derive(Debug)]
struct Failing {
    /// How often in a row.
    failures: u32,
    /// Until when nobody asks.
    until: Duration,
    /// Why, the last time.
    why: String,
}

/// Somebody is not asked for now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not asked, because the last {failures} calls failed; the next try is in {seconds}s; the last \
     failure: {why}"
)]
pub(crate) struct Open {
    pub(crate) failures: u32,
    pub(crate) seconds: u64,
    pub(crate) why: String,
}

/// What a failure led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noted {
    /// Nothing yet.
    Counted,
    /// From now on it is not asked for a while.
    Opened,
}

impl Breaker {
    /// Whether `whom` may be asked now. After a pause one may try; the others wait for its outcome.
    pub(crate) fn admit(&mut self, whom: &str, now: Duration) -> Result<(), Open> {
        let Some(failing) = self.failing.get_mut(whom) else {
            return Ok(());
        };
        if failing.failures < FAILURES {
            return Ok(());
        }
        if failing.until <= now {
            failing.until = now + PAUSE;
            return Ok(());
        }
        Err(Open {
            failures: failing.failures,
            seconds: (failing.until - now).as_secs() + 1,
            why: failing.why.clone(),
        })
    }

    /// Notes that `whom` answered, and tells whether it had been left alone.
    pub(crate) fn succeeded(&mut self, whom: &str) -> bool {
        let before = self.failing.remove(whom);
        before.is_some_and(|failing| FAILURES <= failing.failures)
    }

    /// Notes that `whom` failed.
    pub(crate) fn failed(&mut self, whom: &str, why: &str, now: Duration) -> Noted {
        if self.failing.len() == FAILING && !self.failing.contains_key(whom) {
            return Noted::Counted;
        }
        let failing = self.failing.entry(whom.to_owned()).or_insert(Failing {
            failures: 0,
            until: now,
            why: String::new(),
        });
        failing.failures = failing.failures.saturating_add(1);
        why.clone_into(&mut failing.why);
        let Some(beyond) = failing.failures.checked_sub(FAILURES) else {
            return Noted::Counted;
        };
        failing.until = now + pause(beyond);
        if beyond == 0 {
            Noted::Opened
        } else {
            Noted::Counted
        }
    }
}

fn pause(beyond: u32) -> Duration {
    PAUSE
        .saturating_mul(1_u32.checked_shl(beyond).unwrap_or(u32::MAX))
        .min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOM: &str = "https://hook.example";

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn failing(breaker: &mut Breaker, times: u32) -> Noted {
        let all = (0..times).map(|_| breaker.failed(WHOM, "no", at(0)));
        all.last().expect("it fails at least once")
    }

    #[test]
    fn who_fails_now_and_then_is_asked() {
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            assert_eq!(failing(&mut breaker, FAILURES - 1), Noted::Counted);
            assert_eq!(breaker.admit(WHOM, at(0)), Ok(()));
            assert!(!breaker.succeeded(WHOM));
        }
    }

    #[test]
    fn who_keeps_failing_is_left_alone_for_a_while() {
        let mut breaker = Breaker::default();
        assert_eq!(failing(&mut breaker, FAILURES), Noted::Opened);
        assert_eq!(
            breaker.admit(WHOM, at(1)).unwrap_err().to_string(),
            "not asked, because the last 5 calls failed; the next try is in 5s; the last failure: no"
        );
        assert_eq!(breaker.admit("https://other.example", at(1)), Ok(()));
    }

    #[test]
    fn after_the_pause_one_tries_for_all() {
        let mut breaker = Breaker::default();
        failing(&mut breaker, FAILURES);
        assert_eq!(breaker.admit(WHOM, at(5)), Ok(()));
        assert!(breaker.admit(WHOM, at(5)).is_err());
        assert_eq!(breaker.failed(WHOM, "no", at(5)), Noted::Counted);
        assert!(breaker.admit(WHOM, at(14)).is_err());
        assert_eq!(breaker.admit(WHOM, at(15)), Ok(()));
        assert!(breaker.succeeded(WHOM));
        assert_eq!(breaker.admit(WHOM, at(15)), Ok(()));
    }

    #[test]
    fn pauses_end() {
        assert_eq!(pause(0), PAUSE);
        assert_eq!(pause(1), PAUSE * 2);
        assert_eq!(pause(99), PAUSE_MAX);
    }
}
