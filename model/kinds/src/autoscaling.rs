//! What sets the size of workloads. Both versions are served over one storage.

mod horizontal_pod_autoscaler;

pub use horizontal_pod_autoscaler::{CpuAutoscalers, HorizontalPodAutoscalers};
