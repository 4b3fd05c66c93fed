//! Lets something work in one process only: in the one that holds a lease.
//!
//! What to do with the lease is decided in `gantry-reconcile`. The work is ended, and its end
//! awaited, when the lease cannot be renewed in time; it begins anew when it is had again.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use k8s_openapi::api::coordination::v1::Lease;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{debug, info, warn};

use gantry_api::Rejection;
use gantry_client::{Access, Api};
use gantry_gateway::Clock;
use gantry_reconcile::{Election, Moment};
use gantry_steering::End;

use crate::drive::Executor as _;
use crate::executor::ApiExecutor;
use crate::limits::RELEASE;
use crate::record::Record;

/// Begins the work: enters its tasks.
type Work = Box<dyn Fn(&mut JoinSet<()>) + Send + Sync>;

/// A process that would lead, and what it does when it does.
pub struct Leadership {
    election: Election,
    name: &'static str,
    api: Arc<dyn Api>,
    clock: Arc<dyn Clock>,
    record: Record,
    work: Work,
    /// Why the last attempt failed, so that it is said once.
    trouble: Option<String>,
}

impl fmt::Debug for Leadership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leadership")
            .field("election", &self.election)
            .finish_non_exhaustive()
    }
}

impl Leadership {
    /// A candidate that signs as `name` and asks through `api`; `work` begins what only the holder
    /// does, each time that it comes to hold the lease.
    pub fn new(
        election: Election,
        name: &'static str,
        (api, clock): (Arc<dyn Api>, Arc<dyn Clock>),
        record: &Record,
        work: impl Fn(&mut JoinSet<()>) + Send + Sync + 'static,
    ) -> Self {
        Self {
            election,
            name,
            api,
            clock,
            record: record.clone(),
            work: Box::new(work),
            trouble: None,
        }
    }

    /// Takes part until `end` resolves; then the work is over, and the lease free for others.
    pub async fn run(mut self, end: impl Future<Output = ()>) {
        let mut end = pin!(end);
        let mut tasks = JoinSet::new();
        loop {
            tokio::select! {
                () = self.attempt() => {}
                () = &mut end => break,
            }
            self.follow(&mut tasks).await;
            let pause = self.election.pause(self.clock.ticks());
            tokio::select! {
                () = self.clock.sleep(pause) => {}
                () = &mut end => break,
            }
            self.follow(&mut tasks).await;
        }
        tasks.shutdown().await;
        self.record.leads(self.name, false);
        if timeout(RELEASE, self.release()).await.is_err() {
            warn!(lease = self.name, "could not release the lease in time");
        }
    }

    /// Begins or ends the work, as the lease says.
    async fn follow(&self, tasks: &mut JoinSet<()>) {
        let holds = self.election.holds_until(self.clock.ticks()).is_some();
        let (lease, identity) = (self.name, self.election.identity());
        match (holds, tasks.is_empty()) {
            (true, true) => {
                info!(lease, identity, "began to lead");
                (self.work)(tasks);
            }
            (false, false) => {
                tasks.shutdown().await;
                warn!(lease, identity, "stopped leading");
            }
            (true, false) | (false, true) => {}
        }
        self.record.leads(self.name, holds);
    }

    /// Tries to have the lease, for no longer than the answer would count.
    async fn attempt(&mut self) {
        let patience = self.election.patience(self.clock.ticks());
        let trouble = match timeout(patience, self.bid()).await {
            Ok(Ok(None)) => None,
            Ok(Ok(Some(why))) => Some(why),
            Ok(Err(rejection)) => Some(rejection.to_string()),
            Err(_) => Some(format!("no answer within {patience:?}")),
        };
        if let Some(why) = &trouble
            && self.trouble != trouble
        {
            warn!(lease = self.name, why, "could not bid for a lease");
        }
        self.trouble = trouble;
    }

    /// One bid; answers why it failed, if it failed otherwise than by losing.
    async fn bid(&mut self) -> Result<Option<String>, Rejection> {
        let known = self.known().await?;
        let moment = Moment {
            now: self.clock.now(),
            ticks: self.clock.ticks(),
        };
        let Some(bid) = self.election.bid(known, moment) else {
            return Ok(None);
        };
        let end = self
            .executor()
            .carry_out(bid.plan.actions.clone())
            .await
            .end;
        self.election.ended(&bid, matches!(end, End::Done));
        Ok(match end {
            End::Done => None,
            End::Stale => {
                debug!(lease = self.name, "somebody else was first");
                None
            }
            End::Refused(_, why) | End::Failed(why) => Some(why),
        })
    }

    async fn known(&self) -> Result<Option<Lease>, Rejection> {
        let (namespace, name) = self.election.place();
        Access(self.api.as_ref())
            .get::<Lease>(namespace, name)
            .await
    }

    async fn release(&mut self) {
        let known = match self.known().await {
            Ok(Some(known)) => known,
            Ok(None) => return,
            Err(rejection) => {
                warn!(lease = self.name, %rejection, "could not release the lease");
                return;
            }
        };
        let Some(plan) = self.election.release(known, self.clock.now()) else {
            return;
        };
        if let End::Refused(_, why) | End::Failed(why) =
            self.executor().carry_out(plan.actions).await.end
        {
            warn!(lease = self.name, why, "could not release the lease");
        }
    }

    fn executor(&self) -> ApiExecutor {
        ApiExecutor::new(Arc::clone(&self.api), self.name, Arc::clone(&self.clock))
    }
}

#[cfg(test)]
mod tests;
