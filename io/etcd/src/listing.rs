//! Everything at one revision, read page by page.

use bytes::Bytes;
use gantry_store::{Key, Record, Stored};

use crate::error::EtcdError;
use crate::limits::{PAGE_BYTES, PAGE_KEYS_FIRST, PAGE_KEYS_MAX};
use crate::record;
use crate::rpc::Rpc;
use crate::space::{Place, Space};
use crate::state::State;
use crate::wire::{KeyValue, RangeRequest};

/// All records as they were at `revision`, which is etcd's.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) revision: i64,
    pub(crate) records: Vec<Record>,
    /// Those that do not lie there as they would be kept today.
    pub(crate) stale: Vec<Key>,
    /// What was noted about them; nothing when it cannot be read.
    pub(crate) state: Option<State>,
}

/// How often a listing may be overtaken by compaction. Each takes minutes to happen, so that more
/// than one in a row means that reading is too slow to ever end.
const ATTEMPTS: usize = 3;

/// Reads everything in `space`.
pub(crate) async fn read(rpc: &Rpc, space: &Space) -> Result<Listing, EtcdError> {
    for _ in 1..ATTEMPTS {
        match attempt(rpc, space).await {
            Err(error) if error.is_compacted() => {}
            outcome => return outcome,
        }
    }
    attempt(rpc, space).await
}

async fn attempt(rpc: &Rpc, space: &Space) -> Result<Listing, EtcdError> {
    let (mut key, end) = space.bounds();
    let (mut revision, mut limit) = (0, PAGE_KEYS_FIRST);
    let (mut records, mut state) = (Vec::new(), None);
    let mut stale = Vec::new();
    loop {
        let request = RangeRequest {
            key,
            end: end.clone(),
            limit,
            revision,
            keys_only: false,
        };
        let page = rpc.range(request).await?;
        if revision == 0 {
            revision = page.header.unwrap_or_default().revision;
        }
        limit = next_limit(&page.kvs);
        for kv in &page.kvs {
            match space.place(&kv.key) {
                Place::Record(key) => {
                    let (record, is_current) = read_record(key, kv, space)?;
                    stale.extend((!is_current).then(|| record.key.clone()));
                    records.push(record);
                }
                Place::State => state = State::read(&kv.value).ok(),
                Place::Own => {}
                Place::Foreign => return Err(record::foreign(&kv.key)),
            }
        }
        match page.kvs.last() {
            Some(last) if page.more => key = after(&last.key),
            _ => {
                return Ok(Listing {
                    revision,
                    records,
                    stale,
                    state,
                });
            }
        }
    }
}

/// How many keys to ask for, when the last page was `page`.
fn next_limit(page: &[KeyValue]) -> i64 {
    let bytes: usize = page.iter().map(|kv| kv.key.len() + kv.value.len()).sum();
    let each = (bytes / page.len().max(1)).max(1);
    let keys = i64::try_from(PAGE_BYTES / each).unwrap_or(PAGE_KEYS_MAX);
    keys.clamp(1, PAGE_KEYS_MAX)
}

/// The first key behind `key`.
fn after(key: &Bytes) -> Bytes {
    let mut next = key.to_vec();
    next.push(0);
    next.into()
}

fn read_record(key: Key, kv: &KeyValue, space: &Space) -> Result<(Record, bool), EtcdError> {
    let (value, is_current) = record::read(&key, &kv.value, space)?;
    let stored = Stored {
        value,
        created: space.revision(kv.created),
        modified: space.revision(kv.modified),
    };
    Ok((Record { key, stored }, is_current))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_about_as_many_bytes_whatever_lies_in_them() {
        let page = |bytes: usize, keys: usize| {
            let kv = KeyValue {
                value: vec![0; bytes].into(),
                ..KeyValue::default()
            };
            next_limit(&vec![kv; keys])
        };
        assert_eq!(page(0, 0), PAGE_KEYS_MAX);
        assert_eq!(page(1024, 10), 4096);
        assert_eq!(page(1024 * 1024, 2), 4);
        assert_eq!(page(5 * 1024 * 1024, 1), 1);
    }
}
