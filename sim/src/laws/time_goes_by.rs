//! Time goes by: whatever is done, it is not done so often that a minute never ends.

use std::collections::VecDeque;
use std::time::Duration;

use gantry_base::Timestamp;
use gantry_base::time::since;

use super::{Broken, Sight, Verdict};

/// How many looks at everything are counted; there is one in a thousand steps.
const LOOKS: usize = 30;
/// How long so many have to take in a cluster of few nodes.
const LEAST: Duration = Duration::from_secs(60);
/// How many nodes are few.
const FEW: usize = 5;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    looks: VecDeque<Timestamp>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "time goes by"
    }

    fn audit(&mut self, sight: &Sight<'_>) -> Verdict {
        self.looks.push_back(sight.now);
        if self.looks.len() <= LOOKS {
            return Ok(());
        }
        let took = self.looks.pop_front().map(|first| since(sight.now, first));
        let nodes = sight.snapshot.count("nodes/").max(FEW);
        let many = u32::try_from(nodes.div_ceil(FEW)).unwrap_or(u32::MAX);
        if took.is_none_or(|took| took * many >= LEAST) {
            return Ok(());
        }
        let what = format!("{LOOKS} thousand steps took only {took:?}");
        Err(Broken::new("everybody", what))
    }
}

#[cfg(test)]
mod tests {
    use gantry_base::time::after;

    use super::super::Law as _;
    use super::super::testing::{nothing, sight};
    use super::*;

    #[test]
    fn a_busy_minute_never_ends() {
        let snapshot = nothing();
        let audit = |pause: Duration| {
            let (mut law, mut now) = (Law::default(), sight(&snapshot).now);
            (0..100).try_for_each(|_| {
                now = after(now, pause);
                law.audit(&Sight::of(now, &snapshot))
            })
        };
        assert!(audit(Duration::from_secs(3)).is_ok());
        assert!(audit(Duration::from_secs(1)).is_err());
    }
}
