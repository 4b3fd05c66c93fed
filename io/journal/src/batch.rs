//! The content of a log frame: the transactions that became durable together.
//!
//! Each transaction is encoded by whoever commits it, so that the one writer only joins bytes.
//! Guards are not kept: they held. Each batch names the one it follows by its checksum, so that
//! no batch can stand in for another of the same revisions.

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes};
use gantry_api::Encoded;
use gantry_base::Timestamp;
use gantry_store::{Key, Revision, Txn, Write};

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
    /// Encodes a transaction that is within the limits.
    pub(crate) fn new(txn: Txn) -> Self {
        let mut encoded = Vec::new();
        encoded.put_u16(u16::try_from(txn.writes.len()).expect("within the limits"));
        for write in &txn.writes {
            put_write(write, &mut encoded);
        }
        Self { txn, encoded }
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

fn put_write(write: &Write, out: &mut Vec<u8>) {
    match write {
        Write::Put { key, value } => {
            out.put_u8(PUT);
            put_key(key, out);
            put_value(value, out);
        }
        Write::Delete { key } => {
            out.put_u8(DELETE);
            put_key(key, out);
        }
    }
}

pub(crate) fn put_key(key: &Key, out: &mut Vec<u8>) {
    let path = key.as_str().as_bytes();
    out.put_u16(u16::try_from(path.len()).expect("a key is within its limit"));
    out.put_slice(path);
}

pub(crate) fn put_value(value: &Encoded, out: &mut Vec<u8>) {
    let record = value.record();
    out.put_u32(u32::try_from(record.len()).expect("a value is within its limit"));
    out.put_slice(&record);
}

pub(crate) fn key(input: &mut &[u8]) -> Option<Key> {
    let length = usize::from(input.try_get_u16().ok()?);
    let path = std::str::from_utf8(input.split_off(..length)?).ok()?;
    Some(Key::new(path))
}

/// Copies the value, so that one small survivor does not keep a whole file in memory.
pub(crate) fn value(input: &mut &[u8]) -> Option<Arc<Encoded>> {
    let length = usize::try_from(input.try_get_u32().ok()?).ok()?;
    let record = Bytes::copy_from_slice(input.split_off(..length)?);
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
    pub(crate) fn read(mut input: &[u8]) -> Option<Self> {
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
            txns.push(txn(input)?);
        }
        Some(Self {
            first,
            at,
            link,
            txns,
        })
    }
}

fn txn(input: &mut &[u8]) -> Option<Txn> {
    let writes = input.try_get_u16().ok()?;
    let writes = (0..writes).map(|_| write(input)).collect::<Option<_>>()?;
    let guards = Vec::new();
    Some(Txn { guards, writes })
}

fn write(input: &mut &[u8]) -> Option<Write> {
    match input.try_get_u8().ok()? {
        PUT => {
            let (key, value) = (key(input)?, value(input)?);
            Some(Write::Put { key, value })
        }
        DELETE => Some(Write::Delete { key: key(input)? }),
        _ => None,
    }
}
