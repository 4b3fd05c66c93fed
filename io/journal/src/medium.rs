//! What the journal needs of a disk, and nothing more.
//!
//! The contract: what was synced survives a power cut; of what was not, any part may survive, in
//! any order. Names are made, replaced and removed durably only by
//! [`sync_names`](Medium::sync_names), in order.

use std::fmt::Debug;
use std::io;

mod directory;
#[cfg(feature = "torture")]
pub(crate) mod memory;

pub use directory::Directory;

/// A flat set of named files.
pub trait Medium: Debug + Send + Sync {
    /// The names of all files.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Everything in a file.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;

    /// Opens a file for writing at its end, and makes it if need be.
    fn open(&self, name: &str) -> io::Result<Box<dyn MediumFile>>;

    /// Gives a file another name; a file that had it is gone. After an error nothing has changed.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes durable which names there are.
    fn sync_names(&self) -> io::Result<()>;
}

/// One file, open for writing.
pub trait MediumFile: Debug + Send {
    /// Writes all of `bytes` at the end. After an error, part of them may be there.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Writes all of `bytes` over what begins at `offset`.
    fn overwrite(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file to `length`, where the next append begins.
    fn truncate(&mut self, length: u64) -> io::Result<()>;

    /// Makes content and length durable.
    ///
    /// After an error any part of what was written is durable, and the rest may never become so,
    /// even if a later sync succeeds: only what is written again is tried again.
    fn sync(&mut self) -> io::Result<()>;
}
