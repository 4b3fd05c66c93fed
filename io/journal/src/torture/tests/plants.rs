//! Bugs that are planted between the journal and its disk: the torture finds every one.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each bug is at home in one place and nowhere else"
)]

use std::io::{self, ErrorKind};
use std::sync::Mutex;

use gantry_store::{HistoryLimits, Index, Plain, Record, Snapshot};

use crate::batch::{Batch, Opening};
use crate::frame::{self, Found, FrameWriter, checksum};
use crate::header::{FileKind, HEADER};
use crate::log;
use crate::medium::{Medium, MediumFile};
use crate::picture::{self, Sitting};
use crate::promise::PROMISE;

use super::*;
use crate::torture::seam::Seam;

/// Within so many power cuts each has to be found.
const CUTS_MAX: u64 = 4000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bug {
    /// A commit is acknowledged before the log is synced.
    AcknowledgesEarly,
    /// A sync that failed is taken for one that succeeded.
    BelievesFailedSyncs,
    /// A write that the disk had no room for is taken for whole.
    BelievesShortWrites,
    /// The directory is never synced.
    ForgetsNames,
    /// A picture gets its name before its content is durable.
    NamesPicturesEarly,
    /// A log gets its name before its header is durable.
    NamesLogsEarly,
    /// What a picture replaces goes before the picture is there.
    RemovesLogsEarly,
    /// A picture still has what was deleted since the one before.
    ForgetsDeletions,
    /// A refused or torn frame is not cut off.
    KeepsTornTails,
    /// A frame need not match its checksum.
    SkipsChecksums,
    /// The end of a torn frame is taken for zeros.
    CompletesTornTails,
    /// The last frame is not written again when the journal is opened.
    TrustsTheCache,
    /// A batch is promised before it is durable.
    PromisesEarly,
    /// The promise is not looked at.
    ForgetsPromises,
    /// Whatever follows a broken frame is cut off with it.
    CutsOffWitnesses,
}

/// The first law that a planted bug breaks, and after how many power cuts.
fn first_violation(bug: Bug) -> Option<(u64, Violation)> {
    let seam = Planted {
        bug,
        before: Mutex::default(),
    };
    let (mut figures, mut seeds) = (Figures::default(), Dice::new(1));
    while figures.cuts < CUTS_MAX {
        let seed = seeds.next();
        if let Err(violation) = live_over(&seam, seed, Trust::of(seed), &mut figures) {
            return Some((figures.cuts, violation));
        }
    }
    None
}

#[test]
fn every_planted_bug_is_found() {
    let bugs = [
        Bug::AcknowledgesEarly,
        Bug::BelievesFailedSyncs,
        Bug::BelievesShortWrites,
        Bug::ForgetsNames,
        Bug::NamesPicturesEarly,
        Bug::NamesLogsEarly,
        Bug::RemovesLogsEarly,
        Bug::ForgetsDeletions,
        Bug::KeepsTornTails,
        Bug::SkipsChecksums,
        Bug::CompletesTornTails,
        Bug::TrustsTheCache,
        Bug::PromisesEarly,
        Bug::ForgetsPromises,
        Bug::CutsOffWitnesses,
    ];
    let mut missed = Vec::new();
    for bug in bugs {
        match first_violation(bug) {
            Some((cuts, violation)) => println!("{bug:?}: {cuts} cuts: {violation}"),
            None => missed.push(bug),
        }
    }
    assert_eq!(missed, []);
}

#[derive(Debug)]
struct Planted {
    bug: Bug,
    /// What the last picture was made of.
    before: Mutex<Option<Snapshot>>,
}

impl Seam for Planted {
    fn medium(&self, disk: &Disk) -> Arc<dyn Medium> {
        let (disk, bug) = (disk.clone(), self.bug);
        Arc::new(Crooked { disk, bug })
    }

    fn sitting(&self, sitting: Sitting) -> Sitting {
        let before = self
            .before
            .lock()
            .unwrap()
            .replace(sitting.snapshot.clone());
        match before {
            Some(before) if self.bug == Bug::ForgetsDeletions => with_old(&sitting, &before),
            _ => sitting,
        }
    }
}

/// A picture that lacks no key of the one before.
fn with_old(sitting: &Sitting, before: &Snapshot) -> Sitting {
    let records = [before, &sitting.snapshot].into_iter().flat_map(|all| {
        all.range("", None).map(|(key, stored)| Record {
            key: key.clone(),
            stored: stored.clone(),
        })
    });
    let revision = sitting.snapshot.revision();
    let index = Index::restored(revision, records, HistoryLimits::default());
    Sitting {
        snapshot: index.snapshot(),
        link: sitting.link,
        seal: std::sync::Arc::clone(&sitting.seal),
        told: Vec::new(),
    }
}

#[derive(Debug)]
struct Crooked {
    disk: Disk,
    bug: Bug,
}

