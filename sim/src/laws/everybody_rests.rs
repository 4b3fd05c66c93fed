//! In the end nobody is in the middle of anything.

use super::{Broken, Sight, Verdict};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law;

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "everybody rests"
    }

    fn settled(&mut self, sight: &Sight<'_>) -> Verdict {
        match sight.busy.first() {
            Some(who) => Err(Broken::new(who, "is still in the middle of something")),
            None => Ok(()),
        }
    }
}
