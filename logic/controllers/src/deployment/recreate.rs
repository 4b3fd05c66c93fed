//! The next step of a recreation: all old pods go before the first new one comes.

use gantry_api::views::{Meta, PodView};
use gantry_reconcile::{Plan, Write};

use super::World;
use super::revision;
use super::sets::{Sets, replicas, resize};

pub(super) fn step(world: &World, sets: &Sets<'_>, plan: &mut Plan<Write>) {
    for set in &sets.old {
        if replicas(set) > 0 {
            resize(sets, set, 0, plan);
        }
    }
    if !plan.actions.is_empty() || old_pods_run(world, sets) {
        return;
    }
    match sets.new {
        None => revision::create(world, sets, sets.wanted(), plan),
        Some(new) => {
            revision::renumber(world, sets, plan);
            if plan.actions.is_empty() {
                resize(sets, new, sets.wanted(), plan);
            }
        }
    }
}

/// Whether a pod of an old set has not ended yet.
fn old_pods_run(world: &World, sets: &Sets<'_>) -> bool {
    world
        .pods
        .iter()
        .filter(|pod| !pod.is_finished())
        .any(|pod| {
            let controller = pod.controller().map(|controller| controller.uid.as_str());
            sets.old.iter().any(|set| controller == Some(set.uid()))
        })
}
