//! Nothing grows beyond its limit.

use super::{Broken, Sight, Verdict};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law;

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "sizes are bounded"
    }

    fn audit(&mut self, sight: &Sight<'_>) -> Verdict {
        judge("the cluster", sight.sizes)?;
        let mut parts = sight.parts.iter();
        parts.try_for_each(|(who, inside)| judge(who, &inside.sizes))
    }
}

fn judge(who: &str, sizes: &[(&str, usize, usize)]) -> Verdict {
    match sizes.iter().find(|(_, size, limit)| size > limit) {
        Some((what, size, limit)) => {
            let what = format!("{what}: {size}, and the limit is {limit}");
            Err(Broken::new(who, what))
        }
        None => Ok(()),
    }
}
