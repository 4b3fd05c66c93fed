//! Why a program could not be started, as it travels from the new process to the user.

use std::fmt::Display;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A program that could not be started.
#[derive(Clone, Debug, Error, PartialEq, Eq, Serialize, Deserialize)]
#[error("{what}: {why}")]
pub struct StartFailure {
    /// The step that did not succeed, completing "could not ...".
    pub what: String,
    /// What the kernel or the image said.
    pub why: String,
    /// What the caller may want to tell apart.
    pub kind: StartFailureKind,
}

/// The kinds of failure that callers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StartFailureKind {
    /// The program is not there.
    NotFound,
    /// The program is there and cannot be run.
    NotExecutable,
    /// It was refused by what the user asked for, such as never to run as root.
    Refused,
    /// Anything else.
    Other,
}

impl StartFailureKind {
    /// The exit code that shells give for it.
    pub fn exit_code(self) -> i32 {
        match self {
            Self::NotFound => 127,
            Self::NotExecutable => 126,
            Self::Refused | Self::Other => 128,
        }
    }
}

impl StartFailure {
    pub(crate) fn new(what: impl Display, why: impl Display) -> Self {
        let (what, why) = (what.to_string(), why.to_string());
        Self {
            what,
            why,
            kind: StartFailureKind::Other,
        }
    }

    pub(crate) fn of_kind(self, kind: StartFailureKind) -> Self {
        Self { kind, ..self }
    }
}
