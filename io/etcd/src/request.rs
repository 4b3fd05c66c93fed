//! Transactions as etcd takes them, and what its answers mean.
//!
//! Guards become comparisons of modification revisions. When they do not hold, the same request
//! asks for the keys that were guarded, so that the refusal can name what stood in the way.

use bytes::Bytes;
use gantry_store::{CommitError, Guard, SealError, Txn, Write};

use crate::space::Space;
use crate::wire::{
    Against, Compare, DeleteRequest, KeyValue, Op, PutRequest, RangeRequest, RequestOp, TxnRequest,
    TxnResponse, result, target,
};

/// No key was ever modified at this revision.
const NEVER: i64 = -1;

/// The request that carries out `txn`.
pub(crate) fn of(txn: &Txn, space: &Space) -> Result<TxnRequest, SealError> {
    let writes = txn.writes.iter().map(|one| operation(one, space));
    Ok(TxnRequest {
        compare: txn.guards.iter().map(|one| compare(one, space)).collect(),
        success: writes.collect::<Result<_, _>>()?,
        failure: txn.guards.iter().map(|one| question(one, space)).collect(),
    })
}

fn compare(guard: &Guard, space: &Space) -> Compare {
    let key = space.key(guard.key());
    match guard {
        Guard::Absent(_) => modified(key, result::EQUAL, 0),
        Guard::Present(_) => modified(key, result::GREATER, 0),
        Guard::Unchanged { since, .. } => {
            modified(key, result::EQUAL, space.theirs(*since).unwrap_or(NEVER))
        }
    }
}

/// Compares when `key` was last modified.
pub(crate) const fn modified(key: Bytes, result: i32, revision: i64) -> Compare {
    Compare {
        result,
        target: target::MODIFIED,
        key,
        against: Some(Against::Modified(revision)),
    }
}

fn operation(write: &Write, space: &Space) -> Result<RequestOp, SealError> {
    let at = space.key(write.key());
    Ok(match write {
        Write::Put { key, value } => put(at, space.seal().seal(key, value.record())?),
        Write::Delete { .. } => Op::Delete(DeleteRequest {
            key: at,
            end: Bytes::new(),
        })
        .into(),
    })
}

/// Writes one key.
pub(crate) fn put(key: Bytes, value: impl Into<Bytes>) -> RequestOp {
    let value = value.into();
    Op::Put(PutRequest { key, value }).into()
}

fn question(guard: &Guard, space: &Space) -> RequestOp {
    Op::Range(RangeRequest {
        key: space.key(guard.key()),
        keys_only: true,
        ..RangeRequest::default()
    })
    .into()
}

/// Why `txn` was refused; nothing when the answer does not show any reason.
pub(crate) fn refusal(txn: &Txn, response: &TxnResponse, space: &Space) -> Option<CommitError> {
    let found = response.responses.iter().map(|answer| {
        let range = answer.range.as_ref();
        range.and_then(|range| range.kvs.first())
    });
    let mut pairs = txn.guards.iter().zip(found);
    pairs.find_map(|(guard, found)| stands_against(guard, found, space))
}

fn stands_against(guard: &Guard, found: Option<&KeyValue>, space: &Space) -> Option<CommitError> {
    let key = guard.key().clone();
    match (guard, found) {
        (Guard::Absent(_), Some(found)) => Some(CommitError::Exists {
            key,
            created: space.revision(found.created),
        }),
        (Guard::Present(_) | Guard::Unchanged { .. }, None) => Some(CommitError::Missing { key }),
        (Guard::Unchanged { since, .. }, Some(found)) => {
            let (read, found) = (*since, space.revision(found.modified));
            (read != found).then_some(CommitError::Conflict { key, read, found })
        }
        (Guard::Absent(_), None) | (Guard::Present(_), Some(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use gantry_store::contract::value;
    use gantry_store::{Key, Revision};

    use crate::wire::{RangeResponse, ResponseOp};

    use super::*;

    fn space() -> Space {
        Space::new("/g/".to_owned(), 100)
    }

    fn answer(found: &[Option<(i64, i64)>]) -> TxnResponse {
        let one = |found: &Option<(i64, i64)>| {
            let kv = found.map(|(created, modified)| KeyValue {
                created,
                modified,
                ..KeyValue::default()
            });
            let range = RangeResponse {
                kvs: kv.into_iter().collect(),
                ..RangeResponse::default()
            };
            ResponseOp { range: Some(range) }
        };
        TxnResponse {
            responses: found.iter().map(one).collect(),
            ..TxnResponse::default()
        }
    }

    #[test]
    fn guards_compare_modification_revisions_and_ask_for_what_they_guard() {
        let since = Revision(107);
        let txn = Txn::new()
            .guard(Guard::Absent(Key::new("a//x")))
            .guard(Guard::Present(Key::new("a//y")))
            .guard(Guard::Unchanged {
                key: Key::new("a//z"),
                since,
            })
            .guard(Guard::Unchanged {
                key: Key::new("a//old"),
                since: Revision(100),
            })
            .put(Key::new("a//x"), value("1"))
            .delete(Key::new("a//z"));
        let request = of(&txn, &space()).unwrap();
        let compared: Vec<_> = request
            .compare
            .iter()
            .map(|compare| (&compare.key[..], compare.result, compare.against.clone()))
            .collect();
        let against = |revision| Some(Against::Modified(revision));
        assert_eq!(
            compared,
            [
                (&b"/g/a//x"[..], result::EQUAL, against(0)),
                (&b"/g/a//y"[..], result::GREATER, against(0)),
                (&b"/g/a//z"[..], result::EQUAL, against(7)),
                (&b"/g/a//old"[..], result::EQUAL, against(NEVER)),
            ]
        );
        assert_eq!(request.success.len(), 2);
        assert_eq!(request.failure.len(), 4);
    }

    #[test]
    fn a_refusal_names_the_first_guard_that_does_not_hold() {
        let since = Revision(107);
        let txn = Txn::new()
            .guard(Guard::Present(Key::new("a//y")))
            .guard(Guard::Absent(Key::new("a//x")))
            .guard(Guard::Unchanged {
                key: Key::new("a//z"),
                since,
            });
        let said = |found: &[_]| {
            let refusal = refusal(&txn, &answer(found), &space());
            refusal.map(|error| error.to_string())
        };
        let there = Some((3, 4));
        assert_eq!(said(&[there, None, Some((3, 7))]), None);
        assert_eq!(
            said(&[None, None, None]).unwrap(),
            "commit: a//y does not exist"
        );
        assert_eq!(
            said(&[there, there, None]).unwrap(),
            "commit: a//x exists since 103"
        );
        assert_eq!(
            said(&[there, None, None]).unwrap(),
            "commit: a//z does not exist"
        );
        assert_eq!(
            said(&[there, None, there]).unwrap(),
            "commit: a//z changed at 104, after it was read at 107"
        );
    }
}
