//! What is found below the prefix, and whether it can be worked on.

use bytes::Bytes;

use crate::config::EtcdConfig;
use crate::error::EtcdError;
use crate::request::{modified, put};
use crate::rpc::Rpc;
use crate::space::Space;
use crate::state::{FORMAT, State, StateError};
use crate::wire::{Header, RangeRequest, TxnRequest, result};

/// What is noted, and when that was noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) state: Option<State>,
    /// Whether it was noted in an older format.
    pub(crate) is_older: bool,
    /// etcd's revision of the note; 0 when there is none.
    pub(crate) modified: i64,
    pub(crate) header: Header,
}

/// The space to work in, and which etcd it is in. Makes the note in an empty one.
pub(crate) async fn prepare(rpc: &Rpc, config: &EtcdConfig) -> Result<(Space, u64), EtcdError> {
    let prefix = &config.prefix;
    let space = Space::new(prefix.clone(), 0);
    let mut noted = read(rpc, &space).await?;
    if noted.state.is_none() {
        check_unused(rpc, &space).await?;
        // That another server was first is as good.
        note(rpc, &space, &noted, &State::Ready { base: 0 }).await?;
        noted = read(rpc, &space).await?;
    }
    if let (Some(state @ State::Ready { .. }), true) = (&noted.state, noted.is_older) {
        // An older program does not read what is sealed, and is to know.
        note(rpc, &space, &noted, state).await?;
    }
    match noted.state {
        Some(State::Ready { base }) => {
            let space = Space::new(prefix.clone(), base).sealing(&config.seal);
            Ok((space, noted.header.cluster))
        }
        Some(State::Loading { .. }) => Err(EtcdError::Unfinished),
        Some(State::Moved { .. }) | None => Err(EtcdError::Moved),
    }
}

/// Reads the note.
pub(crate) async fn read(rpc: &Rpc, space: &Space) -> Result<Noted, EtcdError> {
    let key = space.state();
    let request = RangeRequest {
        key: key.clone(),
        ..RangeRequest::default()
    };
    let answer = rpc.range(request).await?;
    let header = answer.header.unwrap_or_default();
    let Some(kv) = answer.kvs.first() else {
        return Ok(Noted {
            state: None,
            is_older: false,
            modified: 0,
            header,
        });
    };
    let state = State::read(&kv.value).map_err(|error| match error {
        StateError::Newer(found) => EtcdError::Newer {
            found,
            known: FORMAT,
        },
        StateError::Damaged => EtcdError::Damaged {
            key: String::from_utf8_lossy(&key).into_owned(),
        },
    })?;
    Ok(Noted {
        state: Some(state),
        is_older: State::is_older(&kv.value),
        modified: kv.modified,
        header,
    })
}

/// Replaces the note, unless somebody else did so meanwhile; when it was done.
pub(crate) async fn note(
    rpc: &Rpc,
    space: &Space,
    noted: &Noted,
    state: &State,
) -> Result<Option<i64>, EtcdError> {
    let key = space.state();
    let request = TxnRequest {
        compare: vec![modified(key.clone(), result::EQUAL, noted.modified)],
        success: vec![put(key, Bytes::from(state.to_string()))],
        failure: Vec::new(),
    };
    let response = rpc.txn(request).await?;
    let header = response.header.unwrap_or_default();
    Ok(response.succeeded.then_some(header.revision))
}

/// Refuses a prefix under which somebody else keeps something.
async fn check_unused(rpc: &Rpc, space: &Space) -> Result<(), EtcdError> {
    if is_empty(rpc, space).await? {
        return Ok(());
    }
    Err(EtcdError::Foreign {
        prefix: space.prefix().to_owned(),
    })
}

/// Whether nothing lies below the prefix.
pub(crate) async fn is_empty(rpc: &Rpc, space: &Space) -> Result<bool, EtcdError> {
    let (key, end) = space.bounds();
    let request = RangeRequest {
        key,
        end,
        limit: 1,
        keys_only: true,
        ..RangeRequest::default()
    };
    Ok(rpc.range(request).await?.kvs.is_empty())
}
