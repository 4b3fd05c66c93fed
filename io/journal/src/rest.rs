//! The journal's directory, read and made by somebody who does not serve from it.
//!
//! Reading needs no lock and changes nothing: a server may be at work. What it acknowledged before
//! is there; what it is writing meanwhile is there as a whole or not at all.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use gantry_store::{Contents, HistoryLimits, Index, Seal};

use crate::error::JournalError;
use crate::frame::NO_LINK;
use crate::log::Log;
use crate::medium::{Directory, Medium};
use crate::picture::{self, Sitting};
use crate::recover;

/// How often reading begins anew because the server replaced a file. It does so once in many
/// megabytes of writes.
const ATTEMPTS: usize = 5;

/// Whether there is a journal in the directory.
#[must_use]
pub fn exists(directory: &Path) -> bool {
    let is_ours = |name: &str| name.starts_with("log-") || name.starts_with("picture-");
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.any(|name| is_ours(&name))
}

/// Everything in the directory, as it is at one revision.
pub fn read(directory: &Path, seal: &dyn Seal) -> Result<Contents, JournalError> {
    let medium: Arc<dyn Medium> = Arc::new(Directory::look(directory)?);
    for _ in 1..ATTEMPTS {
        match recover::look(&medium, seal) {
            Err(error) if may_be_overtaken(&error) => {}
            outcome => return outcome,
        }
    }
    recover::look(&medium, seal)
}

/// Whether the files that were listed may have been replaced before they were read.
fn may_be_overtaken(error: &JournalError) -> bool {
    match error {
        JournalError::Medium { source, .. } => source.kind() == ErrorKind::NotFound,
        JournalError::Gap { .. } | JournalError::Missing { .. } | JournalError::Lost { .. } => true,
        JournalError::Full
        | JournalError::Closed
        | JournalError::InUse { .. }
        | JournalError::Damaged { .. }
        | JournalError::Sealed { .. }
        | JournalError::Newer { .. } => false,
    }
}

/// Makes a journal with these contents in a directory that has none.
pub fn write(
    directory: &Path,
    contents: Contents,
    seal: Arc<dyn Seal>,
) -> Result<(), JournalError> {
    let medium: Arc<dyn Medium> = Arc::new(Directory::open(directory)?);
    let Contents { revision, records } = contents;
    let index = Index::restored(revision, records, HistoryLimits::default());
    // The log that a picture goes on with is made before it.
    Log::begin(Arc::clone(&medium), revision)?;
    let sitting = Sitting {
        snapshot: index.snapshot(),
        link: NO_LINK,
        seal,
        told: Vec::new(),
    };
    picture::write(&medium, &sitting).map(drop)
}

#[cfg(test)]
mod tests {
    use gantry_store::contract::value;
    use gantry_store::{Key, Plain, Record, Revision, Snapshot, Store, Stored, Txn};

    use crate::{Journal, JournalConfig};

    use super::*;

    fn open(directory: &Path) -> Journal {
        let config = JournalConfig {
            log_bytes: 5000,
            ..JournalConfig::default()
        };
        Journal::open(directory, config).unwrap().0
    }

    fn lines(snapshot: &Snapshot) -> Vec<Record> {
        Contents::from(snapshot).records
    }

    #[tokio::test]
    async fn what_was_acknowledged_is_read_while_the_server_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let journal = open(directory.path());
        for round in 0..200 {
            let txn = Txn::new().put(Key::new(format!("a//{}", round % 7)), value("some text"));
            let revision = journal.commit(txn).await.unwrap();
            let contents = read(directory.path(), &Plain).unwrap();
            assert_eq!(contents.revision, revision);
            assert_eq!(contents.records, lines(&journal.snapshot()));
        }
        journal.close().await;
    }

    #[tokio::test]
    async fn a_journal_that_was_made_goes_on_above_its_revision() {
        let directory = tempfile::tempdir().unwrap();
        let store = directory.path().join("store");
        assert!(!exists(&store));
        let record = Record {
            key: Key::new("a//x"),
            stored: Stored {
                value: value("1"),
                created: Revision(3),
                modified: Revision(4),
            },
        };
        let contents = Contents {
            revision: Revision(1000),
            records: vec![record],
        };
        write(&store, contents.clone(), Arc::new(Plain)).unwrap();
        assert!(exists(&store));
        assert_eq!(read(&store, &Plain).unwrap(), contents);
        let journal = open(&store);
        assert_eq!(journal.snapshot().oldest(), Revision(1000));
        let txn = Txn::replace(Key::new("a//x"), Revision(4), value("2"));
        assert_eq!(journal.commit(txn).await.unwrap(), Revision(1001));
        journal.close().await;
        let journal = open(&store);
        assert_eq!(journal.snapshot().revision(), Revision(1001));
        journal.close().await;
    }
}
