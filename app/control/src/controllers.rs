//! Runs the controllers and the scheduler, each in its own name.

use std::fmt;
use std::sync::Arc;

use tokio::task::JoinSet;

use gantry_api::Caller;
use gantry_client::{Api, Local};
use gantry_controllers::Visitor;
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
    gantry_controllers::all(ca_pem, &mut parts);
    parts.visit(Scheduler);
    cache.start(&masters(gateway, "gantry-controllers"), clock, tasks);
}

struct Parts<'a> {
    gateway: &'a Gateway,
    clock: &'a Arc<dyn Clock>,
    cache: &'a Cache,
    tasks: &'a mut JoinSet<()>,
}

impl Visitor for Parts<'_> {
    fn visit<C: Controller>(&mut self, controller: C)
    where
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
        gantry_controllers::caller(name)
    };
    Arc::new(Local::new(gateway.clone(), caller, name))
}

/// The API with all rights: for what prepares the ground that roles stand on.
pub(crate) fn masters(gateway: &Gateway, agent: &str) -> Arc<dyn Api> {
    let caller = Caller::authenticated("system:apiserver", &[gantry_api::caller::MASTERS]);
    Arc::new(Local::new(gateway.clone(), caller, agent))
}
