//! Whoever asks: within time, and not those who keep failing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gantry_api::ObjectKey;
use gantry_gateway::{Clock, Messenger, Pending};
use gantry_registry::question::{Answer, Question};
use tokio::sync::mpsc;
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
    /// Who hears of those that are not asked any more, and of those that are again. A full channel
    /// loses the news: the log has it too.
    notices: Option<mpsc::Sender<Notice>>,
}

/// That a webhook is not asked for a while, or again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The configuration that it is in.
    pub about: ObjectKey,
    /// Where it is.
    pub url: String,
    /// Why it is not asked; nothing when it is again.
    pub why: Option<String>,
}

impl WebhookClient {
    /// Somebody who asks, with nothing held against anybody.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            breaker: Mutex::default(),
            notices: None,
        }
    }

    /// The same, which tells whom it leaves alone.
    #[must_use]
    pub fn telling(mut self, notices: mpsc::Sender<Notice>) -> Self {
        self.notices = Some(notices);
        self
    }

    fn tell(&self, question: &Question, why: Option<&str>) {
        let (Some(notices), Some(about)) = (&self.notices, &question.about) else {
            return;
        };
        let notice = Notice {
            about: about.clone(),
            url: question.destination.url.clone(),
            why: why.map(str::to_owned),
        };
        gantry_base::ignore(notices.try_send(notice), "the log has it too");
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
                    self.tell(question, None);
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
                    self.tell(question, Some(&why));
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

#[cfg(test)]
mod tests {
    use gantry_api::GroupResource;
    use gantry_gateway::SystemClock;
    use gantry_registry::question::Destination;

    use crate::limits::FAILURES;

    use super::*;

    /// A question that nobody answers: its port is nobody's.
    fn question(about: Option<ObjectKey>) -> Question {
        let destination = Destination {
            url: "https://127.0.0.1:1/x".to_owned(),
            host: "127.0.0.1".to_owned(),
            path: "/x".to_owned(),
            connect: ("127.0.0.1".to_owned(), 1),
            authority: None,
        };
        Question {
            id: "x".to_owned(),
            about,
            destination,
            timeout_seconds: 5,
            body: "{}".into(),
        }
    }

    #[tokio::test]
    async fn that_somebody_is_left_alone_is_told_once_and_why() {
        let (sender, mut notices) = mpsc::channel(8);
        let client = WebhookClient::new(Arc::new(SystemClock::default())).telling(sender);
        let resource = GroupResource::new("g", "hooks");
        let about = ObjectKey::new(resource, "", "locked");
        for round in 1..FAILURES + 3 {
            assert!(client.ask(&question(Some(about.clone()))).await.is_err());
            let told = notices.try_recv();
            assert_eq!(told.is_ok(), round == FAILURES, "round {round}");
            if let Ok(notice) = told {
                assert_eq!(notice.about, about);
                assert!(notice.why.is_some_and(|why| !why.is_empty()));
            }
        }
    }

    #[tokio::test]
    async fn of_what_belongs_to_nobody_nothing_is_told() {
        let (sender, mut notices) = mpsc::channel(8);
        let client = WebhookClient::new(Arc::new(SystemClock::default())).telling(sender);
        for _ in 0..FAILURES + 3 {
            assert!(client.ask(&question(None)).await.is_err());
        }
        assert!(notices.try_recv().is_err());
    }
}
