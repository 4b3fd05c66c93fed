//! In the end every node is ready, takes pods again, and renews its lease.

use std::collections::BTreeMap;
use std::time::Duration;

use gantry_base::Timestamp;
use gantry_base::time::since;

use super::{Broken, Seen, Sight, Verdict, objects};

/// How old the last renewal of a lease may be.
const FRESH: Duration = Duration::from_secs(40);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// When leases were renewed, by the time of nobody's clock.
    renewed: BTreeMap<String, Timestamp>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "nodes settle"
    }

    fn change(&mut self, change: &Seen, sight: &Sight<'_>) -> Verdict {
        if change.key.resource.resource == "leases" {
            self.renewed.insert(change.key.name.clone(), sight.now);
        }
        Ok(())
    }

    fn settled(&mut self, sight: &Sight<'_>) -> Verdict {
        for (key, node) in objects::all(sight.snapshot, "", "nodes") {
            let ready = objects::condition(&node, "Ready");
            if ready != Some("True") {
                let what = format!("its condition Ready is {ready:?}");
                return Err(Broken::new(key, what));
            }
            let taints = objects::list(&node, &["spec", "taints"]);
            if !taints.is_empty() {
                let what = format!("still has taints: {taints:?}");
                return Err(Broken::new(key, what));
            }
            let renewed = self.renewed.get(&key.name);
            if renewed.is_none_or(|at| since(sight.now, *at) > FRESH) {
                let what = format!("its lease was renewed last at {renewed:?}");
                return Err(Broken::new(key, what));
            }
        }
        let nodes = sight
            .parts
            .iter()
            .filter(|(_, part)| part.machine.is_some());
        let mut missing = nodes.filter(|(name, _)| !self.renewed.contains_key(*name));
        match missing.next() {
            Some((name, _)) => Err(Broken::new(name, "it never had a lease")),
            None => Ok(()),
        }
    }
}
