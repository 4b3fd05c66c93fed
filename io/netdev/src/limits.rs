//! The bounds of this crate, and why they are what they are.

/// Clients that a cluster's sticky services remember at once. Beyond it a new client gets any
/// endpoint and is not remembered; 65,536 clients cost the kernel about 10 MB.
pub(crate) const STICKY_CLIENTS: u32 = 65_536;

/// Elements of a map go to the kernel in pieces, because an attribute ends at 64 KiB.
pub(crate) const ELEMENT_BYTES: usize = 48 * 1024;

/// Names of links end here, by the kernel's choice.
pub(crate) const LINK_NAME_BYTES: usize = 15;
