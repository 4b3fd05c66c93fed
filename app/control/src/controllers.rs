//! Runs the controllers and the scheduler, each in its own name.

use std::fmt;
use std::sync::Arc;

use tokio::task::JoinSet;

use gantry_api::Caller;
use gantry_client::{Api, Local};
use gantry_controllers::Visitor;
use gantry_controllers::certificates::issuing::NAME;
use gantry_driver::{Cache, Ground, Record, run_controller};
use gantry_gateway::{Clock, Gateway};
use gantry_pki::Pki;
use gantry_reconcile::Controller;
use gantry_scheduler::Scheduler;

use crate::signing;

/// What the controllers and the scheduler need to begin, as often as they have to.
#[derive(Clone, Debug)]
pub(crate) struct Controllers {
    pub(crate) gateway: Gateway,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pki: Arc<Pki>,
    pub(crate) record: Record,
}

impl Controllers {
    /// Starts everything that keeps objects true, with nothing in memory.
    pub(crate) fn start(&self, tasks: &mut JoinSet<()>) {
        let ground = Ground {
            cache: Cache::default(),
            clock: Arc::clone(&self.clock),
            record: self.record.clone(),
        };
        let mut parts = Parts {
            gateway: &self.gateway,
            ground: &ground,
            tasks,
        };
        gantry_controllers::all(self.pki.ca_pem(), &mut parts);
        parts.visit(Scheduler::default());
        let issuer = own(&self.gateway, NAME);
        signing::start(&self.pki, issuer, &ground, tasks);
        let api = masters(&self.gateway, "gantry-controllers");
        ground.cache.start(&api, &self.clock, tasks);
    }
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
