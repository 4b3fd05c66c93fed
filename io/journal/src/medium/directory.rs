//! A directory of the real file system, locked against a second server.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use gantry_base::ignore;

use crate::error::{JournalError, on};

use super::{Medium, MediumFile};

const LOCK: &str = "lock";

/// A directory that this process alone writes, until the value is dropped; or one to read in.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    names: File,
    /// Open for as long as the directory is ours; the system releases it with the process.
    _lock: Option<File>,
}

impl Directory {
    /// Opens the directory, makes it if need be, and locks it.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let shown = path.display().to_string();
        make(path).map_err(on("make data directory", &shown))?;
        let names = File::open(path).map_err(on("open data directory", &shown))?;
        Ok(Self {
            path: path.to_owned(),
            names,
            _lock: Some(lock(path, &shown)?),
        })
    }

    /// Opens a directory that may be somebody else's, to read in it.
    pub(crate) fn look(path: &Path) -> Result<Self, JournalError> {
        let shown = path.display().to_string();
        let names = File::open(path).map_err(on("open data directory", &shown))?;
        Ok(Self {
            path: path.to_owned(),
            names,
            _lock: None,
        })
    }
}

/// Secrets lie here: nobody but the owner may look.
///
/// Every directory on the way is made durable, also when it was there: whoever made it may have
/// lost its power before saying so to the disk.
fn make(path: &Path) -> io::Result<()> {
    let is_new = !path.is_dir();
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    for (distance, above) in path.canonicalize()?.ancestors().skip(1).enumerate() {
        match File::open(above).and_then(|above| above.sync_all()) {
            Err(error) if is_new && distance == 0 => return Err(error),
            // What we may not even open was not made by us.
            outcome => ignore(outcome, "a directory of somebody else's"),
        }
    }
    Ok(())
}

fn lock(path: &Path, shown: &str) -> Result<File, JournalError> {
    let name = path.join(LOCK);
    let file = writable(&name).map_err(on("open lock of data directory", shown))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(in_use(&name, shown)),
        Err(TryLockError::Error(source)) => {
            return Err(on("lock data directory", shown)(source));
        }
    }
    let sign = || {
        file.set_len(0)?;
        file.write_all_at(std::process::id().to_string().as_bytes(), 0)
    };
    ignore(sign(), "the lock holds without the signature too");
    Ok(file)
}

fn in_use(lock: &Path, shown: &str) -> JournalError {
    let holder = fs::read_to_string(lock).unwrap_or_default();
    let holder = if holder.is_empty() {
        "?".to_owned()
    } else {
        holder
    };
    JournalError::InUse {
        directory: shown.to_owned(),
        holder,
    }
}

fn writable(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.mode(0o600).open(path)
}

impl Medium for Directory {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            // Names that are no text are not ours.
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.path.join(name))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn MediumFile>> {
        let file = writable(&self.path.join(name))?;
        let end = file.metadata()?.len();
        Ok(Box::new(OpenFile { file, end }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync_names(&self) -> io::Result<()> {
        self.names.sync_all()
    }
}

#[derive(Debug)]
struct OpenFile {
    file: File,
    end: u64,
}

impl MediumFile for OpenFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.end)?;
        self.end += u64::try_from(bytes.len()).expect("a length fits in 64 bits");
        Ok(())
    }

    fn overwrite(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.end = length;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}
