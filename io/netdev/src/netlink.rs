//! Messages to and from the kernel, as bytes.
//!
//! Knows how netlink frames messages and attributes, and nothing of what they mean; that is in
//! [`crate::rtnetlink`], [`crate::filter`] and [`crate::conntrack`]. Everything that is received is
//! parsed with bounds checks: a malformed message yields nothing, it never panics.

pub(crate) mod message;
pub(crate) mod parse;
pub(crate) mod socket;

pub(crate) use message::{Flags, Message};
pub(crate) use parse::{Attributes, Received};
pub(crate) use socket::{Family, NetlinkError, Socket};
