//! A watch tells of each change once.

use super::{Broken, Sight, Verdict};
use crate::fact::Fact;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law;

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "watches tell once"
    }

    fn fact(&mut self, fact: &Fact, _sight: &Sight<'_>) -> Verdict {
        let Fact::ToldAgain { who, about } = fact else {
            return Ok(());
        };
        let what = format!("{who} was told again of the form that it knew");
        Err(Broken::new(about, what).and(who))
    }
}
