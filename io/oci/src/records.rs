//! Records on disk: JSON with a version beside the content, replaced as a whole.
//!
//! A reader sees the old record or the new one, never a part. An older version is read; a newer
//! one is refused, because what it means is unknown here.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use gantry_kubelet::sandbox::RECORD_VERSION;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a record could not be read or written.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The disk said no.
    #[error("{verb} the record {path}")]
    Io {
        /// What was tried.
        verb: &'static str,
        /// The record.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// It is not what was written.
    #[error("understand the record {path}")]
    Damaged {
        /// The record.
        path: PathBuf,
        /// Where it stops making sense.
        source: serde_json::Error,
    },
    /// A later version of the program wrote it.
    #[error(
        "use the record {path}: it has version {found}, and this program knows up to {supported}"
    )]
    Newer {
        /// The record.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The highest version known here.
        supported: u32,
    },
}

#[derive(Serialize)]
struct Outgoing<'a, T> {
    version: u32,
    content: &'a T,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Deserialize)]
struct Incoming<T> {
    content: T,
}

/// How much must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The death of any process.
    Processes,
    /// The loss of power too.
    Power,
}

/// Replaces a record.
pub fn write<T: Serialize>(
    path: &Path,
    content: &T,
    durability: Durability,
) -> Result<(), RecordError> {
    let wrong = |source| RecordError::Io {
        verb: "write",
        path: path.to_owned(),
        source,
    };
    let outgoing = Outgoing {
        version: RECORD_VERSION,
        content,
    };
    let text = serde_json::to_vec(&outgoing).map_err(|e| wrong(e.into()))?;
    replace(path, &text, durability).map_err(wrong)
}

fn replace(path: &Path, text: &[u8], durability: Durability) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = File::create(&temporary)?;
    file.write_all(text)?;
    if durability == Durability::Power {
        file.sync_data()?;
    }
    fs::rename(&temporary, path)?;
    if let (Durability::Power, Some(parent)) = (durability, path.parent()) {
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

/// Reads a record; none when there is no such file.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, RecordError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(RecordError::Io {
                verb: "read",
                path: path.to_owned(),
                source,
            });
        }
    };
    let damaged = |source| RecordError::Damaged {
        path: path.to_owned(),
        source,
    };
    let Version { version: found } = serde_json::from_slice(&text).map_err(damaged)?;
    if found > RECORD_VERSION {
        let path = path.to_owned();
        return Err(RecordError::Newer {
            path,
            found,
            supported: RECORD_VERSION,
        });
    }
    let incoming: Incoming<T> = serde_json::from_slice(&text).map_err(damaged)?;
    Ok(Some(incoming.content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_record_is_refused_even_when_its_content_makes_no_sense() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.json");
        fs::write(&path, r#"{"version":99,"content":{"what":"ever"}}"#).unwrap();
        let refused = read::<u32>(&path).unwrap_err();
        assert!(
            matches!(refused, RecordError::Newer { found: 99, .. }),
            "{refused}"
        );
    }

    #[test]
    fn what_was_written_is_read_and_what_is_absent_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.json");
        assert_eq!(read::<u32>(&path).unwrap(), None);
        write(&path, &7u32, Durability::Power).unwrap();
        assert_eq!(read::<u32>(&path).unwrap(), Some(7));
    }
}
