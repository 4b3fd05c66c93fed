//! Pods are taken from a node by the node controller only when the node is tainted, was just now,
//! or is gone.

use std::collections::BTreeMap;
use std::time::Duration;

use gantry_api::Object;
use gantry_base::Timestamp;
use gantry_base::time::since;
use gantry_registry::request::Verb;
use gantry_store::Key;

use super::{Broken, Seen, Sight, Verdict, objects};
use crate::fact::Fact;

/// Who takes pods from nodes.
const CONTROLLER: &str = ":node-controller";
/// Longer than a view is behind.
const JUST_NOW: Duration = Duration::from_secs(600);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// When a node was tainted last.
    tainted: BTreeMap<String, Timestamp>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "evictions have a reason"
    }

    fn change(&mut self, change: &Seen, sight: &Sight<'_>) -> Verdict {
        let forms = [&change.old, &change.new];
        let mut forms = forms.into_iter().flatten();
        if change.is_core("nodes") && forms.any(|form| is_tainted(form)) {
            self.tainted.insert(change.key.name.clone(), sight.now);
        }
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, sight: &Sight<'_>) -> Verdict {
        let Fact::Asked {
            caller,
            verb: Verb::Delete,
            key,
            ..
        } = fact
        else {
            return Ok(());
        };
        let stored = sight.snapshot.get(&Key::from(key));
        let Some(pod) = stored.filter(|_| caller.ends_with(CONTROLLER)) else {
            return Ok(());
        };
        let pod = objects::decoded(pod);
        let node = pod.text(&["spec", "nodeName"]);
        let tainted = self.tainted.get(node);
        if tainted.is_some_and(|at| since(sight.now, *at) < JUST_NOW) {
            return Ok(());
        }
        let stored = sight.snapshot.get(&Key::new(format!("nodes//{node}")));
        let is_reason = stored.is_none_or(|stored| is_tainted(&objects::decoded(stored)));
        if is_reason {
            return Ok(());
        }
        Err(Broken::new(key, format!("is taken from {node}, which is well")).and(node))
    }
}

fn is_tainted(node: &Object) -> bool {
    let mut taints = objects::list(node, &["spec", "taints"]).iter();
    taints.any(|taint| taint["effect"] == "NoExecute")
}
