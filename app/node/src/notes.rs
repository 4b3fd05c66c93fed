//! Events for people, recorded one after the other beside everything else.

use std::sync::Arc;

use tokio::sync::mpsc;
use tracing::warn;

use gantry_client::Api;
use gantry_driver::{ApiExecutor, Executor};
use gantry_gateway::Clock;
use gantry_reconcile::{EventNote, Write};

/// How many may wait. More are dropped and logged: what happened has happened.
const WAITING: usize = 1024;

/// Where notes are left to be recorded.
#[derive(Clone, Debug)]
pub(crate) struct Notes {
    sender: mpsc::Sender<EventNote>,
}

impl Notes {
    /// The place, and the task that records what is left there.
    pub(crate) fn new(
        api: Arc<dyn Api>,
        clock: Arc<dyn Clock>,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, mut receiver) = mpsc::channel(WAITING);
        let executor = ApiExecutor::new(api, "kubelet", clock);
        let record = async move {
            while let Some(note) = receiver.recv().await {
                // A failure was logged where it happened.
                drop(executor.carry_out(vec![Write::Note(note)]).await);
            }
        };
        (Self { sender }, record)
    }

    /// Leaves a note.
    pub(crate) fn send(&self, note: EventNote) {
        if let Err(error) = self.sender.try_send(note) {
            warn!(%error, "an event was not recorded");
        }
    }
}
