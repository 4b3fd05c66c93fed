//! The embedded low-level runtime: from a container's specification to a running process.
//!
//! A [`shim`] per pod holds the pod's namespaces, starts its containers, keeps their output and
//! records how they ended. It is the same binary, run again, and outlives the agent. The agent
//! talks to it over a socket, in the words of [`protocol`]. [`plan`] decides, purely, what a new
//! process has to do; the private modules do it.

mod capabilities;
pub mod cgroups;
mod failure;
mod init;
pub mod limits;
mod logs;
mod mounts;
pub mod orphans;
pub mod paths;
pub mod plan;
pub mod protocol;
pub mod records;
mod root;
mod seccomp;
pub mod shim;
mod spec;
mod sys;
mod user;

pub use capabilities::UnknownCapability;
pub use failure::{StartFailure, StartFailureKind};
pub use logs::rotated;
pub use spec::{ContainerSpec, ImageConfig, SpecError};
