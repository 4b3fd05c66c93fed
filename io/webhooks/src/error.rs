//! Why there is no answer.

use std::io;

/// Why there is no answer. Clients of webhooks know some of these words.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The authority in the configuration is none.
    #[error("unable to load root certificates")]
    Authority(#[source] rustls::Error),
    /// The certificates in the configuration cannot be read.
    #[error("unable to load root certificates: no certificate is found in caBundle")]
    NoCertificate,
    /// The host is no name that a certificate could be good for.
    #[error("use {0:?} as the name of a server")]
    Name(String),
    /// Nobody is there.
    #[error("dial tcp {address}: connect")]
    Dial {
        /// Where.
        address: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It is not who it should be, or does not speak TLS.
    #[error("tls: failed to verify certificate")]
    Tls(#[source] io::Error),
    /// The connection ended too early, or spoke something else.
    #[error("EOF")]
    Http(#[source] hyper::Error),
    /// There was no answer in time.
    #[error("context deadline exceeded")]
    Late,
    /// The answer does not end.
    #[error("the answer is longer than {limit} bytes")]
    TooLong {
        /// How long it may be.
        limit: usize,
    },
    /// It was answered that there is a problem.
    #[error("an error on the server ({page:?}) has prevented the request from succeeding")]
    Server {
        /// What was answered.
        page: String,
    },
    /// It was answered that there is nothing.
    #[error("the server could not find the requested resource")]
    NotFound,
    /// It was answered with something else.
    #[error("the server rejected our request for an unknown reason (HTTP {code})")]
    Other {
        /// The code.
        code: u16,
    },
}
