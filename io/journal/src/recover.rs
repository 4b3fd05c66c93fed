//! From the files of a directory to the state they hold.
//!
//! Reads the newest picture and every log file that goes on from it. A torn frame at the very end
//! is cut off, for it was never acknowledged; anything else that is not as it was written is
//! refused by name.

use std::sync::Arc;

use gantry_store::{Contents, HistoryLimits, Index, Revision, Seal};

use crate::batch::{Batch, Opening};
use crate::error::{JournalError, on};
use crate::frame::{self, Found, NO_LINK};
use crate::header::{FileKind, HEADER};
use crate::log::{self, Log, Place};
use crate::medium::Medium;
use crate::picture::{self, Restored};
use crate::promise::{self, Promised};

/// What was found when the journal was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The newest revision.
    pub revision: Revision,
    /// How many keys have a value.
    pub keys: usize,
    /// How many transactions were read from the log.
    pub replayed: u64,
    /// How many bytes of an unfinished, unacknowledged write were cut off.
    pub torn_bytes: usize,
    /// The size of the picture that the log goes on from.
    pub picture_bytes: u64,
    /// How many records do not lie on the disk as they would be kept today.
    pub stale: usize,
}

/// The state and the place where it goes on.
#[derive(Debug)]
pub(crate) struct Recovery {
    pub(crate) index: Index,
    pub(crate) log: Log,
    /// The checksum of the last frame.
    pub(crate) link: u32,
    pub(crate) report: Recovered,
}

/// Reads everything back, and goes on where it ends.
pub(crate) fn recover(
    medium: &Arc<dyn Medium>,
    limits: HistoryLimits,
    seal: &dyn Seal,
) -> Result<Recovery, JournalError> {
    let (replay, place) = replay(medium, limits, seal)?;
    let Replay {
        index,
        link,
        mut report,
        opening,
        is_older,
        ..
    } = replay;
    report.stale = opening.stale;
    report.revision = index.revision();
    report.keys = index.snapshot().count("");
    let log = match place {
        // What is added from here on is of today's format, so the file has to say so.
        Some(place) if is_older => {
            Log::resume(Arc::clone(medium), &place)?.finish()?;
            Log::begin(Arc::clone(medium), index.revision())?
        }
        Some(place) => Log::resume(Arc::clone(medium), &place)?,
        None => Log::begin(Arc::clone(medium), index.revision())?,
    };
    Ok(Recovery {
        link: link.unwrap_or(NO_LINK),
        index,
        log,
        report,
    })
}

/// Reads everything, and leaves everything as it is.
pub(crate) fn look(medium: &Arc<dyn Medium>, seal: &dyn Seal) -> Result<Contents, JournalError> {
    let (replay, _) = replay(medium, HistoryLimits::default(), seal)?;
    Ok(Contents::from(&replay.index.snapshot()))
}

/// Reads everything; where the log goes on.
fn replay<'a>(
    medium: &Arc<dyn Medium>,
    limits: HistoryLimits,
    seal: &'a dyn Seal,
) -> Result<(Replay<'a>, Option<Place>), JournalError> {
    let names = medium.list().map_err(on("list", "data directory"))?;
    check_unfinished(medium, &names)?;
    let pictured = revisions(FileKind::Picture, &names).pop();
    let mut replay = Replay::begin(medium, pictured, limits, Opening::new(seal))?;
    let logs = current_logs(&names, replay.index.revision());
    if let Some(pictured) = pictured {
        check_log_of_picture(pictured, &logs)?;
    }
    let place = replay.all(medium, &logs)?;
    replay.check_end(&logs)?;
    Ok((replay, place))
}

/// Frames are added to a log only when its name is durable, so what has some lost its name since.
fn check_unfinished(medium: &Arc<dyn Medium>, names: &[String]) -> Result<(), JournalError> {
    if !names.iter().any(|name| name == log::UNFINISHED) {
        return Ok(());
    }
    let file = log::UNFINISHED;
    let bytes = medium.read(file).map_err(on("read", file))?;
    if bytes.len() <= HEADER {
        return Ok(());
    }
    Err(JournalError::Damaged {
        file: file.to_owned(),
        offset: HEADER,
        found: "batches in a log that lost its name",
    })
}

/// The log that follows a picture is made before it and kept as long.
fn check_log_of_picture(pictured: Revision, logs: &[Revision]) -> Result<(), JournalError> {
    if logs.first() == Some(&pictured) {
        return Ok(());
    }
    Err(JournalError::Missing {
        file: FileKind::Log.name(pictured),
        picture: FileKind::Picture.name(pictured),
    })
}

/// The files that a picture of `revision` makes superfluous.
pub(crate) fn superfluous(names: &[String], revision: Revision) -> Vec<String> {
    let current = current_logs(names, revision);
    let old_log = |begins: &Revision| !current.contains(begins);
    let logs = revisions(FileKind::Log, names).into_iter().filter(old_log);
    let pictures = revisions(FileKind::Picture, names).into_iter();
    let pictures = pictures.filter(|pictured| *pictured < revision);
    logs.map(|begins| FileKind::Log.name(begins))
        .chain(pictures.map(|pictured| FileKind::Picture.name(pictured)))
        .collect()
}

