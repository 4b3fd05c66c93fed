//! Retry delays as a pure function of the attempt number.
//!
//! Nothing here waits; the caller decides what to do with a delay.

use std::time::Duration;

/// A delay that doubles with each attempt, up to a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The delay before the first retry.
    pub first: Duration,
    /// No delay is longer than this.
    pub longest: Duration,
}

impl Backoff {
    /// How long to wait after failure number `attempt`, which counts from zero.
    #[must_use]
    pub fn delay(self, attempt: u32) -> Duration {
        let factor = 1_u32
            .checked_shl(attempt)
            .filter(|_| attempt < 31)
            .unwrap_or(u32::MAX);
        self.first
            .checked_mul(factor)
            .map_or(self.longest, |delay| delay.min(self.longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_and_then_stays() {
        let backoff = Backoff {
            first: Duration::from_secs(10),
            longest: Duration::from_secs(300),
        };
        let seconds: Vec<u64> = (0..7)
            .map(|attempt| backoff.delay(attempt).as_secs())
            .collect();
        assert_eq!(seconds, [10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(backoff.delay(u32::MAX).as_secs(), 300);
    }
}
