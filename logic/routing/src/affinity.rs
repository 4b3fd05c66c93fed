//! How long a client stays with one endpoint.
//!
//! Reads `sessionAffinity` of a Service; the only place that knows the default timeout.

use k8s_openapi::api::core::v1::ServiceSpec;

/// Three hours: what the API promises when a Service asks for affinity and names no timeout.
const TIMEOUT_DEFAULT_SECONDS: u32 = 10_800;

/// The affinity timeout in seconds, or none when any connection may go to any endpoint.
pub(crate) fn affinity(spec: &ServiceSpec) -> Option<u32> {
    if spec.session_affinity.as_deref() != Some("ClientIP") {
        return None;
    }
    let configured = spec
        .session_affinity_config
        .as_ref()
        .and_then(|config| config.client_ip.as_ref()?.timeout_seconds)
        .and_then(|seconds| u32::try_from(seconds).ok())
        .filter(|&seconds| 0 < seconds);
    Some(configured.unwrap_or(TIMEOUT_DEFAULT_SECONDS))
}
