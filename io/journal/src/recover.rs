//! From the files of a directory to the state they hold.
//!
//! Reads the newest picture and every log file that goes on from it. A torn frame at the very end
//! is cut off, for it was never acknowledged; anything else that is not as it was written is
//! refused by name.

use std::sync::Arc;

use gantry_store::{HistoryLimits, Index, Revision};

use crate::batch::Batch;
use crate::error::{JournalError, on};
use crate::frame::{self, Found};
use crate::header::{FileKind, HEADER};
use crate::log::Log;
use crate::medium::Medium;
use crate::picture;
use crate::promise;

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
}

/// The state and the place where it goes on.
#[derive(Debug)]
pub(crate) struct Recovery {
    pub(crate) index: Index,
    pub(crate) log: Log,
    pub(crate) report: Recovered,
}

/// Reads everything back.
pub(crate) fn recover(
    medium: &Arc<dyn Medium>,
    limits: HistoryLimits,
) -> Result<Recovery, JournalError> {
    let names = medium.list().map_err(on("list", "data directory"))?;
    let pictured = revisions(FileKind::Picture, &names).pop();
    let (index, picture_bytes) = match pictured {
        Some(revision) => picture::read(medium, revision, limits)?,
        None => (Index::new(limits), 0),
    };
    let mut replay = Replay {
        index,
        report: Recovered {
            picture_bytes,
            ..Recovered::default()
        },
    };
    let logs = current_logs(&names, replay.index.revision());
    let place = replay.all(medium, &logs)?;
    replay.check_promise(medium, &logs)?;
    let Replay { index, mut report } = replay;
    report.revision = index.revision();
    report.keys = index.snapshot().count("");
    let log = match place {
        Some((begins, length)) => Log::resume(Arc::clone(medium), begins, length)?,
        None => Log::begin(Arc::clone(medium), index.revision())?,
    };
    Ok(Recovery { index, log, report })
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

struct Replay {
    index: Index,
    report: Recovered,
}

impl Replay {
    /// Reads all log files; the last one's begin and the length of what is whole in it.
    fn all(
        &mut self,
        medium: &Arc<dyn Medium>,
        logs: &[Revision],
    ) -> Result<Option<(Revision, usize)>, JournalError> {
        let mut place = None;
        for (position, begins) in logs.iter().enumerate() {
            let file = FileKind::Log.name(*begins);
            let reached = self.index.revision();
            if *begins > reached {
                let begins = *begins;
                return Err(JournalError::Gap {
                    file,
                    begins,
                    reached,
                });
            }
            let bytes = medium.read(&file).map_err(on("read", &file))?;
            let is_last = position + 1 == logs.len();
            let length = self.one(*begins, &bytes, is_last)?;
            place = Some((*begins, length));
        }
        Ok(place)
    }

    /// Reads one log file; the length of what is whole in it.
    fn one(
        &mut self,
        begins: Revision,
        bytes: &[u8],
        is_last: bool,
    ) -> Result<usize, JournalError> {
        FileKind::Log.check(begins, bytes)?;
        let damaged = |offset, found| JournalError::Damaged {
            file: FileKind::Log.name(begins),
            offset,
            found,
        };
        let mut offset = HEADER;
        loop {
            match frame::read(bytes, offset) {
                Found::End => return Ok(offset),
                Found::Frame { content, end } => {
                    self.apply(content)
                        .map_err(|found| damaged(offset, found))?;
                    offset = end;
                }
                Found::Broken if is_last && !frame::is_any_after(bytes, offset) => {
                    self.report.torn_bytes = bytes.len() - offset;
                    return Ok(offset);
                }
                Found::Broken => return Err(damaged(offset, "no whole frame")),
            }
        }
    }

    fn apply(&mut self, content: &[u8]) -> Result<(), &'static str> {
        let batch = Batch::read(content).ok_or("a batch that makes no sense")?;
        let mut revision = batch.first;
        for txn in &batch.txns {
            let expected = self.index.revision().next();
            if revision > expected {
                return Err("a batch that leaves out revisions");
            }
            if revision == expected {
                let landed = self.index.apply(txn, batch.at);
                let is_right = landed.is_ok_and(|landed| landed == revision);
                is_right
                    .then_some(())
                    .ok_or("a transaction that changes nothing")?;
                self.report.replayed += 1;
            }
            revision = revision.next();
        }
        Ok(())
    }

    fn check_promise(
        &self,
        medium: &Arc<dyn Medium>,
        logs: &[Revision],
    ) -> Result<(), JournalError> {
        let (promised, reached) = (promise::read(medium), self.index.revision());
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
