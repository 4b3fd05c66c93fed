//! What is counted, under the names that Prometheus users know from kube-apiserver.
//!
//! Requests are counted here, and loops in their record. Nothing is estimated: what is not measured has no metric.

mod events;
pub(crate) mod flow;
mod labels;
mod objects;
mod process;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use http::Response;
use hyper::body::Body as _;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use gantry_audit::Audit;
use gantry_base::Timestamp;
use gantry_base::time::since;
use gantry_driver::Record;
use gantry_gateway::Gateway;

use crate::body::{self, Body};
use crate::filters::fairness::Fairness;
use crate::front::code;

pub(crate) use labels::{Asked, Labels, asked, labels};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    #[prometheus(flatten)]
    labels: Labels,
    code: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    request_kind: &'static str,
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) labels: Labels,
    pub(crate) begun: Timestamp,
}

#[derive(Clone, Debug)]
struct Seconds;

impl MetricConstructor<Histogram> for Seconds {
    fn new_metric(&self) -> Histogram {
        Histogram::new([
            0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
            60.0,
        ])
    }
}

#[derive(Clone, Debug)]
struct Bytes;

impl MetricConstructor<Histogram> for Bytes {
    fn new_metric(&self) -> Histogram {
        Histogram::new([1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9])
    }
}

/// The counters of the front.
pub(crate) struct Metrics {
    registry: Registry,
    total: Family<Outcome, Counter<u64, AtomicU64>>,
    duration: Family<Labels, Histogram, Seconds>,
    sizes: Family<Labels, Histogram, Bytes>,
    inflight: Family<Kind, Gauge<i64, AtomicI64>>,
    longrunning: Family<Labels, Gauge<i64, AtomicI64>>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Counters of requests, beside what loops have counted and what can be looked up when somebody
    /// asks: the store's objects, and this process.
    pub(crate) fn new(
        (record, audit): (&Record, Option<Arc<Audit>>),
        gateway: &Gateway,
        fairness: &Arc<Fairness>,
        version: &str,
    ) -> Self {
        let mut registry = Registry::default();
        record.register(&mut registry);
        let total = Family::default();
        let duration = Family::new_with_constructor(Seconds);
        let sizes = Family::new_with_constructor(Bytes);
        let inflight = Family::default();
        let longrunning = Family::default();
        registry.register("apiserver_request", "Requests answered", total.clone());
        registry.register(
            "apiserver_request_duration_seconds",
            "Time until the answer began",
            duration.clone(),
        );
        registry.register(
            "apiserver_response_sizes",
            "Bytes of answers that were ready when they began",
            sizes.clone(),
        );
        registry.register(
            "apiserver_current_inflight_requests",
            "Requests under way that are answered at once",
            inflight.clone(),
        );
        registry.register(
            "apiserver_longrunning_requests",
            "Watches and conversations with pods that are open",
            longrunning.clone(),
        );
        registry.register(
            "kubernetes_build",
            "What is running",
            Info::new(vec![("git_version", version.to_owned())]),
        );
        fairness.counts().register(&mut registry);
        registry.register_collector(Box::new(flow::Levels(Arc::clone(fairness))));
        registry.register_collector(Box::new(objects::Objects(gateway.clone())));
        registry.register_collector(Box::new(process::Process));
        if let Some(audit) = audit {
            registry.register_collector(Box::new(events::Events(audit)));
        }
        Self {
            registry,
            total,
            duration,
            sizes,
            inflight,
            longrunning,
        }
    }

    /// Counts a request as under way.
    pub(crate) fn begin(&self, labels: Labels, now: Timestamp) -> Running {
        if !labels.is_long() {
            self.inflight.get_or_create(&kind(&labels)).inc();
        }
        Running { labels, begun: now }
    }

    /// Counts a request as answered. One that goes on for long counts as open until its body ends.
    pub(crate) fn end(
        &self,
        running: Running,
        response: Response<Body>,
        now: Timestamp,
    ) -> Response<Body> {
        let Running { labels, begun } = running;
        let status = response.status();
        let response = if labels.is_long() {
            self.held_open(&labels, response)
        } else {
            self.inflight.get_or_create(&kind(&labels)).dec();
            self.duration
                .get_or_create(&labels)
                .observe(since(now, begun).as_secs_f64());
            if let Some(bytes) = response.body().size_hint().exact() {
                let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
                self.sizes.get_or_create(&labels).observe(bytes.into());
            }
            response
        };
        let outcome = Outcome {
            labels,
            code: code(status),
        };
        self.total.get_or_create(&outcome).inc();
        response
    }

    fn held_open(&self, labels: &Labels, response: Response<Body>) -> Response<Body> {
        let gauge = self.longrunning.get_or_create_owned(labels);
        let open = Arc::new(Open::new(gauge));
        response.map(|body| body::holding(body, open))
    }

    /// The text that Prometheus reads.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)
            .expect("writing to a string succeeds");
        text
    }
}

/// Counts as one for as long as it lives.
#[derive(Debug)]
struct Open(Gauge<i64, AtomicI64>);

impl Open {
    fn new(gauge: Gauge<i64, AtomicI64>) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn kind(labels: &Labels) -> Kind {
    Kind {
        request_kind: if labels.reads() {
            "readOnly"
        } else {
            "mutating"
        },
    }
}
