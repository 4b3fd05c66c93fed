//! What is written down of a request, and how much: decided by a policy that an operator wrote.
//!
//! Nothing is written here.

pub mod event;
pub mod policy;
mod read;
#[cfg(test)]
mod tests;

pub use event::Record;
pub use policy::{Judged, Policy};
pub use read::PolicyError;

/// How much is written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    #[default]
    None,
    /// Who did what, when, and how it went.
    Metadata,
    /// And what was sent.
    Request,
    /// And what was answered.
    RequestResponse,
}

/// When something is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Before the request is treated.
    RequestReceived,
    /// When an answer that goes on for as long as the client wants has begun.
    ResponseStarted,
    /// When the answer is there, or over.
    ResponseComplete,
    /// When the server met a bug.
    Panic,
}

impl Level {
    const ALL: [(&'static str, Self); 4] = [
        ("None", Self::None),
        ("Metadata", Self::Metadata),
        ("Request", Self::Request),
        ("RequestResponse", Self::RequestResponse),
    ];

    /// The level's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Metadata => "Metadata",
            Self::Request => "Request",
            Self::RequestResponse => "RequestResponse",
        }
    }
}

impl Stage {
    const ALL: [(&'static str, Self); 4] = [
        ("RequestReceived", Self::RequestReceived),
        ("ResponseStarted", Self::ResponseStarted),
        ("ResponseComplete", Self::ResponseComplete),
        ("Panic", Self::Panic),
    ];

    /// The stage's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RequestReceived => "RequestReceived",
            Self::ResponseStarted => "ResponseStarted",
            Self::ResponseComplete => "ResponseComplete",
            Self::Panic => "Panic",
        }
    }
}
