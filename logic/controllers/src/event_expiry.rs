//! Forgets Events an hour after they happened last.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Event;

use gantry_api::ObjectKey;
use gantry_api::views::Meta;
use gantry_base::Timestamp;
use gantry_base::time::since;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

use crate::limits::EVENT_LIFE;

/// The controller that forgets Events.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventExpiry;

/// One event and the time.
#[derive(Debug)]
pub struct World {
    event: Arc<Event>,
    now: Timestamp,
}

impl Controller for EventExpiry {
    const NAME: &'static str = "event-expiry-controller";

    fn sources(&self) -> Sources {
        Sources::new().own::<Event>()
    }

    fn observe(&self, view: &View, key: &ObjectKey, now: Timestamp) -> Option<World> {
        Some(World {
            event: view.get::<Event>(&key.namespace, &key.name)?,
            now,
        })
    }
}

impl Reconciler for EventExpiry {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        let age = last_seen(&world.event).map_or(EVENT_LIFE, |last| since(world.now, last));
        match EVENT_LIFE.checked_sub(age).filter(|left| !left.is_zero()) {
            Some(left) => plan.recheck_after(left),
            None => plan.act(Write::delete(world.event.as_ref())),
        }
        plan
    }
}

fn last_seen(event: &Event) -> Option<Timestamp> {
    let series = event
        .series
        .as_ref()
        .and_then(|series| series.last_observed_time.as_ref());
    let times = [
        series.map(|time| time.0),
        event.last_timestamp.as_ref().map(|time| time.0),
        event.event_time.as_ref().map(|time| time.0),
        event.created_at(),
    ];
    times.into_iter().flatten().max()
}
