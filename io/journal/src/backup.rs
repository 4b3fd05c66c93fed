//! Everything of a cluster in one file: all records at one revision, and the files it needs beside.
//!
//! The file is made of frames, each with its checksum; the last one counts the records and holds a
//! checksum of everything before it. A file is believed only when all of it agrees.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bytes::{Buf, BufMut};
use gantry_base::ignore;
use gantry_store::{Contents, Plain, Revision};

use crate::batch::Opening;
use crate::frame::{self, Found, FrameWriter, checksum};
use crate::picture::{put_record, record};

/// The format that this program writes, and the newest that it reads.
const FORMAT: u32 = 1;
const MAGIC: &[u8; 8] = b"gantryBK";
const HEADER: usize = MAGIC.len() + 4;

const RECORDS: u8 = 1;
const FILE: u8 = 2;
const END: u8 = 3;

/// Bytes of records gathered before they are written.
const FRAME_BYTES: usize = 1024 * 1024;

/// Everything of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backup {
    /// All records.
    pub contents: Contents,
    /// What else is needed, by name.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Why a backup was not written or not read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The operating system refused.
    #[error("{action} backup {path:?}")]
    System {
        /// What was attempted.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is something else.
    #[error("read backup {path:?}: it is no backup of gantry")]
    Unknown {
        /// Which file.
        path: PathBuf,
    },
    /// A later version of this program wrote it.
    #[error(
        "read backup {path:?}: it has format {found}, and this program knows formats up to {known}"
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// It is not as it was written.
    #[error("read backup {path:?}: it is damaged at byte {offset} ({found}); nothing was touched")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where the damage begins.
        offset: usize,
        /// What was found there.
        found: &'static str,
    },
}

