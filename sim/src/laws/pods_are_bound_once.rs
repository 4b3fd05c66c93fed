//! A pod is bound to a node at most once in its life, and stays bound to it.

use super::{Broken, Seen, Sight, Verdict};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law;

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "pods are bound once"
    }

    fn change(&mut self, change: &Seen, _sight: &Sight<'_>) -> Verdict {
        let (Some(old), Some(new)) = (&change.old, &change.new) else {
            return Ok(());
        };
        if !change.is_core("pods") || old.uid() != new.uid() {
            return Ok(());
        }
        let node = ["spec", "nodeName"];
        let (was, is) = (old.text(&node), new.text(&node));
        if was.is_empty() || was == is {
            return Ok(());
        }
        Err(Broken::new(
            &change.key,
            format!("was on {was} and is on {is:?}"),
        ))
    }
}
