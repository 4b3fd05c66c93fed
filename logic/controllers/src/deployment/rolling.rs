//! The next step of a rolling update: first up, then down, never outside the bounds.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::ReplicaSet;

use gantry_reconcile::{Plan, Write};

use super::World;
use super::revision;
use super::sets::{Sets, available, replicas, resize};

pub(super) fn step(world: &World, sets: &Sets<'_>, plan: &mut Plan<Write>) {
    let Some(new) = sets.new else {
        revision::create(world, sets, first_size(sets), plan);
        return;
    };
    revision::renumber(world, sets, plan);
    if !plan.actions.is_empty() {
        // The set has a new revision now; scale it when that has been seen.
        return;
    }
    let size = new_size(sets, new);
    if size == replicas(new) {
        shrink_old(sets, new, plan);
    } else {
        resize(sets, new, size, plan);
    }
}

fn first_size(sets: &Sets<'_>) -> i32 {
    room(sets).min(sets.wanted()).max(0)
}

fn room(sets: &Sets<'_>) -> i32 {
    sets.most() - sets.all().map(|set| replicas(set)).sum::<i32>()
}

fn new_size(sets: &Sets<'_>, new: &ReplicaSet) -> i32 {
    let (size, wanted) = (replicas(new), sets.wanted());
    if size >= wanted {
        wanted
    } else {
        size + room(sets).min(wanted - size).max(0)
    }
}

/// Takes pods from the old sets: first those that are of no use, then available ones beyond the
/// bound.
fn shrink_old(sets: &Sets<'_>, new: &ReplicaSet, plan: &mut Plan<Write>) {
    let total: i32 = sets.all().map(|set| replicas(set)).sum();
    let new_unavailable = replicas(new) - available(new);
    let spare = total - sets.least_available() - new_unavailable;
    if spare <= 0 {
        return;
    }
    let mut sizes: Vec<(&Arc<ReplicaSet>, i32)> =
        sets.old.iter().map(|set| (*set, replicas(set))).collect();
    let useless = |set: &ReplicaSet| (replicas(set) - available(set)).max(0);
    take(&mut sizes, spare, useless);
    let available_now: i32 = sets.all().map(|set| available(set)).sum();
    let beyond_bound = (available_now - sets.least_available()).max(0);
    take(&mut sizes, beyond_bound, available);
    for (set, size) in sizes {
        if size != replicas(set) {
            resize(sets, set, size, plan);
        }
    }
}

/// Lowers the sizes by `count` in all, from each set at most what `from` says.
fn take(sizes: &mut [(&Arc<ReplicaSet>, i32)], count: i32, from: impl Fn(&ReplicaSet) -> i32) {
    let mut left = count;
    for (set, size) in sizes {
        let taken = left.min(from(set)).min(*size);
        *size -= taken;
        left -= taken;
    }
}
