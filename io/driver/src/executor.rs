//! Carries out writes to the API: sends what the writing of a plan asks for.

use std::sync::Arc;

use futures_util::future::join_all;
use tracing::warn;

use gantry_client::Api;
use gantry_gateway::Clock;
use gantry_reconcile::Write;
use gantry_steering::{Outcome, Writing};

use crate::drive::Executor;

/// Writes to the API in the name of one component.
#[derive(Clone, Debug)]
pub struct ApiExecutor {
    api: Arc<dyn Api>,
    component: &'static str,
    clock: Arc<dyn Clock>,
}

impl ApiExecutor {
    /// Writes through `api` as `component`.
    #[must_use]
    pub fn new(api: Arc<dyn Api>, component: &'static str, clock: Arc<dyn Clock>) -> Self {
        Self {
            api,
            component,
            clock,
        }
    }
}

impl Executor<Write> for ApiExecutor {
    async fn carry_out(&self, actions: Vec<Write>) -> Outcome<Write> {
        let mut writing = Writing::new(self.component, actions);
        loop {
            let requests = writing.next(self.clock.now());
            if requests.is_empty() {
                return writing.into_outcome();
            }
            let calls = requests.into_iter().map(|request| self.api.call(request));
            writing.answered(join_all(calls).await);
            for lost in writing.take_unrecorded() {
                let (about, reason, rejection) = (&lost.note.about, &lost.note.reason, &lost.why);
                warn!(%about, reason, %rejection, "could not record an event");
            }
        }
    }
}
