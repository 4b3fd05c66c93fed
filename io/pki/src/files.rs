//! Small secret files that are either wholly there or not at all.
//!
//! A file is written beside its place, made durable and renamed; its mode is 0600 from its first
//! moment. Each file holds all that belongs together (a key and its certificate), so a crash can
//! never leave a certificate without its key.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::PkiError;
use crate::limits::FILE_BYTES;

/// Makes the folder, readable by its owner only, unless it is there.
pub(crate) fn make_folder(path: &Path) -> Result<(), PkiError> {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path);
    made.map_err(|source| PkiError::Write {
        path: path.to_owned(),
        source,
    })
}

/// The text of a file, or nothing when there is none.
pub(crate) fn read(path: &Path) -> Result<Option<String>, PkiError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(PkiError::Read {
                path: path.to_owned(),
                source,
            });
        }
    };
    let mut text = String::new();
    let outcome = file.take(FILE_BYTES).read_to_string(&mut text);
    outcome.map_err(|source| PkiError::Read {
        path: path.to_owned(),
        source,
    })?;
    Ok(Some(text))
}

/// Replaces a file as a whole.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), PkiError> {
    replace(path, text).map_err(|source| PkiError::Write {
        path: path.to_owned(),
        source,
    })
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = open_fresh(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// Opens a file that did not exist before, so that no looser mode of an older one is inherited.
fn open_fresh(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}
