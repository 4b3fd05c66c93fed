//! Pods' directories on a node: their volumes, and parts of volumes, from nothing to nothing.
//!
//! What a volume holds is decided elsewhere; here it is put in place, replaced in one step, and
//! taken away again. Every call blocks shortly, may be repeated, and finds what an earlier process
//! left. No path that a user wrote is followed out of the volume that it belongs to.

mod content;
mod error;
mod host;
mod mounts;
mod sub_path;
mod volumes;

pub use error::VolumeError;
pub use volumes::{Part, Volumes};
