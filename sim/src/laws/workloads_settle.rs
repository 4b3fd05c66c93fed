//! In the end every Deployment, ReplicaSet and ReplicationController has exactly its replicas, all
//! of them ready and up to date, says so, and keeps no more of its past than it was told to.

use std::collections::BTreeMap;

use gantry_api::{Object, ObjectKey};

use super::{Broken, Sight, Verdict, objects};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law;

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "workloads settle"
    }

    fn settled(&mut self, sight: &Sight<'_>) -> Verdict {
        let all = |group: &str, resource: &str| objects::all(sight.snapshot, group, resource);
        let sets = all("apps", "replicasets");
        let mut pods: BTreeMap<String, Vec<Object>> = BTreeMap::new();
        for (_, pod) in all("", "pods") {
            if let Some(owner) = objects::controller(&pod) {
                pods.entry(owner.to_owned()).or_default().push(pod);
            }
        }
        for (key, deployment) in &all("apps", "deployments") {
            has_settled(key, deployment)?;
            let own = sets.iter().map(|(_, set)| set);
            let own = own.filter(|set| objects::controller(set) == Some(deployment.uid()));
            sets_fit((key, deployment), &own.collect::<Vec<_>>())?;
        }
        let controllers = all("", "replicationcontrollers");
        for (key, owner) in sets.iter().chain(&controllers) {
            has_settled(key, owner)?;
            let own = pods.get(owner.uid()).map_or(&[][..], Vec::as_slice);
            pods_fit((key, owner), own)?;
        }
        Ok(())
    }
}

fn wanted(object: &Object) -> i64 {
    objects::number(object, &["spec", "replicas"], 1)
}

fn is_paused(object: &Object) -> bool {
    object.at(&["spec", "paused"]) == Some(&true.into())
}

fn has_settled(key: &ObjectKey, object: &Object) -> Verdict {
    let seen = objects::number(object, &["status", "observedGeneration"], 0);
    if seen != object.generation() {
        let is = object.generation();
        let what = format!("its generation is {is}, and its status is about {seen}");
        return Err(Broken::new(key, what));
    }
    // Nobody is to see to it that a paused one becomes whole.
    if is_paused(object) {
        return Ok(());
    }
    let wanted = wanted(object);
    let mut fields = vec!["replicas", "readyReplicas", "availableReplicas"];
    if key.resource.resource == "deployments" {
        fields.push("updatedReplicas");
    }
    for field in fields {
        let count = objects::number(object, &["status", field], 0);
        if count != wanted {
            let what = format!("{wanted} replicas are wanted, and its {field} are {count}");
            return Err(Broken::new(key, what));
        }
    }
    Ok(())
}

/// The sets of a deployment: one of them is as large as it should be, and few are empty.
fn sets_fit((key, deployment): (&ObjectKey, &Object), sets: &[&Object]) -> Verdict {
    if is_paused(deployment) {
        return Ok(());
    }
    let sizes: Vec<i64> = sets.iter().map(|set| wanted(set)).collect();
    let (total, wanted) = (sizes.iter().sum::<i64>(), wanted(deployment));
    let filled = sizes.iter().filter(|size| **size > 0).count();
    if total != wanted || filled > 1 {
        let what = format!("{wanted} replicas are wanted, and the sizes of its sets are {sizes:?}");
        return Err(Broken::new(key, what));
    }
    let limit = objects::number(deployment, &["spec", "revisionHistoryLimit"], 10);
    let past = i64::try_from(sets.len()).unwrap_or(i64::MAX) - 1;
    if past > limit {
        let what = format!("{past} old sets are kept, and the limit is {limit}");
        return Err(Broken::new(key, what));
    }
    Ok(())
}

fn pods_fit((key, owner): (&ObjectKey, &Object), pods: &[Object]) -> Verdict {
    let active = pods.iter().filter(|pod| !objects::has_ended(pod));
    let available = active.clone().filter(|pod| objects::is_available(pod));
    let (active, available) = (active.count(), available.count());
    let wanted = wanted(owner);
    let fits = |count: usize| i64::try_from(count) == Ok(wanted);
    if fits(active) && fits(available) {
        return Ok(());
    }
    let what = format!("{wanted} pods are wanted, {active} are there, and {available} are ready");
    Err(Broken::new(key, what))
}
