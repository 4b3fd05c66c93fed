//! A Deployment never falls below its bound through our own doing: no replica set is made smaller
//! for a rolling update when that takes pods which are needed.
//!
//! Judged only in worlds without trouble, where everybody sees what there is; elsewhere the bound
//! holds for what was seen, which may be over. What changed just before counts as it was, too.

use std::collections::BTreeMap;
use std::time::Duration;

use gantry_api::Object;
use gantry_base::Timestamp;
use gantry_base::time::since;

use super::{Broken, Seen, Sight, Verdict, objects};

/// For how long a controller may not have seen what changed.
const BLIND: Duration = Duration::from_secs(2);
/// What a set remembers of what its deployment wanted when it was scaled.
const DESIRED: [&str; 3] = [
    "metadata",
    "annotations",
    "deployment.kubernetes.io/desired-replicas",
];

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    deployments: BTreeMap<String, Deployment>,
    sets: BTreeMap<String, Set>,
    /// When available pods stopped to be so, by their set.
    lost: BTreeMap<String, Vec<Timestamp>>,
    pods: BTreeMap<String, Pod>,
}

#[derive(Debug, Default)]
struct Deployment {
    wanted: i64,
    bound: i64,
    /// Earlier bounds, and until when they were good.
    before: Vec<(i64, Timestamp)>,
}

#[derive(Debug)]
struct Set {
    owner: String,
    size: i64,
}

#[derive(Debug)]
struct Pod {
    set: String,
    is_available: bool,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "deployments stay available"
    }

    fn change(&mut self, change: &Seen, sight: &Sight<'_>) -> Verdict {
        let resource = &change.key.resource;
        match (resource.group.as_str(), resource.resource.as_str()) {
            _ if !sight.is_calm => Ok(()),
            ("", "pods") => {
                self.pod(change, sight.now);
                Ok(())
            }
            ("apps", "deployments") => {
                self.deployment(change, sight.now);
                Ok(())
            }
            ("apps", "replicasets") => self.set(change, sight.now),
            _ => Ok(()),
        }
    }
}

impl Law {
    fn pod(&mut self, change: &Seen, now: Timestamp) {
        let old = change
            .old
            .as_ref()
            .and_then(|old| self.pods.remove(old.uid()));
        let new = change.new.as_deref().and_then(|new| {
            let set = objects::controller(new)?.to_owned();
            let is_available = objects::is_available(new);
            Some((new.uid().to_owned(), Pod { set, is_available }))
        });
        if let Some(old) = old.filter(|old| old.is_available)
            && !new.as_ref().is_some_and(|(_, new)| new.is_available)
        {
            let lost = self.lost.entry(old.set).or_default();
            lost.retain(|at| since(now, *at) < BLIND);
            lost.push(now);
        }
        self.pods.extend(new);
    }

    fn deployment(&mut self, change: &Seen, now: Timestamp) {
        let Some(new) = &change.new else {
            let gone = change.old.as_deref().map_or("", |old| old.uid());
            self.deployments.remove(gone);
            return;
        };
        let known = self.deployments.entry(new.uid().to_owned()).or_default();
        known.before.retain(|(_, until)| since(now, *until) < BLIND);
        known.before.push((known.bound, now));
        known.wanted = objects::number(new, &["spec", "replicas"], 1);
        known.bound = bound(new, known.wanted);
    }

    fn set(&mut self, change: &Seen, now: Timestamp) -> Verdict {
        let Some(new) = &change.new else {
            let gone = change.old.as_deref().map_or("", |old| old.uid());
            self.sets.remove(gone);
            self.lost.remove(gone);
            return Ok(());
        };
        let size = objects::number(new, &["spec", "replicas"], 1);
        let owner = objects::controller(new).unwrap_or_default().to_owned();
        let set = Set {
            owner: owner.clone(),
            size,
        };
        let before = self.sets.insert(new.uid().to_owned(), set);
        let Some(before) = before.filter(|before| size < before.size) else {
            return Ok(());
        };
        let Some(deployment) = self.deployments.get(&owner) else {
            return Ok(());
        };
        // A set that is scaled since the deployment was makes room in proportion.
        let desired = change.old.as_deref().map_or("", |old| old.text(&DESIRED));
        if desired != deployment.wanted.to_string() {
            return Ok(());
        }
        let had = self.available((new.uid(), before.size), &owner, now);
        let has = self.available((new.uid(), size), &owner, now);
        let bound = deployment.least(now);
        if has >= bound.min(had) {
            return Ok(());
        }
        let what = format!("{had} are available, {has} are left, and {bound} have to be");
        Err(Broken::new(&change.key, what).and(owner))
    }

