//! The standard streams of a program in a container, as a caller holds them.

use std::fmt;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use crate::error::RuntimeError;

pub use gantry_oci::protocol::TerminalSize;

/// Both ends of a conversation with a program.
///
/// Dropping it ends a program that was started by `exec`, and leaves one that was attached to.
pub struct Streams {
    /// What the program reads; none when it was not asked for.
    pub stdin: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    /// What the program writes, its errors too when it runs on a terminal.
    pub stdout: Option<Box<dyn AsyncRead + Send + Unpin>>,
    /// Its errors; none on a terminal.
    pub stderr: Option<Box<dyn AsyncRead + Send + Unpin>>,
    /// Changes the terminal's size; none without a terminal. The latest size wins.
    pub resize: Option<mpsc::Sender<TerminalSize>>,
    /// Resolves to the exit code, once the program has ended.
    pub exit: BoxFuture<'static, Result<i32, RuntimeError>>,
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams")
            .field("stdin", &self.stdin.is_some())
            .field("stdout", &self.stdout.is_some())
            .field("stderr", &self.stderr.is_some())
            .field("resize", &self.resize.is_some())
            .finish_non_exhaustive()
    }
}
