//! Whoever asks: within time, and not those who keep failing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gantry_gateway::{Clock, Messenger, Pending};
use gantry_registry::question::{Answer, Question};
use tracing::{info, warn};

use crate::breaker::{Breaker, Noted};
use crate::call;
use crate::error::CallError;

/// Asks webhooks over HTTPS.
#[derive(Debug)]
pub struct WebhookClient {
    clock: Arc<dyn Clock>,
    /// Held while one outcome is noted.
    breaker: Mutex<Breaker>,
}

impl WebhookClient {
    /// Somebody who asks, with nothing held against anybody.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            breaker: Mutex::default(),
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, question: &Question) -> Answer {
        let url = &question.destination.url;
        let told = |why: &str| format!("Post {url:?}: {why}");
        if let Err(open) = self.breaker().admit(url, self.clock.ticks()) {
            return Err(told(&open.to_string()));
        }
        let patience = Duration::from_secs(question.timeout_seconds.into());
        let result = tokio::select! {
            result = call::ask(question) => result,
            () = self.clock.sleep(patience) => Err(CallError::Late),
        };
        match result {
            Ok(body) => {
                if self.breaker().succeeded(url) {
                    info!(url, "a webhook answers again");
                }
                Ok(body)
            }
            Err(error) => {
                let why = gantry_base::chain(&error);
                let noted = self.breaker().failed(url, &why, self.clock.ticks());
                if noted == Noted::Opened {
                    warn!(
                        url,
                        why, "a webhook keeps failing and is not asked for a while"
                    );
                }
                Err(told(&why))
            }
        }
    }
}

impl Messenger for WebhookClient {
    fn ask<'a>(&'a self, question: &'a Question) -> Pending<'a, Answer> {
        Box::pin(self.answer(question))
    }
}
