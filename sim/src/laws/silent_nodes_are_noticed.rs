//! A node of which nothing was heard for some minutes is not said to be ready.

use std::collections::BTreeMap;
use std::time::Duration;

use gantry_base::Timestamp;
use gantry_base::time::since;

use super::{Broken, Seen, Sight, Verdict, objects};

/// Longer than the grace of a node, counted anew by those who began anew themselves.
const LONG: Duration = Duration::from_secs(240);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// When each node was heard of last.
    heard: BTreeMap<String, Timestamp>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "silent nodes are noticed"
    }

    fn change(&mut self, change: &Seen, sight: &Sight<'_>) -> Verdict {
        let resource = change.key.resource.resource.as_str();
        if !matches!(resource, "leases" | "nodes") {
            return Ok(());
        }
        if change.new.is_some() {
            self.heard.insert(change.key.name.clone(), sight.now);
        } else {
            self.heard.remove(&change.key.name);
        }
        Ok(())
    }

    fn audit(&mut self, sight: &Sight<'_>) -> Verdict {
        for (key, node) in objects::known(sight.snapshot, ("", "nodes")) {
            let heard = self.heard.get(&key.name);
            let silent = heard.map(|heard| since(sight.now, *heard));
            if objects::condition(&node, "Ready") != Some("True") {
                continue;
            }
            if let Some(silent) = silent.filter(|silent| *silent > LONG) {
                let what = format!("is said to be ready, and was silent for {silent:?}");
                return Err(Broken::new(&key, what));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gantry_base::time::after;
    use gantry_store::{HistoryLimits, Index, Txn};
    use serde_json::json;

    use super::super::Law as _;
    use super::super::testing::{made, nothing, sight};
    use super::*;

    #[test]
    fn a_node_is_given_its_time() {
        let node = json!({
            "metadata": {"name": "n", "uid": "1"},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        });
        let object = gantry_api::Object::from_value(node.clone()).unwrap();
        let value = std::sync::Arc::new(gantry_api::Encoded::new(&object, BTreeMap::new()));
        let mut index = Index::new(HistoryLimits::default());
        let empty = nothing();
        let now = sight(&empty).now;
        index
            .apply(&Txn::create("nodes//n".into(), value), now)
            .unwrap();
        let snapshot = index.snapshot();
        let mut law = Law::default();
        assert!(law.change(&made("nodes", &node), &sight(&snapshot)).is_ok());
        let mut look = |later| law.audit(&Sight::of(after(now, later), &snapshot));
        assert!(look(Duration::from_secs(200)).is_ok());
        assert!(look(Duration::from_secs(300)).is_err());
    }
}
