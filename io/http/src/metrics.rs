//! What is counted of requests, under the names that Prometheus users know.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64};

use http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use gantry_base::Timestamp;
use gantry_base::time::since;

use crate::front::code;

/// What tells requests apart: the method and the resource, never a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Labels {
    verb: String,
    resource: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    verb: String,
    resource: String,
    code: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    request_kind: String,
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
            0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
        ])
    }
}

/// The counters of the front.
pub(crate) struct Metrics {
    registry: Registry,
    total: Family<Outcome, Counter<u64, AtomicU64>>,
    duration: Family<Labels, Histogram, Seconds>,
    inflight: Family<Kind, Gauge<i64, AtomicI64>>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let total = Family::default();
        let duration = Family::new_with_constructor(Seconds);
        let inflight = Family::default();
        registry.register("apiserver_request", "Requests answered", total.clone());
        registry.register(
            "apiserver_request_duration_seconds",
            "Time until the answer began",
            duration.clone(),
        );
        registry.register(
            "apiserver_current_inflight_requests",
            "Requests under way",
            inflight.clone(),
        );
        Self {
            registry,
            total,
            duration,
            inflight,
        }
    }
}

impl Metrics {
    /// Counts a request as under way. Its labels come from what is served, never from what a client
    /// made up, so that their number is bounded.
    pub(crate) fn begin(
        &self,
        method: &Method,
        path: &str,
        is_served: impl FnOnce(&str) -> bool,
        now: Timestamp,
    ) -> Running {
        let verb = verb(method);
        self.inflight.get_or_create(&kind(verb)).inc();
        let plural = resource(path);
        Running {
            labels: Labels {
                verb: verb.to_owned(),
                resource: if is_served(plural) { plural } else { "" }.to_owned(),
            },
            begun: now,
        }
    }

    pub(crate) fn end(&self, labels: Labels, status: StatusCode, begun: Timestamp, now: Timestamp) {
        self.inflight.get_or_create(&kind(&labels.verb)).dec();
        self.duration
            .get_or_create(&labels)
            .observe(since(now, begun).as_secs_f64());
        let outcome = Outcome {
            verb: labels.verb,
            resource: labels.resource,
            code: code(status),
        };
        self.total.get_or_create(&outcome).inc();
    }

    /// The text that Prometheus reads.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)
            .expect("writing to a string succeeds");
        text
    }
}

fn verb(method: &Method) -> &'static str {
    match method.as_str() {
        "DELETE" => "DELETE",
        "GET" => "GET",
        "HEAD" => "HEAD",
        "PATCH" => "PATCH",
        "POST" => "POST",
        "PUT" => "PUT",
        _ => "OTHER",
    }
}

fn kind(verb: &str) -> Kind {
    let reads = matches!(verb, "GET" | "HEAD");
    Kind {
        request_kind: if reads { "readOnly" } else { "mutating" }.to_owned(),
    }
}

/// The resource that a path seems to be about; empty for all that is none.
fn resource(path: &str) -> &str {
    let mut parts = path.split('/').skip(1);
    let behind = match parts.next() {
        Some("api") => parts.nth(1),
        Some("apis") => parts.nth(2),
        Some(_) | None => None,
    };
    match behind {
        Some("namespaces") => match (parts.next(), parts.next()) {
            (Some(_), Some(inside)) => inside,
            _ => "namespaces",
        },
        Some(plural) => plural,
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_make_up_is_no_label() {
        let metrics = Metrics::default();
        let begin = |method: &[u8], path: &str| {
            let method = Method::from_bytes(method).unwrap();
            let running = metrics.begin(&method, path, |plural| plural == "pods", Timestamp::MIN);
            (running.labels.verb, running.labels.resource)
        };
        let labels = |verb: &str, resource: &str| (verb.to_owned(), resource.to_owned());
        assert_eq!(
            begin(b"GET", "/api/v1/namespaces/a/pods/b"),
            labels("GET", "pods")
        );
        assert_eq!(begin(b"MADEUP", "/apis/x/v1/nonsense"), labels("OTHER", ""));
        assert_eq!(begin(b"GET", "/healthz"), labels("GET", ""));
    }
}
