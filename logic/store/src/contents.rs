//! Everything that a store holds at one revision, on its way from one medium to another.

use gantry_api::key::Revision;

use crate::index::Record;
use crate::snapshot::Snapshot;

/// All records, in the order of their keys, as they were at one revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// The revision; nothing that was ever given out is later.
    pub revision: Revision,
    /// All records.
    pub records: Vec<Record>,
}

impl From<&Snapshot> for Contents {
    fn from(snapshot: &Snapshot) -> Self {
        let record = |(key, stored): (&crate::Key, &crate::Stored)| Record {
            key: key.clone(),
            stored: stored.clone(),
        };
        Self {
            revision: snapshot.revision(),
            records: snapshot.range("", None).map(record).collect(),
        }
    }
}
