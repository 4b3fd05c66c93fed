//! Runs the controllers and the scheduler in one of several servers only.
//!
//! They share a view, so they share a lease: `kube-controller-manager`, in that component's name.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use gantry_api::Caller;
use gantry_client::{Api, Local};
use gantry_driver::Leadership;
use gantry_reconcile::Election;

use crate::config::Candidate;
use crate::controllers::Controllers;

/// Where the lease is.
const NAMESPACE: &str = "kube-system";
/// What the lease is called, and who may write it.
const LEASE: &str = "kube-controller-manager";

/// A server that takes part in the election, until it is stopped.
#[derive(Debug)]
pub(crate) struct Leading {
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Leading {
    /// Begins to take part; `controllers` run while the lease is held.
    pub(crate) fn start(candidate: &Candidate, controllers: Controllers) -> Self {
        let caller = Caller::authenticated("system:kube-controller-manager", &[]);
        let api: Arc<dyn Api> = Arc::new(Local::new(controllers.gateway.clone(), caller, LEASE));
        let election = Election::new(NAMESPACE, LEASE, &candidate.identity, candidate.timing);
        let doors = (api, Arc::clone(&controllers.clock));
        let record = controllers.record.clone();
        let work = move |tasks: &mut _| controllers.start(tasks);
        let leadership = Leadership::new(election, LEASE, doors, &record, work);
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(leadership.run(async move {
            if ended.await.is_err() {
                info!("the election was abandoned");
            }
        }));
        Self { end, task }
    }

    /// Ends the controllers, if they run here, and lets another server begin with its own.
    pub(crate) async fn stop(self) {
        if self.end.send(()).is_err() {
            warn!("the election ended before it was asked to");
        }
        if let Err(error) = self.task.await {
            warn!(%error, "the election ended badly");
        }
    }
}
