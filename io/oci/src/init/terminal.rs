//! Standard streams of a new process: handed to it, or a terminal that it opens for itself.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, unlockpt};

use super::{Process, Stepped, Word};
use crate::failure::StartFailure;

impl Process {
    /// Opens a terminal of the container's own, and sends its other end to the shim.
    pub(super) fn open_terminal(&mut self) -> Stepped {
        let failed = |e: Errno| StartFailure::new("open a terminal", e);
        let (ours, theirs) = open_pair().map_err(failed)?;
        if let Some(size) = self.launch.size {
            rustix::termios::tcsetwinsize(&ours, size.into()).map_err(failed)?;
        }
        rustix::process::ioctl_tiocsctty(&theirs).map_err(failed)?;
        become_streams([&theirs, &theirs, &theirs]).map_err(failed)?;
        self.tell(&Word::Terminal, &[ours.as_fd()]);
        Ok(())
    }

    /// Takes the streams that the shim made or passed on.
    pub(super) fn take_streams(&mut self) -> Result<(), Errno> {
        let [input, output, errors] = self.launch.stdio.take().ok_or(Errno::BADF)?;
        become_streams([&input, &output, &errors])
    }
}

fn open_pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let ours = rustix::fs::open("/dev/pts/ptmx", flags, Mode::empty())?;
    unlockpt(&ours)?;
    let theirs = ioctl_tiocgptpeer(&ours, OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    Ok((ours, theirs))
}

fn become_streams([input, output, errors]: [&OwnedFd; 3]) -> Result<(), Errno> {
    rustix::stdio::dup2_stdin(input)?;
    rustix::stdio::dup2_stdout(output)?;
    rustix::stdio::dup2_stderr(errors)
}
