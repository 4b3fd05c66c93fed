//! Whose requests waited for whose, under the names of kube-apiserver.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use gantry_access::flow::{Class, Figures, Refusal};

use crate::filters::fairness::Fairness;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Labels {
    priority_level: Arc<String>,
    flow_schema: Arc<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    #[prometheus(flatten)]
    labels: Labels,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Waited {
    #[prometheus(flatten)]
    labels: Labels,
    execute: &'static str,
}

#[derive(Clone, Debug)]
struct Seconds;

impl MetricConstructor<Histogram> for Seconds {
    fn new_metric(&self) -> Histogram {
        Histogram::new([
            0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0,
        ])
    }
}

/// What is counted of requests as they come and go.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    dispatched: Family<Labels, Counter<u64, AtomicU64>>,
    refused: Family<Refused, Counter<u64, AtomicU64>>,
    executing: Family<Labels, Gauge<i64, AtomicI64>>,
    queued: Family<Labels, Gauge<i64, AtomicI64>>,
    waited: Family<Waited, Histogram, Seconds>,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            dispatched: Family::default(),
            refused: Family::default(),
            executing: Family::default(),
            queued: Family::default(),
            waited: Family::new_with_constructor(Seconds),
        }
    }
}

impl Labels {
    pub(crate) fn of(class: &Class<'_>) -> Self {
        Self {
            priority_level: Arc::clone(&class.level.name),
            flow_schema: Arc::clone(&class.schema.name),
        }
    }
}

/// Counts as waiting for as long as it lives.
#[derive(Debug)]
pub(crate) struct Queued(Gauge<i64, AtomicI64>);

impl Drop for Queued {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Counts {
    pub(crate) fn dispatched(&self, labels: &Labels) {
        self.dispatched.get_or_create(labels).inc();
    }

    pub(crate) fn refused(&self, labels: &Labels, refusal: Refusal) {
        let refused = Refused {
            labels: labels.clone(),
            reason: refusal.word(),
        };
        self.refused.get_or_create(&refused).inc();
    }

    pub(crate) fn began(&self, labels: &Labels) {
        self.executing.get_or_create(labels).inc();
    }

    pub(crate) fn ended(&self, labels: &Labels) {
        self.executing.get_or_create(labels).dec();
    }

    pub(crate) fn queued(&self, labels: &Labels) -> Queued {
        let gauge = self.queued.get_or_create_owned(labels);
        gauge.inc();
        Queued(gauge)
    }

    pub(crate) fn waited(&self, labels: &Labels, waited: Duration, executes: bool) {
        let labels = Waited {
            labels: labels.clone(),
            execute: if executes { "true" } else { "false" },
        };
        let seconds = waited.as_secs_f64();
        self.waited.get_or_create(&labels).observe(seconds);
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "apiserver_flowcontrol_dispatched_requests",
            "Requests whose turn came",
            self.dispatched.clone(),
        );
        registry.register(
            "apiserver_flowcontrol_rejected_requests",
            "Requests that were sent away",
            self.refused.clone(),
        );
        registry.register(
            "apiserver_flowcontrol_current_executing_requests",
            "Requests that have seats",
            self.executing.clone(),
        );
        registry.register(
            "apiserver_flowcontrol_current_inqueue_requests",
            "Requests that wait",
            self.queued.clone(),
        );
        registry.register(
            "apiserver_flowcontrol_request_wait_duration_seconds",
            "How long requests waited in a queue",
            self.waited.clone(),
        );
    }
}

/// How levels stand, looked up when somebody asks.
#[derive(Debug)]
pub(crate) struct Levels(pub(crate) Arc<Fairness>);

type Figure = (&'static str, &'static str, fn(&Figures) -> u32);

const FIGURES: [Figure; 4] = [
    (
        "apiserver_flowcontrol_nominal_limit_seats",
        "Seats of a level's own",
        |all| all.nominal,
    ),
    (
        "apiserver_flowcontrol_lower_limit_seats",
        "Seats that a level lends to nobody",
        |all| all.least,
    ),
    (
        "apiserver_flowcontrol_upper_limit_seats",
        "Seats that a level has at most",
        |all| all.most,
    ),
    (
        "apiserver_flowcontrol_current_executing_seats",
        "Seats that a level's requests have",
        |all| all.seats,
    ),
];

impl Collector for Levels {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let all = self.0.figures();
        for (name, help, figure) in FIGURES {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (level, figures) in &all {
                let labels = [("priority_level", level.as_str())];
                let value = ConstGauge::new(i64::from(figure(figures)));
                value.encode(metric.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
