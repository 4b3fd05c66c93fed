//! Sends events to a webhook, many at once.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gantry_client::kubeconfig::Overrides;
use gantry_client::remote::JSON;
use gantry_client::{Call, Kubeconfig, Remote};
use http::Method;
use tokio::time::{sleep, timeout};

use crate::backlog::{Backlog, Counts, Line};
use crate::error::AuditError;
use crate::limits::{PAUSE_MAX, SENDING, SENDINGS, WEBHOOK_BACKLOG_BYTES};

/// Where events are sent, and how many at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookConfig {
    /// A kubeconfig file that says where it is, and as whom to speak to it.
    pub file: PathBuf,
    /// How many events may wait to be sent.
    pub backlog: usize,
    /// How many are sent at once.
    pub batch: usize,
    /// How long the first of them waits for others.
    pub wait: Duration,
    /// The pause before a batch is sent again; each further one is half as long again.
    pub backoff: Duration,
    /// How many batches are sent in a second; 0 for as many as there are.
    pub rate: u32,
}

impl WebhookConfig {
    /// The usual sizes and times.
    #[must_use]
    pub const fn new(file: PathBuf) -> Self {
        Self {
            file,
            backlog: 10_000,
            batch: 400,
            wait: Duration::from_secs(30),
            backoff: Duration::from_secs(10),
            rate: 10,
        }
    }
}

/// Who sends.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) backlog: Arc<Backlog>,
    pub(crate) counts: Arc<Counts>,
    remote: Remote,
    config: WebhookConfig,
}

impl Webhook {
    pub(crate) fn open(config: &WebhookConfig) -> Result<Self, AuditError> {
        let path = || config.file.clone();
        let wrong = |source| AuditError::Webhook {
            path: path(),
            source: Box::new(source),
        };
        let file = Kubeconfig::load(Some(&config.file)).map_err(wrong)?;
        let endpoint = file.endpoint(&Overrides::default()).map_err(wrong)?;
        let remote = Remote::new(endpoint, "gantry-audit");
        Ok(Self {
            backlog: Arc::new(Backlog::new(WEBHOOK_BACKLOG_BYTES, config.backlog)),
            counts: Arc::new(Counts::default()),
            remote: remote.map_err(|source| AuditError::Credentials {
                path: path(),
                source: Box::new(source),
            })?,
            config: config.clone(),
        })
    }

    /// Sends until nothing more comes and all is sent.
    pub(crate) async fn run(&self) {
        loop {
            let (count, is_closed) = self.backlog.state();
            if count == 0 {
                if is_closed {
                    return;
                }
                self.backlog.came().await;
                continue;
            }
            if count < self.config.batch && !is_closed {
                self.gather().await;
            }
            let lines = self.backlog.take(WEBHOOK_BACKLOG_BYTES, self.config.batch);
            self.send(&lines).await;
            if self.config.rate > 0 {
                sleep(Duration::from_secs(1) / self.config.rate).await;
            }
        }
    }

    /// Resolves when a batch is whole, or its first event waited long enough.
    async fn gather(&self) {
        let whole = async {
            loop {
                let came = self.backlog.came();
                let (count, is_closed) = self.backlog.state();
                if self.config.batch <= count || is_closed {
                    return;
                }
                came.await;
            }
        };
        gantry_base::ignore(
            timeout(self.config.wait, whole).await,
            "a batch need not be whole",
        );
    }

    /// Sends a batch, more than once if need be.
    async fn send(&self, lines: &[Line]) {
        let items: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
        let list = format!(
            "{{\"kind\":\"EventList\",\"apiVersion\":\"audit.k8s.io/v1\",\"metadata\":{{}},\
             \"items\":[{}]}}",
            items.join(",")
        );
        let mut pause = self.config.backoff;
        for attempt in 1..=SENDINGS {
            let call = Call::new(Method::POST, "").body(list.clone(), JSON);
            let why = match timeout(SENDING, self.remote.stream(call)).await {
                Ok(Ok(_)) => return,
                Ok(Err(error)) => gantry_base::chain(&error),
                Err(_) => format!("no answer within {}s", SENDING.as_secs()),
            };
            self.counts.failed("send to the audit webhook", &why);
            if attempt < SENDINGS {
                sleep(pause).await;
                pause = (pause * 3 / 2).min(PAUSE_MAX);
            }
        }
        self.counts
            .lost(lines.len(), "the audit webhook does not take them");
    }
}
