//! The end of the log, where frames are added.
//!
//! At most one frame is ever on its way: the next is written only when the one before is durable,
//! or durably cut off again. So a torn frame can only be the last of the last file.

use std::sync::Arc;

use gantry_base::ignore;
use gantry_store::Revision;

use crate::error::{JournalError, on};
use crate::header::{FileKind, HEADER};
use crate::medium::{Medium, MediumFile};

#[derive(Debug)]
pub(crate) struct Log {
    medium: Arc<dyn Medium>,
    name: String,
    file: Box<dyn MediumFile>,
    /// How much of the file is whole and durable.
    length: u64,
    /// Whether something may stand behind that.
    is_torn: bool,
    /// Whether the file's name is durable.
    is_named: bool,
}

/// Where a log goes on.
#[derive(Debug)]
pub(crate) struct Place {
    /// The revision that the file begins after.
    pub(crate) begins: Revision,
    /// How many bytes of the file are whole.
    pub(crate) length: usize,
    /// The last of its frames, empty when there is none.
    pub(crate) last: Vec<u8>,
}

/// The name of a log file that is being made.
pub(crate) const UNFINISHED: &str = "log-unfinished";

impl Log {
    /// Begins a new file for what happens after `revision`.
    ///
    /// It gets its name when it is whole. From then on it is the end of the log, whatever fails.
    pub(crate) fn begin(medium: Arc<dyn Medium>, revision: Revision) -> Result<Self, JournalError> {
        let name = FileKind::Log.name(revision);
        let header = FileKind::Log.header(revision);
        let mut file = medium.open(UNFINISHED).map_err(on("make", &name))?;
        file.truncate(0).map_err(on("make", &name))?;
        file.append(&header).map_err(on("make", &name))?;
        file.sync().map_err(on("make", &name))?;
        medium
            .rename(UNFINISHED, &name)
            .map_err(on("make", &name))?;
        Ok(Self {
            medium,
            name,
            file,
            length: HEADER as u64,
            is_torn: false,
            is_named: false,
        })
    }

    /// Goes on at a place of a file.
    ///
    /// The last frame is written once more: its sync may have failed in an earlier process, after
    /// which the system shows it, believes it written, and has forgotten it at the next power cut.
    pub(crate) fn resume(medium: Arc<dyn Medium>, place: &Place) -> Result<Self, JournalError> {
        let Place { begins, last, .. } = place;
        let name = FileKind::Log.name(*begins);
        let mut file = medium.open(&name).map_err(on("open", &name))?;
        let length = u64::try_from(place.length).expect("a length fits in 64 bits");
        let start = length - u64::try_from(last.len()).expect("a length fits in 64 bits");
        file.overwrite(start, last).map_err(on("write", &name))?;
        let mut log = Self {
            medium,
            name,
            file,
            length,
            is_torn: true,
            is_named: false,
        };
        log.repair()?;
        Ok(log)
    }

    /// Adds a frame durably. After an error nothing is added.
    pub(crate) fn append(&mut self, frame: &[u8]) -> Result<(), JournalError> {
        self.repair()?;
        let written = self.write(frame);
        if written.is_err() {
            self.is_torn = true;
            ignore(self.repair(), "the next append tries again first");
        }
        written
    }

    /// Sees to it that nothing stands behind the last durable frame, before another file follows.
    pub(crate) fn finish(&mut self) -> Result<(), JournalError> {
        self.repair()
    }

    /// The number of bytes behind the header.
    pub(crate) const fn bytes(&self) -> u64 {
        self.length.saturating_sub(HEADER as u64)
    }

    fn write(&mut self, frame: &[u8]) -> Result<(), JournalError> {
        let Self { file, name, .. } = self;
        file.append(frame).map_err(on("append to", name))?;
        file.sync().map_err(on("sync", name))?;
        self.length += u64::try_from(frame.len()).expect("a length fits in 64 bits");
        Ok(())
    }

    /// Makes the name durable and cuts off what may stand behind the last durable frame.
    fn repair(&mut self) -> Result<(), JournalError> {
        let Self { file, name, .. } = self;
        if !self.is_named {
            self.medium.sync_names().map_err(on("make", name))?;
            self.is_named = true;
        }
        if self.is_torn {
            file.truncate(self.length).map_err(on("truncate", name))?;
            file.sync().map_err(on("sync", name))?;
            self.is_torn = false;
        }
        Ok(())
    }
}
