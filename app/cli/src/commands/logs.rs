//! `logs`: what containers have said, and go on saying.

use clap::Args;
use gantry_client::Call;
use gantry_client::remote::Body;

use crate::failure::{Failure, said};
use crate::limits::LOG_STREAMS_MAX;
use crate::objects::{self, Found};
use crate::pods;
use crate::session::{Session, duration};
use gantry_client::paths::Query;

/// How many lines of each pod are shown when several are selected.
const TAIL_OF_MANY: i64 = 10;

/// Print the logs for a container in a pod
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Logs {
    /// The pod, or something that has pods
    pod: Option<String>,
    /// The container
    container_name: Option<String>,
    /// Print the logs of this container
    #[arg(short, long)]
    container: Option<String>,
    /// Get all containers' logs in the pod(s)
    #[arg(long)]
    all_containers: bool,
    /// Get logs from all pod(s)
    #[arg(long)]
    all_pods: bool,
    /// Specify if the logs should be streamed
    #[arg(short, long)]
    follow: bool,
    /// If true, print the logs for the previous instance of the container
    #[arg(short, long)]
    previous: bool,
    /// Lines of recent log file to display
    #[arg(long, allow_hyphen_values = true)]
    tail: Option<i64>,
    /// Only return logs newer than a relative duration like 5s, 2m, or 3h
    #[arg(long)]
    since: Option<String>,
    /// Only return logs after a specific date (RFC3339)
    #[arg(long)]
    since_time: Option<String>,
    /// Include timestamps on each line in the log output
    #[arg(long)]
    timestamps: bool,
    /// Maximum bytes of logs to return
    #[arg(long)]
    limit_bytes: Option<u64>,
    /// Prefix each log line with the log source
    #[arg(long)]
    prefix: bool,
    /// Selector (label query) to filter on
    #[arg(short = 'l', long)]
    selector: Option<String>,
    /// If watching / following pod logs, allow for any errors that occur to be non-fatal
    #[arg(long)]
    ignore_errors: bool,
    /// Maximum number of concurrent logs to follow when using by a selector
    #[arg(long, default_value_t = LOG_STREAMS_MAX)]
    max_log_requests: usize,
}

impl Logs {
    /// Everything one container has said so far.
    pub(crate) fn whole() -> Self {
        Self::default()
    }

    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        let mut sources = Vec::new();
        for pod in self.pods(session).await? {
            for container in self.containers(session, &pod)? {
                sources.push((pod.clone(), container));
            }
        }
        if self.follow && sources.len() > self.max_log_requests {
            return said(format!(
                "you are attempting to follow {} log streams, but maximum allowed concurrency is \
                 {}, use --max-log-requests to increase the limit",
                sources.len(),
                self.max_log_requests
            ));
        }
        if self.follow && sources.len() > 1 {
            let streams = sources
                .iter()
                .map(|(pod, container)| self.show(session, pod, container));
            futures_util::future::try_join_all(streams).await?;
            return Ok(());
        }
        for (pod, container) in &sources {
            match self.show(session, pod, container).await {
                Err(failure) if self.ignore_errors && failure.refusal().is_some() => {
                    session.out.remark(failure.sentence());
                }
                shown => shown?,
            }
        }
        Ok(())
    }

    async fn pods(&self, session: &Session) -> Result<Vec<Found>, Failure> {
        if let Some(selector) = &self.selector {
            if self.pod.is_some() {
                return said("only a selector (-l) or a POD name is allowed");
            }
            let query = Query::default().with("labelSelector", selector);
            let namespace = session.namespace().await?;
            let pods =
                objects::list(session, pods::resource(session).await?, &namespace, &query).await?;
            if pods.is_empty() {
                session
                    .out
                    .remark(format!("No resources found in {namespace} namespace."));
            }
            return Ok(pods);
        }
        let Some(name) = &self.pod else {
            return said(
                "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a \
                 required argument for the logs command\nSee 'kubectl logs -h' for help and examples",
            );
        };
        let mut pods = pods::meant(session, name).await?;
        if pods.len() > 1 && !self.all_pods {
            session.out.remark(format!(
                "Found {} pods, using pod/{}",
                pods.len(),
                pods[0].name()
            ));
            pods.truncate(1);
        }
        Ok(pods)
    }

    fn containers(&self, session: &Session, pod: &Found) -> Result<Vec<String>, Failure> {
        if self.all_containers {
            return Ok(pods::containers(&pod.object, true));
        }
        let given = self.container.as_deref().or(self.container_name.as_deref());
        if self.selector.is_some() && given.is_none() {
            return Ok(pods::containers(&pod.object, false)
                .into_iter()
                .take(1)
                .collect());
        }
        Ok(vec![pods::container(session, pod, given)?])
    }

    /// The log of one container.
    pub(crate) async fn show(
        &self,
        session: &Session,
        pod: &Found,
        container: &str,
    ) -> Result<(), Failure> {
        let mut body = self.open(session, pod, container).await?;
        if !self.prefix {
            while let Some(piece) = body.chunk().await? {
                session.out.write(piece)?;
                session.out.flush()?;
            }
            return Ok(());
        }
        let mut lines = body.lines();
        while let Some(line) = lines.next().await? {
            let line = String::from_utf8_lossy(&line);
            session
                .out
                .line(format!("[pod/{}/{container}] {line}", pod.name()))?;
            session.out.flush()?;
        }
        Ok(())
    }

    async fn open(&self, session: &Session, pod: &Found, container: &str) -> Result<Body, Failure> {
        let tail = match self.tail {
            Some(lines) if lines >= 0 => lines.to_string(),
            None if self.selector.is_some() => TAIL_OF_MANY.to_string(),
            _ => String::new(),
        };
        let since = match &self.since {
            Some(since) if since != "0" => duration(since)?.as_secs().max(1).to_string(),
            _ => String::new(),
        };
        let limit = self.limit_bytes.map(|limit| limit.to_string());
        let query = Query::default()
            .with("container", container)
            .flag("follow", self.follow)
            .flag("previous", self.previous)
            .flag("timestamps", self.timestamps)
            .with("tailLines", &tail)
            .with("sinceSeconds", &since)
            .with("sinceTime", self.since_time.as_deref().unwrap_or_default())
            .with("limitBytes", &limit.unwrap_or_default());
        let call = Call::get(query.on(&format!("{}/log", pod.path())));
        session.stream(call.accept("application/json, */*")).await
    }
}
