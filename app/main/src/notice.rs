//! What a starting server tells the `up` that started it, line by line.

use std::io::Write;

use serde::{Deserialize, Serialize};

use gantry_base::ignore;

/// One line of progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Notice {
    /// This is being done.
    Doing(String),
    /// This is done.
    Done(String),
    /// Everything is ready.
    Ready,
    /// It cannot start.
    Failed(String),
}

/// Where a server's notices go.
#[derive(Debug)]
pub(crate) enum Notices {
    /// To the `up` that waits for them.
    Waited,
    /// Nobody waits; the log has what matters.
    Unheard,
}

impl Notices {
    /// Tells how far the server is.
    pub(crate) fn tell(&self, notice: &Notice) {
        if matches!(self, Self::Waited) {
            let line = serde_json::to_string(notice).expect("a notice is plain data");
            ignore(
                writeln!(std::io::stdout(), "{line}"),
                "an `up` that went away needs no news",
            );
        }
    }

    /// Tells that it is ready, and lets go of the pipe.
    pub(crate) fn ready(self) {
        self.tell(&Notice::Ready);
        if matches!(self, Self::Waited) {
            let null = std::fs::OpenOptions::new().write(true).open("/dev/null");
            if let Ok(null) = null {
                ignore(
                    rustix::stdio::dup2_stdout(null),
                    "the pipe stays open, which harms nobody",
                );
            }
        }
    }
}
