//! A node whose lease was seen to be renewed within the last half minute is not given up.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use gantry_base::Timestamp;
use gantry_base::time::since;
use gantry_store::Revision;

use super::{Broken, Seen, Sight, Verdict};
use crate::fact::Fact;

/// What counts as just now: longer ago than a plan takes from its view to its writes.
const FRESH: std::ops::Range<Duration> = Duration::from_secs(2)..Duration::from_secs(30);
/// Who has shown nothing for so long is dead, and gives nobody up.
const DEAD: Duration = Duration::from_secs(90);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// Renewals that were committed and that not everybody has seen, by node.
    renewals: BTreeMap<String, Vec<Revision>>,
    /// When a renewal of a node was last seen, by who sees leases.
    seen: BTreeMap<String, BTreeMap<String, Timestamp>>,
    /// How far everybody has seen, and when they last saw anything.
    progress: BTreeMap<String, (Revision, Timestamp)>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "living nodes are kept"
    }

    fn change(&mut self, change: &Seen, sight: &Sight<'_>) -> Verdict {
        if change.key.resource.resource == "leases" && is_renewed(change) {
            let renewals = self.renewals.entry(change.key.name.clone()).or_default();
            renewals.push(change.revision);
        }
        // Which of two leaders gives a node up cannot be told, nor what that one has seen.
        if sight.has_rivals || !change.is_core("nodes") || !is_given_up(change) {
            return Ok(());
        }
        self.progress.remove("rival");
        let alive = self
            .progress
            .iter()
            .filter(|(_, (_, at))| since(sight.now, *at) < DEAD);
        let is_fresh = |who: &String| {
            let seen = self
                .seen
                .get(who)
                .and_then(|seen| seen.get(&change.key.name));
            seen.is_some_and(|at| FRESH.contains(&since(sight.now, *at)))
        };
        let watchers: Vec<&String> = alive.map(|(who, _)| who).collect();
        if watchers.is_empty() || !watchers.into_iter().all(is_fresh) {
            return Ok(());
        }
        Err(Broken::new(
            &change.key,
            "it was given up although its lease was seen to be renewed just now",
        ))
    }

    fn fact(&mut self, fact: &Fact, sight: &Sight<'_>) -> Verdict {
        let Fact::Seen {
            who,
            resource,
            revision,
        } = fact
        else {
            return Ok(());
        };
        if !resource.starts_with("leases") {
            return Ok(());
        }
        let known = self.progress.entry(who.clone());
        let (before, at) = known.or_insert((Revision(0), sight.now));
        let from = std::mem::replace(before, *revision);
        *at = sight.now;
        let seen = self.seen.entry(who.clone()).or_default();
        for (node, renewals) in &mut self.renewals {
            if renewals.iter().any(|at| from < *at && *at <= *revision) {
                seen.insert(node.clone(), sight.now);
            }
            // Nobody is further behind than this and counts.
            let surplus = renewals.len().saturating_sub(64);
            renewals.drain(..surplus);
        }
        Ok(())
    }
}

/// Whether the change is its holder's, and not somebody else's remark.
fn is_renewed(change: &Seen) -> bool {
    let time = |object: &Option<Rc<gantry_api::Object>>| {
        let time = object.as_ref()?.text(&["spec", "renewTime"]).to_owned();
        Some(time)
    };
    change.new.is_some() && time(&change.old) != time(&change.new)
}

/// Whether the change says for the first time that nothing is known of the node.
fn is_given_up(change: &Seen) -> bool {
    let ready = |object: &Option<Rc<gantry_api::Object>>| {
        let conditions = object.as_ref()?.at(&["status", "conditions"])?.as_array()?;
        let ready = conditions.iter().find(|known| known["type"] == "Ready")?;
        ready["status"].as_str().map(str::to_owned)
    };
    let was = ready(&change.old);
    was.as_deref().is_some_and(|was| was != "Unknown")
        && ready(&change.new).as_deref() == Some("Unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_step_to_unknown_counts() {
        let node = |status: &str| {
            let value = serde_json::json!({
                "status": {"conditions": [{"type": "Ready", "status": status}]},
            });
            gantry_api::Object::from_value(value).map(Rc::new)
        };
        let change = |old: &str, new: &str| Seen {
            key: gantry_api::ObjectKey::new(gantry_api::GroupResource::new("", "nodes"), "", "n"),
            revision: Revision(1),
            old: node(old),
            new: node(new),
        };
        assert!(is_given_up(&change("True", "Unknown")));
        assert!(!is_given_up(&change("Unknown", "Unknown")));
        assert!(!is_given_up(&change("Unknown", "True")));
    }
}
