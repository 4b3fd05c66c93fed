//! How many objects of each resource are stored, counted when somebody asks.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use gantry_gateway::Gateway;

#[derive(Debug)]
pub(super) struct Objects(pub(super) Gateway);

impl Collector for Objects {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut metric = encoder.encode_descriptor(
            "apiserver_storage_objects",
            "Objects that are stored, by resource",
            None,
            MetricType::Gauge,
        )?;
        for (resource, count) in self.0.objects() {
            let labels = [("resource", resource.to_string())];
            let count = ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
            count.encode(metric.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
