//! Things the standard library lacks, one idea per file.
//!
//! Nothing here knows what Kubernetes is beyond its small notations: quantities, selectors, names,
//! field paths, times and schedules. This crate opens nothing and reads no clock.

pub mod backoff;
pub mod cidr;
pub mod cron;
pub mod entropy;
pub mod hash;
pub mod name;
pub mod pairs;
pub mod path;
pub mod quantity;
pub mod selector;
pub mod suggest;
pub mod time;
pub mod zone;

pub use cidr::Cidr;
pub use entropy::Entropy;
pub use pairs::Pairs;
pub use path::FieldPath;
pub use quantity::Quantity;
pub use time::Timestamp;

/// Drops a result on purpose. The reason is for the reader; it says why dropping is right.
pub fn ignore<T, E>(result: Result<T, E>, reason: &'static str) {
    drop((result, reason));
}

/// Joins an error and its sources with colons. This is the only place that formats chains.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
