//! How long things are valid, and how large they may be.

use std::time::Duration;

const DAY: Duration = Duration::from_hours(24);

/// The authority outlives every machine that trusts it; replacing it means touching every client.
pub const AUTHORITY_LIFETIME: Duration = DAY.saturating_mul(3650);
/// The server renews its own certificate at half of this, while it runs.
pub const SERVING_LIFETIME: Duration = DAY.saturating_mul(365);
/// No client certificate lives longer, so that revocations can be forgotten after this time. Longer
/// wishes are cut to this.
pub const CLIENT_LIFETIME: Duration = DAY.saturating_mul(365);
/// The administrator's kubeconfig opens everything, so a lost copy must soon be worthless.
pub const ADMIN_LIFETIME: Duration = DAY.saturating_mul(30);
/// How far certificates reach into the past, for machines whose clocks are a little behind.
pub const CLOCK_SKEW: Duration = Duration::from_mins(5);
/// A token or key file that is larger than this is not one of ours.
pub const FILE_BYTES: u64 = 64 * 1024;
/// Keys of an issuer that are looked at; those beyond do not count.
pub const FOREIGN_KEYS: usize = 100;
/// Longer tokens are refused before anything of them is decoded.
pub const TOKEN_BYTES: usize = 16 * 1024;
