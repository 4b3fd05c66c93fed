//! The seam between the rules and whatever carries them out.

use gantry_routing::Ruleset;

use crate::netlink::NetlinkError;
use crate::network::Reply;
use crate::sysctl::SysctlError;

/// Turns service addresses into pod addresses.
pub trait Dataplane: Send + Sync {
    /// Makes the rules exactly `rules`, in one step that no packet can see half of.
    ///
    /// Connections that exist go on to the endpoint they have. The network must have been set up.
    /// When the packet filter refuses, the rules are what they were before.
    fn replace(&self, rules: Ruleset) -> Reply<'_, Applied, DataplaneError>;

    /// Takes all rules away. Succeeds if there are none.
    fn remove(&self) -> Reply<'_, (), DataplaneError>;
}

/// What a replacement came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// How many bytes of changes the kernel was given; zero when nothing had to change.
    pub bytes: usize,
    /// Whether everything was made anew, because this process had not done so yet or because
    /// somebody else had removed it.
    pub rebuilt: bool,
    /// How many remembered UDP flows were forgotten, since they led to endpoints that are gone.
    pub forgotten: usize,
}

/// Why the rules are not what they should be.
#[derive(Debug, thiserror::Error)]
pub enum DataplaneError {
    /// The packet filter refused, and everything is as it was.
    #[error("change packet-filter table {table}")]
    Filter {
        /// The table's name.
        table: String,
        /// Why not.
        source: NetlinkError,
    },
    /// The rules are in place, but node ports do not answer on loopback addresses.
    #[error("answer for loopback addresses over bridge {bridge}")]
    Loopback {
        /// The bridge's name.
        bridge: String,
        /// Why not.
        source: SysctlError,
    },
    /// The rules are in place, but flows to endpoints that are gone could not be forgotten.
    #[error("forget UDP flows to endpoints that are gone")]
    Flows(#[source] NetlinkError),
    /// The process is shutting down.
    #[error("finish the work of a stopping process")]
    Stopping,
}
