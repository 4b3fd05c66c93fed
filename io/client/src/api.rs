//! What can be asked of an API server, wherever it runs.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use gantry_api::Rejection;
use gantry_registry::Request;

/// A future that may be sent to another thread.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An API server, seen by one caller.
pub trait Api: fmt::Debug + Send + Sync {
    /// Answers a request with its body, or says why not. The caller in the request is replaced by
    /// the one this connection belongs to.
    fn call(&self, request: Request) -> Pending<'_, Result<Bytes, Rejection>>;

    /// Follows changes.
    fn watch(&self, request: Request) -> Pending<'_, Result<Box<dyn Frames>, Rejection>>;
}

/// Events as they arrive, each one JSON object.
pub trait Frames: Send {
    /// The next event; nothing when the watch is over.
    fn next(&mut self) -> Pending<'_, Option<Bytes>>;
}
