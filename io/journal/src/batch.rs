//! The content of a log frame: the transactions that became durable together.
//!
//! Each transaction is encoded by whoever commits it, so that the one writer only joins bytes.
//! Guards are not kept: they held. Each batch names the one it follows by its checksum, so that
//! no batch can stand in for another of the same revisions.

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes};
use gantry_api::Encoded;
use gantry_base::Timestamp;
use gantry_store::{Key, Revision, Seal, SealError, Txn, Write};

use crate::frame::FrameWriter;

/// A batch as format 1 wrote it, without a link.
const UNLINKED: u8 = 2;
const LINKED: u8 = 5;
const PUT: u8 = 1;
const DELETE: u8 = 0;

/// A transaction with its encoding.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) txn: Txn,
    encoded: Vec<u8>,
}

impl Prepared {
    /// Encodes a transaction that is within the limits, as `seal` will have it on the disk.
    pub(crate) fn sealed(txn: Txn, seal: &dyn Seal) -> Result<Self, SealError> {
        let mut encoded = Vec::new();
        encoded.put_u16(u16::try_from(txn.writes.len()).expect("within the limits"));
        for write in &txn.writes {
            put_write(write, seal, &mut encoded)?;
        }
        Ok(Self { txn, encoded })
    }

    /// Encodes a transaction of which nothing is sealed.
    #[cfg(any(test, feature = "torture"))]
    pub(crate) fn new(txn: Txn) -> Self {
        Self::sealed(txn, &gantry_store::Plain).expect("nothing is sealed")
    }

    /// Whether it only takes away: it deletes, or changes what is being deleted.
    pub(crate) fn frees(&self) -> bool {
        self.txn.writes.iter().all(|write| match write {
            Write::Put { value, .. } => value.summary().terminating,
            Write::Delete { .. } => true,
        })
    }

    /// The number of bytes that go into the log.
    pub(crate) const fn len(&self) -> usize {
        self.encoded.len()
    }
}

fn put_write(write: &Write, seal: &dyn Seal, out: &mut Vec<u8>) -> Result<(), SealError> {
    match write {
        Write::Put { key, value } => {
            out.put_u8(PUT);
            put_key(key, out);
            put_value(key, value, seal, out)?;
        }
        Write::Delete { key } => {
            out.put_u8(DELETE);
            put_key(key, out);
        }
    }
    Ok(())
}

pub(crate) fn put_key(key: &Key, out: &mut Vec<u8>) {
    let path = key.as_str().as_bytes();
    out.put_u16(u16::try_from(path.len()).expect("a key is within its limit"));
    out.put_slice(path);
}

pub(crate) fn put_value(
    key: &Key,
    value: &Encoded,
    seal: &dyn Seal,
    out: &mut Vec<u8>,
) -> Result<(), SealError> {
    let kept = seal.seal(key, value.record())?;
    out.put_u32(u32::try_from(kept.len()).expect("a value is within its limit"));
    out.put_slice(&kept);
    Ok(())
}

/// Opens what is read, and notes what there is to say of it.
#[derive(Debug)]
pub(crate) struct Opening<'a> {
    seal: &'a dyn Seal,
    /// Why a record did not open.
    pub(crate) failure: Option<SealError>,
    /// How many records do not lie on the disk as they would be kept today.
    pub(crate) stale: usize,
}

impl<'a> Opening<'a> {
    pub(crate) const fn new(seal: &'a dyn Seal) -> Self {
        Self {
            seal,
            failure: None,
            stale: 0,
        }
    }
}

pub(crate) fn key(input: &mut &[u8]) -> Option<Key> {
    let length = usize::from(input.try_get_u16().ok()?);
    let path = std::str::from_utf8(input.split_off(..length)?).ok()?;
    Some(Key::new(path))
}

/// Copies the value, so that one small survivor does not keep a whole file in memory.
pub(crate) fn value(
    key: &Key,
    input: &mut &[u8],
    opening: &mut Opening<'_>,
) -> Option<Arc<Encoded>> {
    let length = usize::try_from(input.try_get_u32().ok()?).ok()?;
    let kept = input.split_off(..length)?;
    let opened = opening.seal.open(key, kept);
    let opened = opened.map_err(|why| opening.failure = Some(why)).ok()?;
    opening.stale += usize::from(!opened.is_current);
    let record = Bytes::from(opened.record.into_owned());
    Encoded::from_record(&record).ok().map(Arc::new)
}

/// Joins transactions into one frame.
#[derive(Debug)]
pub(crate) struct BatchWriter {
    frame: FrameWriter,
    is_empty: bool,
}

impl BatchWriter {
    /// A batch whose first transaction lands at `first`, at the time `at`, and which follows the
    /// frame with the checksum `link`.
    pub(crate) fn new(first: Revision, at: Timestamp, link: u32) -> Self {
        let mut frame = FrameWriter::new();
        let content = frame.content();
        content.put_u8(LINKED);
        content.put_u64(first.0);
        content.put_i64(at.as_millisecond());
        content.put_u32(link);
        let is_empty = true;
        Self { frame, is_empty }
    }

    pub(crate) fn add(&mut self, prepared: &Prepared) {
        self.frame.content().put_slice(&prepared.encoded);
        self.is_empty = false;
    }

    /// The frame, unless nothing was added.
    pub(crate) fn finish(self) -> Option<Vec<u8>> {
        (!self.is_empty).then(|| self.frame.finish())
    }
}

/// A batch as it is read back.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) first: Revision,
    pub(crate) at: Timestamp,
    /// The checksum of the frame it follows, if it was noted.
    pub(crate) link: Option<u32>,
    pub(crate) txns: Vec<Txn>,
}

impl Batch {
    /// Reads the content of a frame.
    pub(crate) fn read(mut input: &[u8], opening: &mut Opening<'_>) -> Option<Self> {
        let input = &mut input;
        let is_linked = match input.try_get_u8().ok()? {
            LINKED => true,
            UNLINKED => false,
            _ => return None,
        };
        let first = Revision(input.try_get_u64().ok()?);
        let at = Timestamp::from_millisecond(input.try_get_i64().ok()?).ok()?;
        let link = match is_linked {
            true => Some(input.try_get_u32().ok()?),
            false => None,
        };
        let mut txns = Vec::new();
        while !input.is_empty() {
            txns.push(txn(input, opening)?);
        }
        Some(Self {
            first,
            at,
            link,
            txns,
        })
    }
}

fn txn(input: &mut &[u8], opening: &mut Opening<'_>) -> Option<Txn> {
    let writes = input.try_get_u16().ok()?;
    let writes = (0..writes).map(|_| write(input, opening));
    let writes = writes.collect::<Option<_>>()?;
    let guards = Vec::new();
    Some(Txn { guards, writes })
}

fn write(input: &mut &[u8], opening: &mut Opening<'_>) -> Option<Write> {
    match input.try_get_u8().ok()? {
        PUT => {
            let key = key(input)?;
            let value = value(&key, input, opening)?;
            Some(Write::Put { key, value })
        }
        DELETE => Some(Write::Delete { key: key(input)? }),
        _ => None,
    }
}
