//! States on their way into an etcd and out of it, with no server at work.
//!
//! A state that is being written is noted as such until it is whole, and one that was moved away is
//! noted as that: no server works on either, and one that did stops. So there are never two states
//! that both go on. Revisions continue above all that were given out before.

use bytes::Bytes;
use gantry_store::limits::{TXN_BYTES_MAX, TXN_OPERATIONS_MAX};
use gantry_store::{Contents, Record, Revision, Txn};

use crate::config::EtcdConfig;
use crate::error::EtcdError;
use crate::link::Dialer;
use crate::listing;
use crate::opening::{self, Noted};
use crate::request::{self, modified};
use crate::rpc::Rpc;
use crate::space::Space;
use crate::state::State;
use crate::wire::{DeleteRequest, Op, RequestOp, TxnRequest, result};

/// A state in an etcd that is read from outside.
#[derive(Debug)]
pub struct Source {
    rpc: Rpc,
    space: Space,
    noted: Noted,
}

impl Source {
    /// Finds the state. One that is being moved away is found too, so that this can be finished.
    pub async fn open(config: &EtcdConfig) -> Result<Self, EtcdError> {
        let (rpc, noted) = look(config).await?;
        let base = match &noted.state {
            Some(State::Ready { base } | State::Moved { base }) => *base,
            Some(State::Loading { .. }) => return Err(EtcdError::Unfinished),
            None => {
                let prefix = config.prefix.clone();
                return Err(EtcdError::Empty { prefix });
            }
        };
        let space = Space::new(config.prefix.clone(), base).sealing(&config.seal);
        Ok(Self { rpc, space, noted })
    }

    /// Everything as it is at one revision.
    pub async fn read(&self) -> Result<Contents, EtcdError> {
        let listing = listing::read(&self.rpc, &self.space).await?;
        Ok(Contents {
            revision: self.space.revision(listing.revision),
            records: listing.records,
        })
    }

    /// Notes that the state is moved away: servers stop, and none works on it any more.
    pub async fn leave(&mut self) -> Result<(), EtcdError> {
        let base = self.space.base();
        self.change(State::Moved { base }).await
    }

    /// Takes [`leave`](Self::leave) back, when the move did not succeed.
    pub async fn stay(&mut self) -> Result<(), EtcdError> {
        let base = self.space.base();
        self.change(State::Ready { base }).await
    }

    async fn change(&mut self, state: State) -> Result<(), EtcdError> {
        let changed = opening::note(&self.rpc, &self.space, &self.noted, &state).await?;
        self.noted.modified = changed.ok_or(EtcdError::Raced)?;
        self.noted.state = Some(state);
        Ok(())
    }
}

/// What to do with a state that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occupied {
    /// Refuse.
    Keep,
    /// Replace it.
    Replace,
}

/// Makes `contents` the state of an etcd; the revision that it has there.
///
/// Nothing is touched when a record does not fit, or when there is a state that is to be kept.
pub async fn fill(
    config: &EtcdConfig,
    contents: &Contents,
    occupied: Occupied,
) -> Result<Revision, EtcdError> {
    let batches = batches(&contents.records)?;
    let (rpc, mut noted) = look(config).await?;
    let here = Space::new(config.prefix.clone(), 0);
    let is_unused = noted.state.is_none() && opening::is_empty(&rpc, &here).await?;
    if occupied == Occupied::Keep && !is_unused {
        let prefix = config.prefix.clone();
        return Err(EtcdError::Occupied { prefix });
    }
    let base = base(&noted, contents.revision);
    let space = Space::new(config.prefix.clone(), base).sealing(&config.seal);
    let loading = opening::note(&rpc, &space, &noted, &State::Loading { base }).await?;
    noted.modified = loading.ok_or(EtcdError::Raced)?;
    write(&rpc, &space, &noted, removals(&space)).await?;
    for batch in &batches {
        let request = request::of(batch, &space)?;
        write(&rpc, &space, &noted, request.success).await?;
    }
    let ready = opening::note(&rpc, &space, &noted, &State::Ready { base }).await?;
    Ok(space.revision(ready.ok_or(EtcdError::Raced)?))
}

/// What makes all of etcd's revisions later than `revision`, and than those given out here before.
fn base(noted: &Noted, revision: Revision) -> u64 {
    let before = noted.state.as_ref().map_or(0, |state| {
        let space = Space::new(String::new(), state.base());
        space.revision(noted.header.revision).0
    });
    before.max(revision.0)
}

