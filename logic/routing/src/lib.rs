//! Services and endpoints to packet rules; pod addresses.
//!
//! [`fn@ruleset`] reads Services and EndpointSlices and says, as one value, what a node's packet filter
//! must do. [`fn@difference`] finds the fewest changes that get there from what is installed.
//! [`AddressPool`] chooses pod addresses. Nothing here touches the kernel: that is `io/netdev`.

mod addresses;
mod affinity;
mod cidr;
mod difference;
mod ruleset;
mod services;

pub use addresses::{AddressPool, Exhausted};
pub use cidr::{Cidr, CidrError};
pub use difference::{
    Changes, Edit, Entry, Installed, Kept, Seat, Shape, Slot, Step, Verdict, difference,
};
pub use ruleset::{Balance, Endpoint, Frontend, Masquerade, Protocol, Ruleset, Treatment};
pub use services::{HostPort, LocalNode, ruleset};
