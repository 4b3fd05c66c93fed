//! Keeps the node's zone as Services and EndpointSlices want it.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use tokio::sync::watch;

use gantry_base::Timestamp;
use gantry_dns::{Zone, ZoneConfig};
use gantry_driver::{Cache, End, Executor, Inbox, Outcome, Subject};
use gantry_reconcile::{Plan, View, Watched};

/// The loop's decisions.
#[derive(Debug)]
pub(crate) struct Names(pub(crate) ZoneConfig);

/// The loop's effects: the zone that the resolver serves.
#[derive(Debug)]
pub(crate) struct Served(pub(crate) watch::Sender<Arc<Zone>>);

/// Makes the zone due whenever what it follows from changes.
pub(crate) fn listen(cache: &Cache) -> Inbox<()> {
    let inbox = Inbox::default();
    for watched in [Watched::of::<Service>(), Watched::of::<EndpointSlice>()] {
        let inbox = inbox.clone();
        cache.listen(&watched, Arc::new(move |_, _| inbox.push([()])));
    }
    inbox
}

impl Subject for Names {
    type Key = ();
    type World = Arc<Zone>;
    type Action = Arc<Zone>;

    fn name(&self) -> &'static str {
        "zone"
    }

    fn all_keys(&self, _view: &View) -> Vec<()> {
        vec![()]
    }

    fn observe(&self, view: &View, (): &(), _now: Timestamp) -> Option<Arc<Zone>> {
        let services: Vec<Arc<Service>> = view.all().collect();
        let slices: Vec<Arc<EndpointSlice>> = view.all().collect();
        let services = services.iter().map(AsRef::as_ref);
        let zone = Zone::new(&self.0, services, slices.iter().map(AsRef::as_ref));
        Some(Arc::new(zone))
    }

    fn decide(&self, zone: &Arc<Zone>) -> Plan<Arc<Zone>> {
        let mut plan = Plan::default();
        plan.act(Arc::clone(zone));
        plan
    }
}

impl Executor<Arc<Zone>> for Served {
    async fn carry_out(&self, actions: Vec<Arc<Zone>>) -> Outcome<Arc<Zone>> {
        for zone in actions {
            self.0.send_replace(zone);
        }
        Outcome {
            written: BTreeMap::new(),
            end: End::Done,
        }
    }
}
