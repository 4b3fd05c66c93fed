//! What bounds the controllers' plans.

use std::time::Duration;

/// Pods created by one plan: a bad template is noticed before it has been tried a thousand times.
pub const CREATE_BURST: usize = 500;
/// Endpoints in one slice: a change of one endpoint rewrites at most so many.
pub const SLICE_ENDPOINTS: usize = 100;
/// Addresses in one Endpoints object; what exceeds it is left out, and an annotation says so.
pub const ENDPOINTS_ADDRESSES: usize = 1000;
/// Objects deleted by one plan of the namespace controller; the rest follows in the next.
pub const DELETE_BURST: usize = 500;
/// How long an Event is kept after it happened last.
pub const EVENT_LIFE: Duration = Duration::from_secs(3600);
/// How long a node may be silent before nothing is known of it.
pub const NODE_GRACE: Duration = Duration::from_secs(40);
/// How often it is looked whether a node has renewed its lease.
pub const NODE_LOOK: Duration = Duration::from_secs(10);
/// How long an evicted pod counts as gone although nobody has seen it go.
pub const EVICTION_SEEN: Duration = Duration::from_secs(120);
/// How long a request for a certificate stays after it was decided.
pub const DECIDED_REQUEST_LIFE: Duration = Duration::from_secs(3600);
/// How long a request for a certificate waits for a decision.
pub const PENDING_REQUEST_LIFE: Duration = Duration::from_secs(24 * 3600);
/// How long certificates of the cluster's signers are good, unless less is asked for.
pub const CERTIFICATE_LIFE: Duration = Duration::from_secs(365 * 24 * 3600);