impl Medium for Crooked {
    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut bytes = self.disk.read(name)?;
        match self.bug {
            Bug::ForgetsPromises if name == PROMISE => return Err(ErrorKind::NotFound.into()),
            Bug::SkipsChecksums if name.starts_with("log-") => mend(&mut bytes),
            Bug::CompletesTornTails if name.starts_with("log-") => complete(&mut bytes),
            Bug::CutsOffWitnesses if name.starts_with("log-") => cut_off(&mut bytes),
            _ => {}
        }
        Ok(bytes)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn MediumFile>> {
        Ok(Box::new(CrookedFile {
            file: self.disk.open(name)?,
            disk: self.disk.clone(),
            bug: self.bug,
            is_log: name.starts_with("log-"),
            is_picture: name == picture::UNFINISHED,
            is_header: name == log::UNFINISHED,
        }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        if self.bug == Bug::RemovesLogsEarly && from == picture::UNFINISHED {
            let names = self.disk.list()?;
            let mut logs: Vec<_> = names
                .iter()
                .filter(|name| FileKind::Log.revision(name).is_some())
                .collect();
            logs.pop();
            for log in logs {
                self.disk.remove(log)?;
            }
        }
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match self.disk.remove(name) {
            // Its log may be gone already.
            Err(_) if self.bug == Bug::RemovesLogsEarly => Ok(()),
            removed => removed,
        }
    }

    fn sync_names(&self) -> io::Result<()> {
        if self.bug == Bug::ForgetsNames {
            return Ok(());
        }
        self.disk.sync_names()
    }
}

#[derive(Debug)]
struct CrookedFile {
    file: Box<dyn MediumFile>,
    disk: Disk,
    bug: Bug,
    is_log: bool,
    is_picture: bool,
    /// Whether only the header of a new log has been written.
    is_header: bool,
}

impl MediumFile for CrookedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.bug == Bug::PromisesEarly && self.is_log {
            promise_early(&self.disk, bytes)?;
        }
        match self.file.append(bytes) {
            Err(error)
                if self.bug == Bug::BelievesShortWrites
                    && error.kind() == ErrorKind::StorageFull =>
            {
                Ok(())
            }
            written => written,
        }
    }

    fn overwrite(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if self.bug == Bug::TrustsTheCache && self.is_log {
            return Ok(());
        }
        self.file.overwrite(offset, bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        if self.bug == Bug::KeepsTornTails && self.is_log && !self.is_header {
            return Ok(());
        }
        self.file.truncate(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        let is_header = std::mem::replace(&mut self.is_header, false);
        let is_skipped = match self.bug {
            Bug::AcknowledgesEarly => self.is_log && !is_header,
            Bug::NamesLogsEarly => is_header,
            Bug::NamesPicturesEarly => self.is_picture,
            _ => false,
        };
        if is_skipped {
            return Ok(());
        }
        match self.file.sync() {
            Err(_) if self.bug == Bug::BelievesFailedSyncs => Ok(()),
            synced => synced,
        }
    }
}

fn promise_early(disk: &Disk, bytes: &[u8]) -> io::Result<()> {
    let Found::Frame { content, .. } = frame::read(bytes, 0) else {
        return Ok(());
    };
    let batch = Batch::read(content, &mut Opening::new(&Plain)).unwrap();
    let reached = batch.first.0 - 1 + u64::try_from(batch.txns.len()).unwrap();
    let mut note = reached.to_be_bytes().to_vec();
    note.extend_from_slice(&checksum(&note, &[]).to_be_bytes());
    let mut file = disk.open(PROMISE)?;
    file.truncate(0)?;
    file.overwrite(0, &note)
}

/// Where the first frame that is not whole begins, if there is one.
fn broken(bytes: &[u8]) -> Option<usize> {
    let mut offset = HEADER.min(bytes.len());
    loop {
        match frame::read(bytes, offset) {
            Found::Frame { end, .. } => offset = end,
            Found::Broken => return Some(offset),
            Found::End => return None,
        }
    }
}

/// The content that a frame claims to have, and where it ends.
fn claimed(bytes: &[u8], offset: usize) -> Option<(Vec<u8>, usize)> {
    let length = bytes.get(offset + 4..offset + 8)?.first_chunk::<4>()?;
    let start = offset + 12;
    let end = start + usize::try_from(u32::from_be_bytes(*length)).unwrap();
    Some((bytes.get(start..end)?.to_vec(), end))
}

fn mend(bytes: &mut Vec<u8>) {
    let Some(offset) = broken(bytes) else { return };
    if let Some((content, end)) = claimed(bytes, offset) {
        let mut writer = FrameWriter::new();
        writer.content().extend(content);
        bytes.splice(offset..end, writer.finish());
    }
}

fn complete(bytes: &mut Vec<u8>) {
    let Some(offset) = broken(bytes) else { return };
    let length = bytes
        .get(offset + 4..)
        .and_then(|rest| rest.first_chunk::<4>())
        .map(|length| usize::try_from(u32::from_be_bytes(*length)).unwrap());
    if let Some(length) = length.filter(|length| *length < 100_000) {
        let end = bytes.len().max(offset + 12 + length);
        bytes.resize(end, 0);
        mend(bytes);
    }
}

fn cut_off(bytes: &mut Vec<u8>) {
    if let Some(offset) = broken(bytes) {
        bytes.truncate(offset);
    }
}
