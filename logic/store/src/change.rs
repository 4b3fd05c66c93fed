//! What stands at a key, and what happened to it.

use std::sync::Arc;

use gantry_api::Encoded;
use gantry_api::key::Revision;

use crate::key::Key;

/// A value and the revisions at which it was made and last changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The value, encoded once and shared by everybody who reads it.
    pub value: Arc<Encoded>,
    /// When the key came into being.
    pub created: Revision,
    /// When the value was put there; the object's `resourceVersion`.
    pub modified: Revision,
}

/// One committed change of one key. A deletion has no `new`; a creation has no `old`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which key.
    pub key: Key,
    /// The revision of the change; for a deletion, the revision at which the key was gone.
    pub revision: Revision,
    /// What stood there before.
    pub old: Option<Stored>,
    /// What stands there now.
    pub new: Option<Stored>,
}
