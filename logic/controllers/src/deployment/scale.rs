//! What a change of the number of replicas means while several sets have pods: each gets its share.

use std::cmp::Reverse;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::ReplicaSet;

use gantry_api::views::Meta;
use gantry_reconcile::{Plan, Write};

use super::World;
use super::sets::{DESIRED, MOST, Sets, available, replicas, resize};

/// Whether a set that has pods was last scaled for another number of replicas.
pub(super) fn is_due(sets: &Sets<'_>) -> bool {
    let wanted = sets.wanted().to_string();
    sets.all().filter(|set| replicas(set) > 0).any(|set| {
        set.annotations()
            .get(DESIRED)
            .is_some_and(|known| *known != wanted)
    })
}

/// Brings the sets to the size that the deployment asks for, without moving the rollout on.
pub(super) fn to_size(_world: &World, sets: &Sets<'_>, plan: &mut Plan<Write>) {
    let active: Vec<&Arc<ReplicaSet>> = sets.all().filter(|set| replicas(set) > 0).collect();
    match active.as_slice() {
        [] => {
            let newest = sets.new.or_else(|| sets.old.last().copied());
            if let Some(newest) = newest {
                resize(sets, newest, sets.wanted(), plan);
            }
        }
        [only] => resize(sets, only, sets.wanted(), plan),
        several if is_saturated(sets) => {
            for set in several
                .iter()
                .filter(|set| sets.new.is_none_or(|new| new.uid() != set.uid()))
            {
                resize(sets, set, 0, plan);
            }
        }
        several if sets.recreates() => {
            for set in several {
                resize(sets, set, replicas(set), plan);
            }
        }
        several => proportionally(sets, several, plan),
    }
}

/// Whether the new set has everything that is wanted, and all of it available.
fn is_saturated(sets: &Sets<'_>) -> bool {
    let wanted = sets.wanted();
    sets.new.is_some_and(|new| {
        let noted = new
            .annotations()
            .get(DESIRED)
            .and_then(|text| text.parse().ok());
        replicas(new) == wanted && noted == Some(wanted) && available(new) == wanted
    })
}

/// Shares the difference out by size; what rounding leaves goes to the largest.
fn proportionally(sets: &Sets<'_>, active: &[&Arc<ReplicaSet>], plan: &mut Plan<Write>) {
    let total: i32 = active.iter().map(|set| replicas(set)).sum();
    let difference = sets.most() - total;
    let mut ordered = active.to_vec();
    ordered.sort_by_key(|set| {
        (
            Reverse(replicas(set)),
            Reverse(set.created_at()),
            set.name().to_owned(),
        )
    });
    let mut left = difference;
    let mut sizes: Vec<i32> = Vec::new();
    for set in &ordered {
        let share = share(sets, set).clamp(left.min(0), left.max(0));
        left -= share;
        sizes.push(replicas(set) + share);
    }
    if let Some(largest) = sizes.first_mut() {
        *largest = (*largest + left).max(0);
    }
    for (set, size) in ordered.into_iter().zip(sizes) {
        resize(sets, set, size.max(0), plan);
    }
}

/// How many more pods the set should have if all sets keep their proportions.
fn share(sets: &Sets<'_>, set: &ReplicaSet) -> i32 {
    let size = i64::from(replicas(set));
    let then: i64 = set
        .annotations()
        .get(MOST)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let then = if then > 0 {
        then
    } else {
        i64::from(
            sets.deployment
                .status
                .as_ref()
                .and_then(|status| status.replicas)
                .unwrap_or(1),
        )
        .max(1)
    };
    let now = i64::from(sets.most());
    let target = (2 * size * now + then) / (2 * then);
    i32::try_from(target - size).unwrap_or(0)
}
