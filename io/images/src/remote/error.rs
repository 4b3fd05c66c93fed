//! What can go wrong with a registry, in the words that a pod's events show.

use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;

use super::{ConnectError, Exchange, Session};
use crate::digest::Digest;
use crate::limits;

/// Why a registry did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// There is no connection.
    #[error("{registry}")]
    Connect {
        /// The registry.
        registry: String,
        /// Why.
        source: ConnectError,
    },
    /// The connection broke.
    #[error("{registry}: the connection broke")]
    Broken {
        /// The registry.
        registry: String,
        /// What the other side or the system did.
        source: hyper::Error,
    },
    /// The registry stopped sending.
    #[error("{registry}: nothing came for {after:?}")]
    Stalled {
        /// The registry.
        registry: String,
        /// How long was waited.
        after: Duration,
    },
    /// There is no such image.
    #[error("manifest unknown: {image}")]
    ManifestUnknown {
        /// Which.
        image: String,
    },
    /// The registry does not have a part of the image.
    #[error("{registry}: blob unknown: {digest}")]
    BlobUnknown {
        /// The registry.
        registry: String,
        /// Which part.
        digest: Digest,
    },
    /// The registry does not know us, or not well enough.
    #[error(
        "unauthorized: {registry} does not give {repository} to {caller}; \
         it may not exist, or need other credentials"
    )]
    Unauthorized {
        /// The registry.
        registry: String,
        /// The repository.
        repository: String,
        /// Who asked.
        caller: String,
    },
    /// The registry has had too many requests from here.
    #[error("{registry}: too many requests: {message}")]
    TooManyRequests {
        /// The registry.
        registry: String,
        /// What the registry says.
        message: String,
    },
    /// The registry answered with another error.
    #[error("{registry}: answered {status}: {message}")]
    Status {
        /// The registry.
        registry: String,
        /// The status.
        status: StatusCode,
        /// What the registry says.
        message: String,
    },
    /// An answer is longer than any real one.
    #[error("{registry}: the answer is longer than {limit} bytes")]
    TooLarge {
        /// The registry.
        registry: String,
        /// The limit.
        limit: u64,
    },
    /// The registry sends us around.
    #[error("{registry}: too many redirects")]
    Redirects {
        /// The registry.
        registry: String,
    },
    /// The registry sends us to where nothing is encrypted.
    #[error("{registry}: refers to {target:?}, which is not encrypted")]
    Insecure {
        /// The registry.
        registry: String,
        /// Where to.
        target: String,
    },
    /// An address is not one.
    #[error("{registry}: the address is not usable")]
    Address {
        /// The registry.
        registry: String,
        /// What is wrong.
        source: http::Error,
    },
    /// The registry wants to know who we are in a way that is not supported.
    #[error("{registry}: asks for authentication in a way that is not supported")]
    Challenge {
        /// The registry.
        registry: String,
    },
    /// The token server's answer has no token.
    #[error("{registry}: its token server gave no usable token")]
    Token {
        /// The registry.
        registry: String,
    },
}

impl RemoteError {
    /// Whether the same request may well succeed now.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Broken { .. } | Self::Stalled { .. } => true,
            Self::Status { status, .. } => status.is_server_error(),
            Self::Connect { .. }
            | Self::ManifestUnknown { .. }
            | Self::BlobUnknown { .. }
            | Self::Unauthorized { .. }
            | Self::TooManyRequests { .. }
            | Self::TooLarge { .. }
            | Self::Redirects { .. }
            | Self::Insecure { .. }
            | Self::Address { .. }
            | Self::Challenge { .. }
            | Self::Token { .. } => false,
        }
    }
}

/// What an answer that is not a success means.
pub(super) async fn refusal(session: &Session<'_>, answer: Exchange) -> RemoteError {
    let registry = session.endpoint.name.clone();
    let status = answer.status();
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return unauthorized(session);
    }
    let message = match answer.collect(&registry, limits::ANSWER_BYTES).await {
        Ok(body) => message(&body),
        Err(error) => return error,
    };
    match status {
        StatusCode::TOO_MANY_REQUESTS => RemoteError::TooManyRequests { registry, message },
        _ => RemoteError::Status {
            registry,
            status,
            message,
        },
    }
}

pub(super) fn unauthorized(session: &Session<'_>) -> RemoteError {
    use crate::credentials::Credentials;
    let caller = match &session.credentials {
        None => "an unknown caller".to_owned(),
        Some(Credentials::Basic { username, .. }) => format!("{username:?}"),
        Some(Credentials::Identity(_) | Credentials::Bearer(_)) => "this token".to_owned(),
    };
    RemoteError::Unauthorized {
        registry: session.endpoint.name.clone(),
        repository: session.repository.to_owned(),
        caller,
    }
}

#[derive(Deserialize)]
struct Envelope {
    errors: Vec<Fault>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Fault {
    code: String,
    message: String,
}

/// Longest text of a stranger that is shown to a user.
const MESSAGE_CHARS: usize = 300;

fn message(body: &[u8]) -> String {
    let parsed = serde_json::from_slice::<Envelope>(body).ok();
    let line = |fault: Fault| {
        if fault.message.is_empty() {
            fault.code
        } else {
            fault.message
        }
    };
    let text = match parsed {
        Some(envelope) => envelope
            .errors
            .into_iter()
            .map(line)
            .collect::<Vec<_>>()
            .join("; "),
        None => String::from_utf8_lossy(body).into_owned(),
    };
    let plain = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    plain.take(MESSAGE_CHARS).collect()
}
