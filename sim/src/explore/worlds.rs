//! The small worlds and their stories, by what they are about.
//!
//! A story ends in one state only: what happens in it may be disturbed, but not by its own order.

mod collecting;
mod furniture;
mod keepers;
mod nodes;
mod objects;
mod rollouts;
mod services;

use std::time::Duration;

use super::script::{Step, World};

/// All worlds.
pub(super) fn all() -> Vec<World> {
    let worlds = rollouts::all().into_iter();
    worlds
        .chain(services::all())
        .chain(collecting::all())
        .chain(furniture::all())
        .chain(keepers::all())
        .chain(nodes::all())
        .collect()
}

/// The world of those who furnish every namespace, with nothing happening in it.
pub(super) fn furnishing() -> World {
    World {
        companions: &["root-ca-cert-publisher"],
        ..world("service-account-controller", "furnish", Vec::new())
    }
}

/// A world with one node that runs what is bound to it, and nobody beside the controller.
fn world(controller: &'static str, name: &'static str, steps: Vec<Step>) -> World {
    World {
        controller,
        name,
        companions: &[],
        nodes: 1,
        beats: false,
        shows_events: false,
        patience: Duration::from_secs(300),
        steps,
    }
}

/// Long enough for whatever failed to be tried again.
fn pause() -> Step {
    Step::Wait(Duration::from_secs(30))
}

/// The steps, with a pause after each.
fn calmly(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    steps.into_iter().flat_map(|step| [step, pause()]).collect()
}
