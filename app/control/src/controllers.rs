//! The list of controllers, each running in its own name.

use std::fmt;
use std::sync::Arc;

use tokio::task::JoinSet;

use gantry_api::Caller;
use gantry_client::{Api, Local};
use gantry_controllers::{
    Deployments, EndpointSlices, EndpointsObjects, EventExpiry, Garbage, Namespaces, NodeLife,
    PodCleanup, ReplicaSets, ReplicationControllers, RootCa, ServiceAccounts,
};
use gantry_driver::{Cache, run_controller};
use gantry_gateway::{Clock, Gateway};
use gantry_reconcile::Controller;
use gantry_scheduler::Scheduler;

/// Starts everything that keeps objects true.
pub(crate) fn start(
    gateway: &Gateway,
    clock: &Arc<dyn Clock>,
    ca_pem: &str,
    tasks: &mut JoinSet<()>,
) {
    let cache = Cache::default();
    let mut parts = Parts {
        gateway,
        clock,
        cache: &cache,
        tasks,
    };
    parts.run(Deployments);
    parts.run(EndpointSlices);
    parts.run(EndpointsObjects);
    parts.run(EventExpiry);
    parts.run(Garbage::default());
    parts.run(Namespaces::default());
    parts.run(NodeLife);
    parts.run(PodCleanup);
    parts.run(ReplicaSets::default());
    parts.run(ReplicationControllers::default());
    parts.run(RootCa::new(ca_pem.to_owned()));
    parts.run(Scheduler);
    parts.run(ServiceAccounts);
    cache.start(&masters(gateway, "gantry-controllers"), clock, tasks);
}

struct Parts<'a> {
    gateway: &'a Gateway,
    clock: &'a Arc<dyn Clock>,
    cache: &'a Cache,
    tasks: &'a mut JoinSet<()>,
}

impl Parts<'_> {
    fn run<C>(&mut self, controller: C)
    where
        C: Controller,
        C::World: Send + Sync + fmt::Debug,
    {
        let api = own(self.gateway, C::NAME);
        run_controller(controller, self.cache, api, self.clock, self.tasks);
    }
}

/// The API as one controller sees it: with the rights of its own role.
fn own(gateway: &Gateway, name: &str) -> Arc<dyn Api> {
    let caller = if name == gantry_scheduler::NAME {
        Caller::authenticated("system:kube-scheduler", &[])
    } else {
        let user = format!("system:serviceaccount:kube-system:{name}");
        Caller::authenticated(
            &user,
            &[
                "system:serviceaccounts",
                "system:serviceaccounts:kube-system",
            ],
        )
    };
    Arc::new(Local::new(gateway.clone(), caller, name))
}

/// The API with all rights: for what prepares the ground that roles stand on.
pub(crate) fn masters(gateway: &Gateway, agent: &str) -> Arc<dyn Api> {
    let caller = Caller::authenticated("system:apiserver", &[gantry_api::caller::MASTERS]);
    Arc::new(Local::new(gateway.clone(), caller, agent))
}
