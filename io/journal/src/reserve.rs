//! Room that is kept on the disk for what makes room again.
//!
//! A disk that is full refuses every write, and with it every deletion. So a piece of it is held by
//! a file of zeros, and given back bit by bit, to deletions alone: everything else is refused until
//! the file has its size again. What is in the file does not matter.

use std::io;
use std::sync::Arc;

use gantry_base::ignore;

use crate::limits::RESERVE_PIECE_BYTES;
use crate::medium::{Medium, MediumFile};

/// What the file is called.
const NAME: &str = "reserve";

/// The file, and whether it is needed.
#[derive(Debug)]
pub(crate) struct Reserve {
    medium: Arc<dyn Medium>,
    file: Option<Box<dyn MediumFile>>,
    length: u64,
    wanted: u64,
    is_scarce: bool,
}

impl Reserve {
    /// What there is of the file.
    pub(crate) fn open(medium: &Arc<dyn Medium>, wanted: u64) -> Self {
        let names = medium.list().unwrap_or_default();
        let is_there = names.iter().any(|name| name == NAME);
        let there = is_there.then(|| medium.read(NAME));
        let there = there.and_then(Result::ok).map_or(0, |bytes| bytes.len());
        Self {
            medium: Arc::clone(medium),
            file: None,
            length: u64::try_from(there).unwrap_or(0),
            wanted,
            is_scarce: false,
        }
    }

    /// Whether the disk was found to be full, and has not had room since.
    pub(crate) const fn is_scarce(&self) -> bool {
        self.is_scarce
    }

    /// The disk was found to be full; whether there is something to give back.
    pub(crate) const fn note_scarce(&mut self) -> bool {
        self.is_scarce = 0 < self.length;
        self.is_scarce
    }

    /// The disk was found to have room.
    pub(crate) const fn note_room(&mut self) {
        self.is_scarce = false;
    }

    /// Gives the file the size that it shall have.
    pub(crate) fn fill(&mut self) -> io::Result<()> {
        if self.length < self.wanted {
            self.grow()?;
        }
        Ok(())
    }

    /// Gives room for `bytes` back to the disk; whether there was any.
    pub(crate) fn release(&mut self, bytes: usize) -> bool {
        let bytes = u64::try_from(bytes)
            .unwrap_or(u64::MAX)
            .max(RESERVE_PIECE_BYTES);
        self.cut(self.length.saturating_sub(bytes))
    }

    /// Gives everything back, for a moment; whether there was anything.
    pub(crate) fn release_all(&mut self) -> bool {
        self.cut(0)
    }

    fn cut(&mut self, length: u64) -> bool {
        if self.length <= length {
            return false;
        }
        let cut = self.file().and_then(|file| {
            file.truncate(length)?;
            file.sync()
        });
        if cut.is_ok() {
            self.length = length;
        }
        cut.is_ok()
    }

    /// In pieces, so that what fits is held even if not all does.
    fn grow(&mut self) -> io::Result<()> {
        let piece = vec![0; usize::try_from(RESERVE_PIECE_BYTES).unwrap_or(0)];
        while self.length < self.wanted {
            let length = self.length;
            let file = self.file()?;
            let written = file.append(&piece);
            if written.is_err() {
                ignore(file.truncate(length), "a piece too much does no harm");
            }
            written?;
            self.length += RESERVE_PIECE_BYTES;
        }
        self.file()?.sync()
    }

    fn file(&mut self) -> io::Result<&mut Box<dyn MediumFile>> {
        if self.file.is_none() {
            self.file = Some(self.medium.open(NAME)?);
        }
        Ok(self.file.as_mut().expect("it was just opened"))
    }
}

#[cfg(test)]
mod tests;
