//! What a writer offers: guards that must hold, and writes that land together.

use std::sync::Arc;

use gantry_api::Encoded;
use gantry_api::key::Revision;

use crate::key::Key;
use crate::limits::{
    KEY_BYTES_MAX, KEY_OVERHEAD, TXN_BYTES_MAX, TXN_OPERATIONS_MAX, VALUE_BYTES_MAX,
};
use crate::store::CommitError;

/// Either all guards hold and all writes land together at one new revision, or nothing happens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Txn {
    /// What has to be true at the moment of the commit.
    pub guards: Vec<Guard>,
    /// What is then written; no key twice.
    pub writes: Vec<Write>,
}

/// What has to be true for a transaction to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Nothing stands at the key.
    Absent(Key),
    /// Something stands at the key.
    Present(Key),
    /// What stands at the key was last modified at `since` exactly.
    Unchanged {
        /// Which key.
        key: Key,
        /// The revision at which it was read.
        since: Revision,
    },
}

/// One change within a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Puts a value at a key, new or not.
    Put {
        /// Which key.
        key: Key,
        /// The value.
        value: Arc<Encoded>,
    },
    /// Removes a key. Where nothing stands, nothing happens.
    Delete {
        /// Which key.
        key: Key,
    },
}

impl Write {
    /// Which key is written.
    #[must_use]
    pub const fn key(&self) -> &Key {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }

    /// What the value weighs where it is kept, if there is one.
    fn value_weight(&self) -> usize {
        match self {
            // A summary repeats some of what is in the object: only near the limit it matters how
            // much, and then it is counted.
            Self::Put { value, .. } if value.len() < VALUE_BYTES_MAX / 4 => value.len(),
            Self::Put { value, .. } => value.record().len(),
            Self::Delete { .. } => 0,
        }
    }
}

impl Guard {
    /// Which key is looked at.
    #[must_use]
    pub const fn key(&self) -> &Key {
        match self {
            Self::Absent(key) | Self::Present(key) | Self::Unchanged { key, .. } => key,
        }
    }
}

impl Txn {
    /// A transaction that does nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a guard.
    #[must_use]
    pub fn guard(mut self, guard: Guard) -> Self {
        self.guards.push(guard);
        self
    }

    /// Adds a put.
    #[must_use]
    pub fn put(mut self, key: Key, value: Arc<Encoded>) -> Self {
        self.writes.push(Write::Put { key, value });
        self
    }

    /// Adds a deletion.
    #[must_use]
    pub fn delete(mut self, key: Key) -> Self {
        self.writes.push(Write::Delete { key });
        self
    }

    /// Puts `value` where nothing stands yet.
    #[must_use]
    pub fn create(key: Key, value: Arc<Encoded>) -> Self {
        Self::new()
            .guard(Guard::Absent(key.clone()))
            .put(key, value)
    }

    /// Puts `value` in the place of what was read at `since`.
    #[must_use]
    pub fn replace(key: Key, since: Revision, value: Arc<Encoded>) -> Self {
        let guard = Guard::Unchanged {
            key: key.clone(),
            since,
        };
        Self::new().guard(guard).put(key, value)
    }

    /// Removes what was read at `since`.
    #[must_use]
    pub fn remove(key: Key, since: Revision) -> Self {
        let guard = Guard::Unchanged {
            key: key.clone(),
            since,
        };
        Self::new().guard(guard).delete(key)
    }

    /// Refuses what is larger than every store holds, whatever it stands on.
    pub fn check_limits(&self) -> Result<(), CommitError> {
        let operations = self.guards.len().max(self.writes.len());
        if operations > TXN_OPERATIONS_MAX {
            let limit = TXN_OPERATIONS_MAX;
            return Err(CommitError::TooMany { operations, limit });
        }
        self.writes.iter().try_for_each(check_write)?;
        let bytes = self.weight();
        if bytes > TXN_BYTES_MAX {
            let limit = TXN_BYTES_MAX;
            return Err(CommitError::TooLong { bytes, limit });
        }
        self.check_repetition()
    }

    /// What the transaction weighs on an engine that takes all of it in one request: every key
    /// that is written, every guard twice, for it is also asked for when it does not hold.
    #[must_use]
    pub fn weight(&self) -> usize {
        let named = |key: &Key| key.as_str().len() + KEY_OVERHEAD;
        let guards = self.guards.iter().map(|guard| 2 * named(guard.key()));
        let writes = self.writes.iter();
        let writes = writes.map(|write| named(write.key()) + write.value_weight());
        guards.chain(writes).sum()
    }

    fn check_repetition(&self) -> Result<(), CommitError> {
        let mut keys: Vec<&Key> = self.writes.iter().map(Write::key).collect();
        keys.sort_unstable();
        match keys.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(CommitError::Repeated {
                key: pair[0].clone(),
            }),
            None => Ok(()),
        }
    }
}

fn check_write(write: &Write) -> Result<(), CommitError> {
    let key = write.key();
    let (bytes, limit) = if key.as_str().len() > KEY_BYTES_MAX {
        (key.as_str().len(), KEY_BYTES_MAX)
    } else {
        (write.value_weight(), VALUE_BYTES_MAX)
    };
    if bytes > limit {
        let key = key.clone();
        return Err(CommitError::TooLarge { key, bytes, limit });
    }
    Ok(())
}
