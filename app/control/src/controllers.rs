//! Runs the controllers and the scheduler, each in its own name.

use std::fmt;
use std::sync::Arc;

use tokio::task::JoinSet;

use gantry_api::Caller;
use gantry_client::{Api, Local};
use gantry_controllers::Visitor;
use gantry_driver::{Cache, Ground, Record, run_controller};
use gantry_gateway::{Clock, Gateway};
use gantry_reconcile::Controller;
use gantry_scheduler::Scheduler;

/// Starts everything that keeps objects true.
pub(crate) fn start(
    gateway: &Gateway,
    clock: &Arc<dyn Clock>,
    ca_pem: &str,
    record: &Record,
    tasks: &mut JoinSet<()>,
) {
    let ground = Ground {
        cache: Cache::default(),
        clock: Arc::clone(clock),
        record: record.clone(),
    };
    let mut parts = Parts {
        gateway,
        ground: &ground,
        tasks,
    };
    gantry_controllers::all(ca_pem, &mut parts);
    parts.visit(Scheduler::default());
    let api = masters(gateway, "gantry-controllers");
    ground.cache.start(&api, clock, tasks);
}

struct Parts<'a> {
    gateway: &'a Gateway,
    ground: &'a Ground,
    tasks: &'a mut JoinSet<()>,
}

impl Visitor for Parts<'_> {
    fn visit<C: Controller>(&mut self, controller: C)
    where
        C::World: Send + Sync + fmt::Debug,
    {
        let api = own(self.gateway, C::NAME);
        run_controller(controller, api, self.ground, self.tasks);
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
