//! Everything at one revision, in one file.
//!
//! It is written under another name and renamed when it is durable, so a file with the right name
//! is whole, or has been damaged since. The last frame counts the records.

use std::io;
use std::sync::Arc;

use bytes::{Buf, BufMut};
use gantry_base::ignore;
use gantry_store::{
    HistoryLimits, Index, Key, Record, Revision, Seal, SealError, Snapshot, Stored,
};
use tokio::sync::oneshot;

use crate::batch::{Opening, key, put_key, put_value, value};
use crate::error::{JournalError, on};
use crate::frame::{self, Found, FrameWriter};
use crate::header::{FileKind, HEADER};
use crate::limits::PICTURE_FRAME_BYTES;
use crate::medium::{Medium, MediumFile};

const RECORDS: u8 = 3;
/// The end as format 1 wrote it, without a link.
const UNLINKED_END: u8 = 4;
const END: u8 = 6;

/// The name of a picture that is being written.
pub(crate) const UNFINISHED: &str = "picture-unfinished";

/// What a picture is made of.
#[derive(Debug)]
pub(crate) struct Sitting {
    /// Everything at one revision.
    pub(crate) snapshot: Snapshot,
    /// The checksum of the frame that reached it.
    pub(crate) link: u32,
    /// What becomes of records in it.
    pub(crate) seal: Arc<dyn Seal>,
    /// Who hears what came of it.
    pub(crate) told: Vec<Told>,
}

/// Who waits for a picture.
pub(crate) type Told = oneshot::Sender<Result<(), Arc<JournalError>>>;

/// Tells everybody who waits what came of it.
pub(crate) fn tell(told: impl Iterator<Item = Told>, outcome: &Result<(), Arc<JournalError>>) {
    for one in told {
        ignore(one.send(outcome.clone()), "nobody waits any more");
    }
}

/// What a picture held.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) index: Index,
    /// The checksum of the frame that reached it, if it was noted.
    pub(crate) link: Option<u32>,
    /// The size of the file.
    pub(crate) bytes: u64,
}

/// Writes a picture durably; the number of its bytes.
pub(crate) fn write(medium: &Arc<dyn Medium>, sitting: &Sitting) -> Result<u64, JournalError> {
    let name = FileKind::Picture.name(sitting.snapshot.revision());
    let mut file = medium.open(UNFINISHED).map_err(on("make", UNFINISHED))?;
    file.truncate(0).map_err(on("truncate", UNFINISHED))?;
    let bytes = write_records(&mut *file, sitting).map_err(on("write", UNFINISHED))?;
    file.sync().map_err(on("sync", UNFINISHED))?;
    medium
        .rename(UNFINISHED, &name)
        .map_err(on("name", &name))?;
    medium.sync_names().map_err(on("name", &name))?;
    Ok(bytes)
}

fn write_records(file: &mut dyn MediumFile, sitting: &Sitting) -> io::Result<u64> {
    let mut bytes = 0;
    let mut append = |part: &[u8]| {
        bytes += u64::try_from(part.len()).expect("a length fits in 64 bits");
        file.append(part)
    };
    append(&FileKind::Picture.header(sitting.snapshot.revision()))?;
    let mut count = 0_u64;
    let mut frame = started(RECORDS);
    for (key, stored) in sitting.snapshot.range("", None) {
        count += 1;
        put_record(key, stored, &*sitting.seal, frame.content()).map_err(io::Error::other)?;
        if frame.len() >= PICTURE_FRAME_BYTES {
            append(&std::mem::replace(&mut frame, started(RECORDS)).finish())?;
        }
    }
    append(&frame.finish())?;
    let mut end = started(END);
    end.content().put_u64(count);
    end.content().put_u32(sitting.link);
    append(&end.finish())?;
    Ok(bytes)
}

fn started(tag: u8) -> FrameWriter {
    let mut frame = FrameWriter::new();
    frame.content().put_u8(tag);
    frame
}

/// Reads the picture of `revision` back.
pub(crate) fn read(
    medium: &Arc<dyn Medium>,
    revision: Revision,
    limits: HistoryLimits,
    opening: &mut Opening<'_>,
) -> Result<Restored, JournalError> {
    let name = FileKind::Picture.name(revision);
    let bytes = medium.read(&name).map_err(on("read", &name))?;
    FileKind::Picture.check(revision, &bytes)?;
    let read = records(&bytes, opening);
    if let Some(source) = opening.failure.take() {
        return Err(JournalError::Sealed { file: name, source });
    }
    let (records, link) = read.map_err(|(offset, found)| JournalError::Damaged {
        file: name,
        offset,
        found,
    })?;
    Ok(Restored {
        index: Index::restored(revision, records, limits),
        link,
        bytes: u64::try_from(bytes.len()).expect("a length fits in 64 bits"),
    })
}

type Damage = (usize, &'static str);

fn records(bytes: &[u8], opening: &mut Opening<'_>) -> Result<(Vec<Record>, Option<u32>), Damage> {
    let mut records = Vec::new();
    let mut offset = HEADER;
    loop {
        let Found::Frame {
            mut content, end, ..
        } = frame::read(bytes, offset)
        else {
            return Err((offset, "no whole frame"));
        };
        match content.try_get_u8() {
            Ok(RECORDS) => {
                while !content.is_empty() {
                    let record = record(&mut content, opening);
                    records.push(record.ok_or((offset, "a record that makes no sense"))?);
                }
            }
            Ok(tag @ (END | UNLINKED_END)) => {
                let damaged = |found| (offset, found);
                check_end(&mut content, records.len(), bytes.len() == end).map_err(damaged)?;
                let link = match tag {
                    END => Some(content.try_get_u32().map_err(|_| damaged("no link"))?),
                    _ => None,
                };
                return Ok((records, link));
            }
            _ => return Err((offset, "a frame of another kind")),
        }
        offset = end;
    }
}

fn check_end(content: &mut &[u8], records: usize, is_last: bool) -> Result<(), &'static str> {
    let count = content.try_get_u64().ok();
    if count != u64::try_from(records).ok() {
        return Err("a count that does not match");
    }
    is_last.then_some(()).ok_or("something behind the end")
}

pub(crate) fn put_record(
    key: &Key,
    stored: &Stored,
    seal: &dyn Seal,
    out: &mut Vec<u8>,
) -> Result<(), SealError> {
    out.put_u64(stored.created.0);
    out.put_u64(stored.modified.0);
    put_key(key, out);
    put_value(key, &stored.value, seal, out)
}

pub(crate) fn record(input: &mut &[u8], opening: &mut Opening<'_>) -> Option<Record> {
    let created = Revision(input.try_get_u64().ok()?);
    let modified = Revision(input.try_get_u64().ok()?);
    let key = key(input)?;
    let value = value(&key, input, opening)?;
    let stored = Stored {
        value,
        created,
        modified,
    };
    Some(Record { key, stored })
}
