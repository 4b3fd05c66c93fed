//! The vocabulary of the one loop: observe a world, decide on a plan, let someone act.
//!
//! Everything here is a value or a pure function of values; the loop itself, with its clock and its
//! client, is the driver's. Nothing in this crate waits.

pub mod defined;
pub mod lease;
pub mod plan;
pub mod queue;
pub mod reconciler;
pub mod sources;
pub mod view;
pub mod write;

pub use defined::{Defined, defined};
pub use lease::{Election, Moment, Timing};
pub use plan::{Plan, Reason};
pub use queue::{Next, Queue};
pub use reconciler::{Awaits, Controller, Reconciler};
pub use sources::Sources;
pub use view::{Cached, Outline, View, Watched};
pub use write::{EventNote, Write};
