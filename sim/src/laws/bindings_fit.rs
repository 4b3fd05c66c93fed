//! A pod is bound only to a node that there is, and not to one that whoever binds has seen to be
//! cordoned for a while.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gantry_base::Timestamp;
use gantry_base::time::since;
use gantry_store::{Key, Revision};

use super::{Broken, Seen, Sight, Verdict};
use crate::fact::Fact;

/// Longer than a binding takes from the view that it was decided on to the store.
const UNDER_WAY: Duration = Duration::from_secs(8);
/// Longer than anybody may be behind who still binds.
const FORGOTTEN: Duration = Duration::from_secs(600);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// Since when nodes are cordoned.
    cordoned: BTreeMap<String, Revision>,
    /// Nodes that are gone.
    gone: BTreeMap<String, Timestamp>,
    /// Who has seen which cordon, and when: by who, cordon.
    seen: BTreeMap<String, BTreeMap<Revision, Timestamp>>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "bindings fit"
    }

    fn change(&mut self, change: &Seen, sight: &Sight<'_>) -> Verdict {
        if change.is_core("nodes") {
            self.node(change, sight.now);
        }
        let Some(pod) = change.new.as_deref().filter(|_| change.is_core("pods")) else {
            return Ok(());
        };
        let node = ["spec", "nodeName"];
        let was_bound = change
            .old
            .as_ref()
            .is_some_and(|old| !old.text(&node).is_empty());
        match pod.text(&node) {
            _ if was_bound => Ok(()),
            "" => Ok(()),
            name => self.binding(change, name, sight),
        }
    }

    fn fact(&mut self, fact: &Fact, sight: &Sight<'_>) -> Verdict {
        if let Fact::Seen {
            who,
            resource,
            revision,
        } = fact
            && resource == "nodes"
            && !who.starts_with("node-")
        {
            let cordons: BTreeSet<Revision> = self.cordoned.values().copied().collect();
            let seen = self.seen.entry(who.clone()).or_default();
            seen.retain(|cordon, _| cordons.contains(cordon));
            for cordon in cordons.into_iter().filter(|cordon| cordon <= revision) {
                seen.entry(cordon).or_insert(sight.now);
            }
        }
        Ok(())
    }
}

impl Law {
    fn node(&mut self, change: &Seen, now: Timestamp) {
        let name = change.key.name.clone();
        let Some(node) = &change.new else {
            self.cordoned.remove(&name);
            self.gone.insert(name, now);
            return;
        };
        let is_cordoned = node.at(&["spec", "unschedulable"]) == Some(&true.into());
        if is_cordoned {
            self.cordoned.entry(name).or_insert(change.revision);
        } else {
            self.cordoned.remove(&name);
        }
    }

    fn binding(&self, change: &Seen, name: &str, sight: &Sight<'_>) -> Verdict {
        let key = Key::new(format!("nodes//{name}"));
        let is_there = sight.snapshot.get(&key).is_some();
        let went = self.gone.get(name);
        if !is_there && went.is_none_or(|went| since(sight.now, *went) > FORGOTTEN) {
            let what = format!("was bound to {name}, which does not exist");
            return Err(Broken::new(&change.key, what));
        }
        let Some(cordon) = self.cordoned.get(name) else {
            return Ok(());
        };
        let knows = |seen: &BTreeMap<Revision, Timestamp>| {
            let at = seen.get(cordon);
            at.is_some_and(|at| since(sight.now, *at) > UNDER_WAY)
        };
        if self.seen.is_empty() || !self.seen.values().all(knows) {
            return Ok(());
        }
        let what = format!("was bound to {name}, which all have seen to be cordoned");
        Err(Broken::new(&change.key, what).and(name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Law as _;
    use super::super::testing::{made, nothing, pod, sight};
    use super::*;

    #[test]
    fn nobody_is_bound_to_what_never_was() {
        let (mut law, snapshot) = (Law::default(), nothing());
        let bound = made("pods", &pod("a", "1", "node-9"));
        assert!(law.change(&bound, &sight(&snapshot)).is_err());
        let waiting = made("pods", &pod("a", "1", ""));
        assert!(law.change(&waiting, &sight(&snapshot)).is_ok());
    }

    #[test]
    fn a_cordon_counts_from_the_moment_it_was_seen() {
        let (mut law, snapshot) = (Law::default(), nothing());
        let node = |spec: Value| made("nodes", &json!({"metadata": {"name": "n"}, "spec": spec}));
        let now = sight(&snapshot).now;
        law.node(&node(json!({"unschedulable": true})), now);
        assert_eq!(law.cordoned.len(), 1);
        law.node(&node(json!({})), now);
        assert!(law.cordoned.is_empty());
    }
}
