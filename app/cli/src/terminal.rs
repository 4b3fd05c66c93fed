//! The user's terminal: raw while a program in a container has it, and put back afterwards.

use std::io::{self, IsTerminal, Read};

use gantry_base::ignore;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::sync::mpsc;

use crate::limits::COPY_BUFFER;

/// The terminal in raw mode; dropping it restores what was set before.
pub(crate) struct Raw {
    before: Termios,
}

impl Raw {
    /// Takes line editing and signals away from the terminal. Nothing when there is none.
    pub(crate) fn enter() -> Option<Self> {
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            return None;
        }
        let before = tcgetattr(&stdin).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        // What was typed ahead belongs to the program at the other end.
        tcsetattr(&stdin, OptionalActions::Now, &raw).ok()?;
        Some(Self { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let restored = tcsetattr(io::stdin(), OptionalActions::Drain, &self.before);
        ignore(restored, "the terminal is gone, and so are its settings");
    }
}

/// Columns and lines of the terminal.
pub(crate) fn size() -> Option<(u16, u16)> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    Some((size.ws_col, size.ws_row)).filter(|size| *size != (0, 0))
}

/// The standard input, piece by piece. A thread of its own reads it, since a read cannot be given
/// up; the thread ends with the process.
pub(crate) fn input() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(8);
    std::thread::spawn(move || {
        let mut buffer = vec![0; COPY_BUFFER];
        let mut stdin = io::stdin().lock();
        while let Ok(length) = stdin.read(&mut buffer) {
            let piece = buffer[..length].to_vec();
            if length == 0 || sender.blocking_send(piece).is_err() {
                return;
            }
        }
    });
    receiver
}
