//! Containers as the node sees them.
//!
//! [`Runtime`] is the seam; [`Embedded`] stands behind it with a shim per pod. This crate decides
//! nothing about pods: what is run, stopped or restarted is the kubelet's to say.

mod changes;
mod client;
mod embedded;
mod error;
mod logs;
mod rootfs;
mod runtime;
mod streams;
mod sys;
mod terminal;

pub use changes::Changes;
pub use embedded::{Embedded, EmbeddedConfig};
pub use error::RuntimeError;
pub use gantry_oci::ImageConfig;
pub use gantry_oci::shim::main as shim_main;
pub use logs::{LogLine, LogReader};
pub use rootfs::{ImageError, ImageRootfs, RootfsSource};
pub use runtime::{Attach, Duplex, Exec, Reply, Runtime};
pub use streams::{Streams, TerminalSize};
