//! Reads an archive through: large members go to the content store, the two lists stay in memory.

use std::collections::BTreeMap;
use std::io::{self, Read};

use crate::archive::{ArchiveError, Entries, Kind, decompressed};
use crate::content::Content;
use crate::digest::Digest;
use crate::files::at;
use crate::limits;

use super::ImportError;

/// What an archive holds, by plain path.
#[derive(Debug, Default)]
pub(super) struct Members {
    documents: BTreeMap<String, Vec<u8>>,
    blobs: BTreeMap<String, (Digest, u64)>,
    links: BTreeMap<String, String>,
}

const DOCUMENTS: [&str; 2] = ["index.json", "manifest.json"];

/// Links that lead to links: more than this is a circle.
const LINK_DEPTH: usize = 8;

impl Members {
    pub(super) fn document(&self, path: &str) -> Option<&[u8]> {
        self.documents.get(path).map(Vec::as_slice)
    }

    /// The digest and size of a member, also through links.
    pub(super) fn blob(&self, path: &str) -> Result<(Digest, u64), ImportError> {
        let missing = || ImportError::Missing {
            member: path.to_owned(),
        };
        let mut current = plain(path).ok_or_else(missing)?;
        for _ in 0..LINK_DEPTH {
            if let Some(found) = self.blobs.get(&current) {
                return Ok(found.clone());
            }
            current = self.links.get(&current).ok_or_else(missing)?.clone();
        }
        Err(missing())
    }
}

pub(super) fn scan(content: &Content, archive: impl Read) -> Result<Members, ImportError> {
    let input = decompressed(archive).map_err(ArchiveError::Read)?;
    let mut entries = Entries::new(input, limits::ARCHIVE_ENTRIES);
    let mut members = Members::default();
    while let Some(entry) = entries.next_entry()? {
        let Some(path) = str::from_utf8(&entry.path).ok().and_then(plain) else {
            continue;
        };
        match entry.kind {
            Kind::File if DOCUMENTS.contains(&path.as_str()) => {
                members.documents.insert(path, document(&mut entries)?);
            }
            Kind::File => {
                members.blobs.insert(path, blob(content, &mut entries)?);
            }
            Kind::Symlink { target } => members.link(path, &target, true),
            Kind::Hardlink { target } => members.link(path, &target, false),
            Kind::Directory | Kind::Character { .. } | Kind::Block { .. } | Kind::Fifo => {}
        }
    }
    Ok(members)
}

impl Members {
    fn link(&mut self, path: String, target: &[u8], relative: bool) {
        let Ok(target) = str::from_utf8(target) else {
            return;
        };
        let base = path.rsplit_once('/').map_or("", |(dir, _)| dir);
        let target = if relative {
            plain(&format!("{base}/{target}"))
        } else {
            plain(target)
        };
        if let Some(target) = target {
            self.links.insert(path, target);
        }
    }
}

fn document(entries: &mut Entries<impl Read>) -> Result<Vec<u8>, ImportError> {
    let limit = limits::MANIFEST_BYTES;
    if entries.remaining() > limit {
        return Err(ArchiveError::TooMuch {
            what: "bytes in its list of images",
            limit,
        }
        .into());
    }
    let mut bytes = Vec::new();
    entries
        .read_to_end(&mut bytes)
        .map_err(ArchiveError::Read)?;
    Ok(bytes)
}

fn blob(content: &Content, entries: &mut Entries<impl Read>) -> Result<(Digest, u64), ImportError> {
    let mut blob = content.begin()?;
    let size = io::copy(entries, &mut blob).map_err(at("copy to", content.temporary()))?;
    Ok((blob.finish()?, size))
}

/// The path without `.` and `..`, if it stays within the archive.
fn plain(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}
