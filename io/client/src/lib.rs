//! Talking to an API server, in the same process or over the network.
//!
//! Callers hold an [`Api`] and do not know which of the two it is. Nothing here retries: whoever
//! asks knows whether asking again makes sense.

pub mod api;
pub mod kubeconfig;
mod local;
pub mod paths;
pub mod remote;
pub mod requests;

pub use api::{Api, Frames, Pending};
pub use kubeconfig::Kubeconfig;
pub use local::Local;
pub use remote::{Call, Remote, RemoteError};
pub use requests::{Access, decode};
