//! What becomes of records that are sealed on their way to the disk.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU8, Ordering};

use gantry_store::seal::SEALED;
use gantry_store::{Opened, Seal, SealError};

use crate::medium::memory::Faults;

use super::*;

/// Turns every byte of what lies below `secrets/`, by a number that may change.
#[derive(Debug)]
struct Turning(AtomicU8);

#[derive(Debug, thiserror::Error)]
#[error("another number")]
struct Another;

impl Turning {
    fn new(number: u8) -> Arc<Self> {
        Arc::new(Self(AtomicU8::new(number)))
    }

    fn number(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Seal for Turning {
    fn seal(&self, key: &Key, record: Vec<u8>) -> Result<Vec<u8>, SealError> {
        if !key.as_str().starts_with("secrets/") {
            return Ok(record);
        }
        let number = self.number();
        let turned = record.iter().map(|byte| byte ^ number);
        Ok(SEALED.into_iter().chain([number]).chain(turned).collect())
    }

    fn open<'a>(&self, key: &Key, kept: &'a [u8]) -> Result<Opened<'a>, SealError> {
        let Some(([by], turned)) = kept
            .strip_prefix(&SEALED)
            .and_then(|rest| rest.split_first_chunk())
        else {
            return Ok(Opened {
                record: Cow::Borrowed(kept),
                is_current: !key.as_str().starts_with("secrets/"),
            });
        };
        // One that is one more opens what it follows.
        if self.number().wrapping_sub(*by) > 1 {
            return Err(SealError {
                action: "open",
                key: key.clone(),
                source: Arc::new(Another),
            });
        }
        Ok(Opened {
            record: turned.iter().map(|byte| byte ^ by).collect(),
            is_current: *by == self.number(),
        })
    }
}

fn sealing(disk: &Disk, seal: &Arc<Turning>) -> Result<(Journal, Recovered), JournalError> {
    let config = JournalConfig {
        seal: Arc::clone(seal) as _,
        ..JournalConfig::default()
    };
    Journal::on(Arc::new(disk.clone()), config)
}

async fn put(journal: &Journal, path: &str, text: &str) {
    let txn = Txn::new().put(Key::new(path), value(text));
    journal.commit(txn).await.unwrap();
}

fn shows(disk: &Disk, text: &str) -> bool {
    let mut files = disk.files().into_values();
    files.any(|file| file.windows(text.len()).any(|part| part == text.as_bytes()))
}

#[tokio::test]
async fn what_is_sealed_is_nowhere_on_the_disk_and_is_read_back() {
    let (disk, seal) = (Disk::default(), Turning::new(9));
    let (journal, _) = sealing(&disk, &seal).unwrap();
    put(&journal, "secrets/a/x", "hunter2").await;
    put(&journal, "pods/a/x", "plainly").await;
    journal.reseal().await.unwrap();
    put(&journal, "secrets/a/y", "hunter2").await;
    assert!(shows(&disk, "plainly") && !shows(&disk, "hunter2"));
    let before = journal.snapshot();
    journal.close().await;
    let (journal, recovered) = sealing(&disk, &seal).unwrap();
    assert_eq!(recovered.stale, 0);
    let all = |snapshot: &Snapshot| gantry_store::Contents::from(snapshot).records;
    assert_eq!(all(&journal.snapshot()), all(&before));
}

#[tokio::test]
async fn what_lay_there_unsealed_is_gone_when_everything_was_written_anew() {
    let (disk, seal) = (Disk::default(), Turning::new(9));
    let journal = on(&disk, JournalConfig::default());
    put(&journal, "secrets/a/x", "hunter2").await;
    journal.close().await;
    assert!(shows(&disk, "hunter2"));
    let (journal, recovered) = sealing(&disk, &seal).unwrap();
    assert_eq!(recovered.stale, 1);
    journal.reseal().await.unwrap();
    assert!(!shows(&disk, "hunter2"));
    journal.close().await;
    assert_eq!(sealing(&disk, &seal).unwrap().1.stale, 0);
}

#[tokio::test]
async fn another_key_is_refused_by_name_and_nothing_is_written() {
    let (disk, seal) = (Disk::default(), Turning::new(9));
    let (journal, _) = sealing(&disk, &seal).unwrap();
    put(&journal, "secrets/a/x", "hunter2").await;
    journal.close().await;
    let before = disk.files();
    for in_a_picture in [false, true] {
        let refused = sealing(&disk, &Turning::new(50)).unwrap_err();
        let said = gantry_base::chain(&refused);
        assert!(said.contains("open secrets/a/x: another number"), "{said}");
        if !in_a_picture {
            assert_eq!(disk.files(), before, "nothing is touched");
            let (journal, _) = sealing(&disk, &seal).unwrap();
            journal.reseal().await.unwrap();
            journal.close().await;
        }
    }
}

#[tokio::test]
async fn a_rotation_may_fail_anywhere_and_is_done_again() {
    for fails_at in 0..12 {
        let (disk, seal) = (Disk::default(), Turning::new(9));
        let (journal, _) = sealing(&disk, &seal).unwrap();
        put(&journal, "secrets/a/x", "hunter2").await;
        seal.0.store(10, Ordering::Relaxed);
        disk.fail(Faults::default());
        disk.cut_after(fails_at);
        let outcome = journal.reseal().await;
        drop(journal);
        disk.restore_power();
        let (journal, recovered) = sealing(&disk, &seal).unwrap();
        assert_eq!(journal.snapshot().count("secrets/"), 1, "cut at {fails_at}");
        assert!(
            outcome.is_err() || recovered.stale == 0,
            "cut at {fails_at}"
        );
        journal.reseal().await.unwrap();
        journal.close().await;
        // The old number opens nothing any more: all of it is sealed with the new one.
        assert_eq!(sealing(&disk, &Turning::new(11)).unwrap().1.stale, 1);
        assert_eq!(sealing(&disk, &Turning::new(10)).unwrap().1.stale, 0);
    }
}
