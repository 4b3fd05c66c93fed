//! The set of everything that runs beside the connections: conversations that left HTTP.
//!
//! Their number is bounded, and all of them end with the server.

use std::sync::{Mutex, PoisonError};

use tokio::task::JoinSet;
use tracing::Instrument;

use gantry_api::Rejection;

use crate::limits::CONVERSATIONS;

/// Tasks that end with the server.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    /// Held while a task is added or the set is taken away, never across an await.
    set: Mutex<JoinSet<()>>,
}

impl Tasks {
    /// Runs `task` until it ends or the server does; refuses when there are too many.
    pub(crate) fn spawn(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Rejection> {
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        while set.try_join_next().is_some() {}
        if set.len() >= CONVERSATIONS {
            return Err(Rejection::TooManyRequests {
                message: format!(
                    "{CONVERSATIONS} conversations with pods and other servers are open, which is the limit: try \
                     again later"
                ),
                retry_after_seconds: 1,
                causes: Vec::new(),
            });
        }
        set.spawn(task.in_current_span());
        Ok(())
    }

    /// Ends all tasks.
    pub(crate) async fn end(&self) {
        let mut set = std::mem::take(&mut *self.set.lock().unwrap_or_else(PoisonError::into_inner));
        set.shutdown().await;
    }
}
