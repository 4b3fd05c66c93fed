//! Writes events to a file, one a line, on a thread of its own: a slow disk slows nobody down but
//! those who wait for room.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use gantry_base::Timestamp;

use crate::backlog::{Backlog, Counts};
use crate::error::AuditError;
use crate::file::Rotated;
use crate::limits::{LOG_BACKLOG_BYTES, LOG_MEGABYTES, RETRY, WRITE_BYTES};

/// Where events are written, and when the file is rotated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// The file; `-` is the standard output.
    pub path: PathBuf,
    /// The size at which it is rotated, in bytes.
    pub most_bytes: u64,
    /// How many of the full ones are kept; all if 0.
    pub most_backups: usize,
    /// For how many days; for ever if 0.
    pub most_days: u64,
    /// Whether they are compressed.
    pub compress: bool,
}

impl LogConfig {
    /// A file that is rotated when it has the usual size, and kept for ever.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            most_bytes: LOG_MEGABYTES * 1024 * 1024,
            most_backups: 0,
            most_days: 0,
            compress: false,
        }
    }
}

/// Who writes.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) backlog: Arc<Backlog>,
    pub(crate) counts: Arc<Counts>,
    thread: Option<JoinHandle<()>>,
}

enum Target {
    File(Rotated),
    Output(io::Stdout),
}

impl Log {
    pub(crate) fn open(config: &LogConfig) -> Result<Self, AuditError> {
        let target = if config.path.as_os_str() == "-" {
            Target::Output(io::stdout())
        } else {
            let file = Rotated::open(&config.path, config);
            Target::File(file.map_err(|source| AuditError::Log {
                path: config.path.clone(),
                source,
            })?)
        };
        let backlog = Arc::new(Backlog::new(LOG_BACKLOG_BYTES, usize::MAX));
        let counts = Arc::new(Counts::default());
        let (waiting, counted) = (Arc::clone(&backlog), Arc::clone(&counts));
        let thread = std::thread::Builder::new()
            .name("audit-log".to_owned())
            .spawn(move || write_all(target, &waiting, &counted));
        Ok(Self {
            backlog,
            counts,
            thread: Some(thread.map_err(AuditError::Thread)?),
        })
    }

    /// Whether everything is written.
    pub(crate) fn is_done(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

/// Writes until nothing more comes.
fn write_all(mut target: Target, backlog: &Backlog, counts: &Counts) {
    loop {
        let lines = backlog.take(WRITE_BYTES, usize::MAX);
        if lines.is_empty() {
            if backlog.state().1 {
                break;
            }
            backlog.wait(RETRY);
            continue;
        }
        let count = lines.len();
        let bytes: Vec<u8> = lines.iter().flat_map(|line| line.bytes()).collect();
        drop(lines);
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            match target.write(rest, rest.len() == bytes.len()) {
                Ok(written) => rest = &rest[written..],
                Err(error) => {
                    counts.failed("write the audit log", &error.to_string());
                    if backlog.state().1 {
                        counts.lost(count, "the server stops, and the log cannot be written");
                        break;
                    }
                    backlog.pause(RETRY);
                }
            }
        }
    }
    target.finish();
}

impl Target {
    /// Writes some of these bytes, in another file if they do not fit and are the first of theirs.
    fn write(&mut self, bytes: &[u8], is_first: bool) -> io::Result<usize> {
        match self {
            Self::File(file) => {
                if is_first {
                    file.make_room(bytes.len(), Timestamp::now())?;
                }
                file.write(bytes)
            }
            Self::Output(output) => {
                let written = output.write(bytes)?;
                output.flush()?;
                Ok(written)
            }
        }
    }

    fn finish(&mut self) {
        if let Self::File(file) = self {
            file.finish();
        }
    }
}
