//! Why the server could not be asked, or did not do what it was asked for.

use std::io;
use std::time::Duration;

use rustls::pki_types::InvalidDnsNameError;

use super::refusal::Refusal;
use super::websocket::SocketError;

/// A request that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The server answered, and refused.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The machine is there, the server is not.
    #[error("connect to {address}: connection refused")]
    NobodyListens {
        /// Host and port.
        address: String,
    },
    /// There is no way to the server.
    #[error("connect to {address}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// No trust could be established.
    #[error("agree on TLS with {address}")]
    Tls {
        /// Host and port.
        address: String,
        /// What is wrong.
        #[source]
        source: io::Error,
    },
    /// The name cannot stand in a certificate.
    #[error("use {name:?} as the server's name")]
    ServerName {
        /// The name.
        name: String,
        /// What is wrong with it.
        #[source]
        source: InvalidDnsNameError,
    },
    /// The certificates, or the key, of the configuration cannot be used.
    #[error("use the {what} of the configuration: {detail}")]
    Credentials {
        /// Which of them.
        what: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// The request cannot be written as HTTP.
    #[error("write the request")]
    Request(#[from] http::Error),
    /// The exchange broke off.
    #[error("exchange HTTP with the server")]
    Exchange(#[from] hyper::Error),
    /// The server does not answer.
    #[error("get an answer within {} s", after.as_secs())]
    Silent {
        /// For how long it was waited for.
        after: Duration,
    },
    /// A line of an answer is longer than any server sends.
    #[error("read a line of more than {most} bytes")]
    TooLong {
        /// How many bytes are accepted.
        most: usize,
    },
    /// The WebSocket failed.
    #[error("speak WebSocket with the server")]
    Socket(#[from] Box<SocketError>),
}

impl RemoteError {
    /// The server's refusal, when that is what it is.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::NobodyListens { .. }
            | Self::Unreachable { .. }
            | Self::Tls { .. }
            | Self::ServerName { .. }
            | Self::Credentials { .. }
            | Self::Request(_)
            | Self::Exchange(_)
            | Self::Silent { .. }
            | Self::TooLong { .. }
            | Self::Socket(_) => None,
        }
    }

    /// Whether the server said that there is no such thing.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.code == 404)
    }

    /// Whether the server said that the object is not as the caller believed.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.refusal()
            .is_some_and(|refusal| refusal.reason() == "Conflict")
    }
}