/// Everything of ours but the note.
fn removals(space: &Space) -> Vec<RequestOp> {
    let (first, end) = space.bounds();
    let note = space.state();
    let mut behind = note.to_vec();
    behind.push(0);
    let delete = |key: Bytes, end: Bytes| Op::Delete(DeleteRequest { key, end }).into();
    vec![delete(first, note), delete(behind.into(), end)]
}

async fn write(
    rpc: &Rpc,
    space: &Space,
    noted: &Noted,
    success: Vec<RequestOp>,
) -> Result<(), EtcdError> {
    let request = TxnRequest {
        compare: vec![modified(space.state(), result::EQUAL, noted.modified)],
        success,
        failure: Vec::new(),
    };
    let is_ours = rpc.txn(request).await?.succeeded;
    is_ours.then_some(()).ok_or(EtcdError::Raced)
}

/// The records as transactions within the limits.
fn batches(records: &[Record]) -> Result<Vec<Txn>, EtcdError> {
    let mut batches = Vec::new();
    let (mut batch, mut weight) = (Txn::new(), 0);
    for record in records {
        let (key, value) = (record.key.clone(), record.stored.value.clone());
        let one = Txn::new().put(key.clone(), value.clone());
        one.check_limits().map_err(EtcdError::Record)?;
        let more = one.weight();
        if batch.writes.len() == TXN_OPERATIONS_MAX || weight + more > TXN_BYTES_MAX {
            batches.push(std::mem::take(&mut batch));
            weight = 0;
        }
        weight += more;
        batch = batch.put(key, value);
    }
    batches.push(batch);
    Ok(batches)
}

/// Connects to the first endpoint that answers; what is noted there.
async fn look(config: &EtcdConfig) -> Result<(Rpc, Noted), EtcdError> {
    let mut dialer = Dialer::new(config.clone());
    let mut attempt = async || {
        let rpc = dialer.dial().await?;
        let space = Space::new(config.prefix.clone(), 0);
        let noted = opening::read(&rpc, &space).await?;
        Ok((rpc, noted))
    };
    let mut outcome = attempt().await;
    for _ in 1..config.endpoints.len() {
        if outcome.as_ref().err().is_some_and(EtcdError::is_passing) {
            outcome = attempt().await;
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use gantry_store::contract::value;
    use gantry_store::limits::VALUE_BYTES_MAX;
    use gantry_store::{Key, Stored};

    use crate::wire::Header;

    use super::*;

    fn record(number: usize, text: &str) -> Record {
        let stored = Stored {
            value: value(text),
            created: Revision(1),
            modified: Revision(1),
        };
        let key = Key::new(format!("a//{number}"));
        Record { key, stored }
    }

    #[test]
    fn batches_stay_within_what_one_transaction_may_hold() {
        let small: Vec<_> = (0..300).map(|number| record(number, "")).collect();
        let sizes = |records: &[Record]| -> Vec<usize> {
            let batches = batches(records).unwrap();
            batches
                .iter()
                .for_each(|batch| batch.check_limits().unwrap());
            batches.iter().map(|batch| batch.writes.len()).collect()
        };
        assert_eq!(sizes(&small), [128, 128, 44]);
        let large = "x".repeat(VALUE_BYTES_MAX / 4 * 3);
        let large: Vec<_> = (0..3).map(|number| record(number, &large)).collect();
        assert_eq!(sizes(&large), [1, 1, 1]);
        let huge = [record(0, &"x".repeat(VALUE_BYTES_MAX))];
        assert!(matches!(batches(&huge), Err(EtcdError::Record(_))));
    }

    #[test]
    fn revisions_go_on_above_all_that_were_given_out() {
        let noted = |state, revision| Noted {
            state,
            is_older: false,
            modified: 0,
            header: Header {
                cluster: 1,
                revision,
            },
        };
        let come = Revision(1000);
        assert_eq!(base(&noted(None, 5000), come), 1000);
        let ready = |base| Some(State::Ready { base });
        assert_eq!(base(&noted(ready(0), 5000), come), 5000);
        assert_eq!(base(&noted(ready(900), 50), come), 1000);
        assert_eq!(base(&noted(ready(900), 500), come), 1400);
    }
}