impl Backup {
    /// Writes the backup durably, readable by its owner only; a file that is there stays.
    pub fn write(&self, path: &Path) -> Result<u64, BackupError> {
        let failed = |action| {
            move |source| BackupError::System {
                action,
                path: path.to_owned(),
                source,
            }
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let file = options.open(path).map_err(failed("make"))?;
        self.fill(file).map_err(|error| {
            ignore(fs::remove_file(path), "what was begun is of no use");
            failed("write")(error)
        })
    }

    fn fill(&self, file: File) -> io::Result<u64> {
        let mut out = Summed {
            file,
            sum: crc32fast::Hasher::new(),
            bytes: 0,
        };
        out.append(MAGIC)?;
        out.append(&FORMAT.to_be_bytes())?;
        for (name, content) in &self.files {
            let mut frame = started(FILE);
            put_text(name, frame.content());
            frame.content().put_slice(content);
            out.append(&frame.finish())?;
        }
        let mut frame = started(RECORDS);
        for one in &self.contents.records {
            put_record(&one.key, &one.stored, &Plain, frame.content()).map_err(io::Error::other)?;
            if frame.len() >= FRAME_BYTES {
                out.append(&std::mem::replace(&mut frame, started(RECORDS)).finish())?;
            }
        }
        out.append(&frame.finish())?;
        let mut end = started(END);
        end.content().put_u64(self.contents.revision.0);
        let count = u64::try_from(self.contents.records.len()).expect("a count fits in 64 bits");
        end.content().put_u64(count);
        end.content().put_u32(out.sum.clone().finalize());
        out.append(&end.finish())?;
        out.file.sync_all()?;
        Ok(out.bytes)
    }

    /// Reads a backup, and checks all of it.
    pub fn read(path: &Path) -> Result<Self, BackupError> {
        let bytes = fs::read(path).map_err(|source| BackupError::System {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        let unknown = || BackupError::Unknown {
            path: path.to_owned(),
        };
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(unknown)?;
        let format = rest.first_chunk::<4>().ok_or_else(unknown)?;
        let found = u32::from_be_bytes(*format);
        if found > FORMAT {
            let (path, known) = (path.to_owned(), FORMAT);
            return Err(BackupError::Newer { path, found, known });
        }
        parse(&bytes).map_err(|(offset, found)| BackupError::Damaged {
            path: path.to_owned(),
            offset,
            found,
        })
    }
}

type Damage = (usize, &'static str);

fn parse(bytes: &[u8]) -> Result<Backup, Damage> {
    let mut backup = Backup::default();
    let mut offset = HEADER;
    let mut opening = Opening::new(&Plain);
    loop {
        let damaged = |found| (offset, found);
        let Found::Frame {
            mut content, end, ..
        } = frame::read(bytes, offset)
        else {
            return Err(damaged("no whole frame"));
        };
        match content.try_get_u8() {
            Ok(FILE) => {
                let name = text(&mut content).ok_or(damaged("a file without a name"))?;
                backup.files.push((name, content.to_vec()));
            }
            Ok(RECORDS) => {
                while !content.is_empty() {
                    let record = record(&mut content, &mut opening);
                    let record = record.ok_or(damaged("a record that makes no sense"))?;
                    backup.contents.records.push(record);
                }
            }
            Ok(END) => {
                if bytes.len() != end {
                    return Err((end, "something behind the end"));
                }
                backup.contents.revision = check_end(&mut content, &backup, &bytes[..offset])
                    .ok_or(damaged("an end that belongs to other contents"))?;
                return Ok(backup);
            }
            _ => return Err(damaged("a frame of another kind")),
        }
        offset = end;
    }
}

/// The revision, when the end agrees with what comes before it.
fn check_end(content: &mut &[u8], backup: &Backup, before: &[u8]) -> Option<Revision> {
    let revision = Revision(content.try_get_u64().ok()?);
    let count = content.try_get_u64().ok()?;
    let sum = content.try_get_u32().ok()?;
    let is_same =
        u64::try_from(backup.contents.records.len()) == Ok(count) && sum == checksum(before, &[]);
    is_same.then_some(revision)
}

fn started(tag: u8) -> FrameWriter {
    let mut frame = FrameWriter::new();
    frame.content().put_u8(tag);
    frame
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    out.put_u16(u16::try_from(text.len()).expect("names are short"));
    out.put_slice(text.as_bytes());
}

fn text(input: &mut &[u8]) -> Option<String> {
    let length = usize::from(input.try_get_u16().ok()?);
    let text = std::str::from_utf8(input.split_off(..length)?).ok()?;
    Some(text.to_owned())
}

/// A file, and the checksum of what was written to it.
struct Summed {
    file: File,
    sum: crc32fast::Hasher,
    bytes: u64,
}

impl Summed {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.bytes += u64::try_from(bytes.len()).expect("a length fits in 64 bits");
        self.file.write_all(bytes)
    }
}

#[cfg(test)]
mod tests {
    use gantry_store::contract::value;
    use gantry_store::{Key, Record, Stored};

    use super::*;

    fn backup() -> Backup {
        let record = |number: u64| Record {
            key: Key::new(format!("a//{number}")),
            stored: Stored {
                value: value("text"),
                created: Revision(number),
                modified: Revision(number + 1),
            },
        };
        Backup {
            contents: Contents {
                revision: Revision(70),
                records: (0..3).map(record).collect(),
            },
            files: vec![("pki/ca.pem".to_owned(), b"secret".to_vec())],
        }
    }

    #[test]
    fn a_backup_leads_back_to_what_it_was_made_of() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("backup");
        let written = backup().write(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), written);
        assert_eq!(Backup::read(&path).unwrap(), backup());
        let again = backup().write(&path).unwrap_err();
        assert!(matches!(again, BackupError::System { action: "make", .. }));
    }

    #[test]
    fn damage_anywhere_is_found_and_the_place_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("backup");
        backup().write(&path).unwrap();
        let whole = fs::read(&path).unwrap();
        for place in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[place] ^= 1;
            fs::write(&path, flipped).unwrap();
            let error = Backup::read(&path).expect_err("a flipped bit is found");
            let BackupError::Damaged { offset, .. } = error else {
                assert!(place < HEADER, "{place}: {error}");
                continue;
            };
            assert!(offset <= place || place < HEADER, "{place}: {error}");
            fs::write(&path, &whole[..place]).unwrap();
            assert!(Backup::read(&path).is_err(), "cut at {place}");
        }
    }

    #[test]
    fn a_frame_that_is_missing_or_repeated_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("backup");
        backup().write(&path).unwrap();
        let whole = fs::read(&path).unwrap();
        let Found::Frame { end, .. } = frame::read(&whole, HEADER) else {
            panic!("the file begins with a frame");
        };
        let (head, first, rest) = (&whole[..HEADER], &whole[HEADER..end], &whole[end..]);
        for pieces in [[head, rest, &[]].concat(), [head, first, first].concat()] {
            fs::write(&path, pieces).unwrap();
            assert!(Backup::read(&path).is_err());
        }
    }
}
