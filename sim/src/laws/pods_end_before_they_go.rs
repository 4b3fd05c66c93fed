//! A pod leaves the API only when nothing of it runs any more, unless it asked for no grace or its
//! node is gone.

use std::collections::BTreeSet;

use gantry_api::Object;
use gantry_store::Key;

use super::{Broken, Seen, Sight, Verdict, objects};
use crate::fact::Fact;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// What runs: pod and container.
    running: BTreeSet<(String, String)>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "pods end before they go"
    }

    fn change(&mut self, change: &Seen, sight: &Sight<'_>) -> Verdict {
        let (Some(old), None) = (&change.old, &change.new) else {
            return Ok(());
        };
        if !change.is_core("pods") || !is_waited_for(old, sight) {
            return Ok(());
        }
        let first = (old.uid().to_owned(), String::new());
        let next = self.running.range(first..).next();
        match next.filter(|(uid, _)| uid == old.uid()) {
            Some((_, container)) => {
                let what = format!("is gone, and its {container} runs");
                Err(Broken::new(&change.key, what).and(old.text(&["spec", "nodeName"])))
            }
            None => Ok(()),
        }
    }

    fn fact(&mut self, fact: &Fact, _sight: &Sight<'_>) -> Verdict {
        if let Fact::Started { pod, container, .. } = fact {
            self.running.insert((pod.uid.clone(), container.clone()));
        }
        if let Fact::Ended { pod, container, .. } = fact {
            self.running.remove(&(pod.uid.clone(), container.clone()));
        }
        Ok(())
    }
}

/// Whether the pod's node is there to end it, and has the time to.
fn is_waited_for(pod: &Object, sight: &Sight<'_>) -> bool {
    let node = Key::new(format!("nodes//{}", pod.text(&["spec", "nodeName"])));
    let grace = objects::number(pod, &["spec", "terminationGracePeriodSeconds"], 30);
    grace > 0 && sight.snapshot.get(&node).is_some()
}