    /// The available pods of a deployment that its sets keep, were this one of that size. Those
    /// that were lost just now may have been counted on.
    fn available(&self, (resized, size): (&str, i64), owner: &str, now: Timestamp) -> i64 {
        let sets = self.sets.iter().filter(|(_, set)| set.owner == owner);
        sets.map(|(uid, set)| {
            let size = if uid == resized { size } else { set.size };
            let pods = self.pods.values();
            let pods = pods.filter(|pod| pod.is_available && pod.set == *uid);
            let lost = self.lost.get(uid).into_iter().flatten();
            let lost = lost.filter(|at| since(now, **at) < BLIND);
            let count = pods.count() + lost.count();
            i64::try_from(count).unwrap_or(i64::MAX).min(size)
        })
        .sum()
    }
}

impl Deployment {
    fn least(&self, now: Timestamp) -> i64 {
        let before = self.before.iter();
        let before = before.filter(|(_, until)| since(now, *until) < BLIND);
        before.map(|(bound, _)| *bound).fold(self.bound, i64::min)
    }
}

/// How many pods have to be available; the numbers of our worlds are no percentages.
fn bound(deployment: &Object, wanted: i64) -> i64 {
    let strategy = ["spec", "strategy", "type"];
    if deployment.text(&strategy) == "Recreate" {
        return 0;
    }
    let rolling = |what| {
        let path = ["spec", "strategy", "rollingUpdate", what];
        objects::number(deployment, &path, 1)
    };
    let unavailable = rolling("maxUnavailable");
    // When nothing could move otherwise, one pod may be unavailable.
    let unavailable = if unavailable == 0 && rolling("maxSurge") == 0 {
        1
    } else {
        unavailable
    };
    (wanted - unavailable).max(0)
}

#[cfg(test)]
mod tests {
    use gantry_api::GroupResource;
    use serde_json::{Value, json};

    use super::*;
    use crate::laws::{Law as _, testing};

    fn set(uid: &str, size: i64) -> Value {
        json!({
            "metadata": {
                "name": uid,
                "uid": uid,
                "annotations": {(DESIRED[2]): "2"},
                "ownerReferences": [{"uid": "d", "controller": true}],
            },
            "spec": {"replicas": size},
        })
    }

    fn pod(uid: &str, set: &str) -> Value {
        json!({
            "metadata": {
                "name": uid,
                "uid": uid,
                "ownerReferences": [{"uid": set, "controller": true}],
            },
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        })
    }

    fn of_apps(resource: &str, old: &Value, new: &Value) -> Seen {
        let mut change = testing::changed(resource, old, new);
        change.key.resource = GroupResource::new("apps", resource);
        change
    }

    /// The old set of a deployment of two shrinks to one while the new one has `ready` pods.
    fn shrunk_with(ready: &[&str]) -> Verdict {
        let (mut law, snapshot) = (Law::default(), testing::nothing());
        let sight = Sight {
            is_calm: true,
            ..testing::sight(&snapshot)
        };
        let rolling = json!({"maxSurge": 1, "maxUnavailable": 0});
        let deployment = json!({
            "metadata": {"name": "d", "uid": "d"},
            "spec": {"replicas": 2, "strategy": {"rollingUpdate": rolling}},
        });
        law.deployment(
            &of_apps("deployments", &Value::Null, &deployment),
            sight.now,
        );
        law.deployments
            .values_mut()
            .for_each(|known| known.before.clear());
        for (uid, size) in [("old", 2), ("new", 1)] {
            law.change(
                &of_apps("replicasets", &Value::Null, &set(uid, size)),
                &sight,
            )?;
        }
        let old = [pod("a", "old"), pod("b", "old")];
        let new = ready.iter().map(|uid| pod(uid, "new"));
        for pod in old.into_iter().chain(new) {
            law.change(&testing::made("pods", &pod), &sight)?;
        }
        law.change(
            &of_apps("replicasets", &set("old", 2), &set("old", 1)),
            &sight,
        )
    }

    #[test]
    fn an_old_set_shrinks_only_when_a_new_pod_stands_in() {
        assert_eq!(shrunk_with(&["c"]), Ok(()));
        assert!(shrunk_with(&[]).is_err());
    }
}
