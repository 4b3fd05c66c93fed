//! The one door: every request, from a socket or from inside, passes here.
//!
//! The gateway authorizes, asks the registry what to do, commits what it decides, and begins again
//! when the world moved meanwhile. It decides nothing about objects itself and knows no kind.
//!
//! Invariant: nothing is read or written for a caller that was not authorized first.

mod call;
mod documents;
mod extensions;
mod gateway;
pub mod limits;
mod outside;
mod store;
#[cfg(test)]
mod tests;
mod watch;

pub use documents::{Document, Others};
pub use extensions::News;
pub use gateway::{Config, Gateway, Response};
pub use outside::{
    Authenticator, ClientCertificate, Clock, Messenger, NoMessenger, NoTokens, OsEntropy, Pending,
    SystemClock, TokenSigner,
};
pub use watch::WatchStream;
