//! Nobody decides about the same thing again and again, and once it has settled an idle cluster
//! decides nothing that has to be carried out.

use std::collections::BTreeMap;
use std::time::Duration;

use gantry_base::Timestamp;
use gantry_base::time::{after, since};

use super::{Broken, Sight, Verdict};
use crate::fact::Fact;

/// The span in which decisions are counted.
const SPAN: Duration = Duration::from_secs(60);
/// How often one thing may be decided about in a span.
const MOST: u32 = 300;
/// How often in the quiet.
const MOST_IN_QUIET: u32 = 60;
/// How long it may take until an untroubled cluster has nothing left to do.
const CALMING: Duration = Duration::from_secs(12 * 60);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// Decisions in the present span, by who and about what.
    counts: BTreeMap<(String, String), u32>,
    span: Option<Timestamp>,
    quiet_since: Option<Timestamp>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "nobody is busy in vain"
    }

    fn fact(&mut self, fact: &Fact, sight: &Sight<'_>) -> Verdict {
        let Fact::Decided {
            who,
            about,
            actions,
        } = fact
        else {
            return Ok(());
        };
        // Two leaders whose views differ undo each other's work for as long as they overlap.
        if sight.has_rivals {
            self.counts.clear();
            return Ok(());
        }
        let is_quiet = self.is_quiet(sight);
        if is_quiet && *actions > 0 {
            let what = format!("{who} decided {actions} actions though nothing happens");
            return Err(Broken::new(about, what).and(who));
        }
        let count = self.count(who, about, sight.now);
        if count > if is_quiet { MOST_IN_QUIET } else { MOST } {
            let what = format!("{who} decided about it {count} times in a minute");
            return Err(Broken::new(about, what).and(who));
        }
        Ok(())
    }
}

impl Law {
    fn is_quiet(&mut self, sight: &Sight<'_>) -> bool {
        if sight.is_troubled {
            self.quiet_since = None;
            return false;
        }
        let began = *self.quiet_since.get_or_insert(sight.now);
        since(sight.now, began) > CALMING
    }

    fn count(&mut self, who: &str, about: &str, now: Timestamp) -> u32 {
        if self.span.is_none_or(|end| now >= end) {
            self.span = Some(after(now, SPAN));
            self.counts.clear();
        }
        let count = self.counts.entry((who.to_owned(), about.to_owned()));
        let count = count.or_default();
        *count += 1;
        *count
    }
}
