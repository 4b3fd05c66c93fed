//! What became of the events that are written down, by who writes them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;

use gantry_audit::{Audit, Counts};

#[derive(Debug)]
pub(super) struct Events(pub(super) Arc<Audit>);

/// One count: its name, what it means, and where it is.
type Counted = (&'static str, &'static str, fn(&Counts) -> &AtomicU64);

const ALL: [Counted; 3] = [
    (
        "apiserver_audit_event",
        "Audit events that were to be written or sent",
        |counts| &counts.told,
    ),
    (
        "apiserver_audit_error",
        "Audit events that were lost",
        |counts| &counts.lost,
    ),
    (
        "apiserver_audit_failure",
        "Times that writing or sending audit events failed",
        |counts| &counts.failures,
    ),
];

impl Collector for Events {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for (name, help, count) in ALL {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for (plugin, counts) in self.0.counts() {
                let labels = [("plugin", plugin)];
                let count = ConstCounter::new(count(counts).load(Ordering::Relaxed));
                count.encode(metric.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