fn revisions(kind: FileKind, names: &[String]) -> Vec<Revision> {
    let mut revisions: Vec<_> = names
        .iter()
        .filter_map(|name| kind.revision(name))
        .collect();
    revisions.sort_unstable();
    revisions
}

/// Where the log files begin that hold anything after `revision`.
fn current_logs(names: &[String], revision: Revision) -> Vec<Revision> {
    let logs = revisions(FileKind::Log, names);
    let first = logs.partition_point(|begins| *begins <= revision);
    logs[first.saturating_sub(1)..].to_vec()
}

struct Replay<'a> {
    index: Index,
    /// The checksum of the frame that reached the index's revision, if it is known.
    link: Option<u32>,
    promised: Promised,
    report: Recovered,
    opening: Opening<'a>,
    /// Whether the last log file is of an older format.
    is_older: bool,
}

impl<'a> Replay<'a> {
    fn begin(
        medium: &Arc<dyn Medium>,
        pictured: Option<Revision>,
        limits: HistoryLimits,
        mut opening: Opening<'a>,
    ) -> Result<Self, JournalError> {
        let promised = promise::read(medium)?;
        let restored = match pictured {
            Some(revision) => picture::read(medium, revision, limits, &mut opening)?,
            None => Restored {
                index: Index::new(limits),
                link: Some(NO_LINK),
                bytes: 0,
            },
        };
        Ok(Self {
            index: restored.index,
            link: restored.link,
            promised,
            report: Recovered {
                picture_bytes: restored.bytes,
                ..Recovered::default()
            },
            opening,
            is_older: false,
        })
    }

    /// Reads all log files; where the last one goes on.
    fn all(
        &mut self,
        medium: &Arc<dyn Medium>,
        logs: &[Revision],
    ) -> Result<Option<Place>, JournalError> {
        let mut place = None;
        for (position, begins) in logs.iter().enumerate() {
            let (begins, reached) = (*begins, self.index.revision());
            let file = FileKind::Log.name(begins);
            if begins > reached {
                return Err(JournalError::Gap {
                    file,
                    begins,
                    reached,
                });
            }
            let bytes = medium.read(&file).map_err(on("read", &file))?;
            let is_last = position + 1 == logs.len();
            place = Some(self.one(begins, &bytes, is_last)?);
        }
        Ok(place)
    }

    /// Reads one log file; where it goes on.
    fn one(
        &mut self,
        begins: Revision,
        bytes: &[u8],
        is_last: bool,
    ) -> Result<Place, JournalError> {
        FileKind::Log.check(begins, bytes)?;
        self.is_older = !bytes.starts_with(&FileKind::Log.header(begins));
        let damaged = |offset, found| JournalError::Damaged {
            file: FileKind::Log.name(begins),
            offset,
            found,
        };
        let (mut start, mut offset) = (HEADER, HEADER);
        loop {
            match frame::read(bytes, offset) {
                Found::End => break,
                Found::Frame { content, end, link } => {
                    let applied = self.apply(content, link);
                    if let Some(source) = self.opening.failure.take() {
                        let file = FileKind::Log.name(begins);
                        return Err(JournalError::Sealed { file, source });
                    }
                    applied.map_err(|found| damaged(offset, found))?;
                    (start, offset) = (offset, end);
                }
                Found::Broken if is_last && !frame::is_any_after(bytes, offset) => {
                    self.report.torn_bytes = bytes.len() - offset;
                    break;
                }
                Found::Broken => return Err(damaged(offset, "no whole frame")),
            }
        }
        let last = bytes[start..offset].to_vec();
        Ok(Place {
            begins,
            length: offset,
            last,
        })
    }

    /// Applies a batch that follows directly on what is there.
    fn apply(&mut self, content: &[u8], link: u32) -> Result<(), &'static str> {
        let batch = Batch::read(content, &mut self.opening).ok_or("a batch that makes no sense")?;
        let before = self.index.revision();
        let is_next = batch.first == before.next();
        is_next.then_some(()).ok_or("a batch of other revisions")?;
        let is_linked = batch.link.is_none() || self.link.is_none() || batch.link == self.link;
        is_linked
            .then_some(())
            .ok_or("a batch that follows another one")?;
        for txn in &batch.txns {
            let expected = self.index.revision().next();
            let landed = self.index.apply(txn, batch.at);
            let is_right = landed.is_ok_and(|landed| landed == expected);
            is_right
                .then_some(())
                .ok_or("a transaction that changes nothing")?;
            self.report.replayed += 1;
        }
        self.link = Some(link);
        self.check_promised(before)
    }

    /// Whether the batch that went on from `before` can be the one that was promised.
    fn check_promised(&self, before: Revision) -> Result<(), &'static str> {
        let (promised, reached) = (self.promised.revision, self.index.revision());
        if promised <= before || reached < promised {
            return Ok(());
        }
        let is_same = self.promised.link.is_none() || self.promised.link == self.link;
        let is_right = reached == promised && is_same;
        is_right
            .then_some(())
            .ok_or("another batch than the acknowledged one")
    }

    fn check_end(&self, logs: &[Revision]) -> Result<(), JournalError> {
        let (promised, reached) = (self.promised.revision, self.index.revision());
        if promised <= reached {
            return Ok(());
        }
        let last = logs.last().copied().unwrap_or(reached);
        Err(JournalError::Lost {
            file: FileKind::Log.name(last),
            reached,
            promised,
        })
    }
}
