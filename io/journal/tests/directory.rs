//! The journal on a real file system: its lock, its modes, and a disk that is really full.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use gantry_journal::{Journal, JournalConfig, JournalError};
use gantry_store::contract::value;
use gantry_store::{CommitError, Key, Revision, Store, Txn};

fn open(path: &Path) -> Result<Journal, JournalError> {
    Ok(Journal::open(path, JournalConfig::default())?.0)
}

fn put(number: usize) -> Txn {
    let key = Key::new(format!("a//{number}"));
    Txn::new().put(key, value(&"x".repeat(10_000)))
}

#[tokio::test]
async fn what_was_committed_is_there_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state/store");
    let journal = open(&path).unwrap();
    assert_eq!(journal.commit(put(1)).await.unwrap(), Revision(1));
    journal.close().await;
    let journal = open(&path).unwrap();
    assert_eq!(journal.commit(put(2)).await.unwrap(), Revision(2));
    assert_eq!(journal.snapshot().count("a/"), 2);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    for entry in fs::read_dir(&path).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[tokio::test]
async fn a_second_server_is_told_who_holds_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path()).unwrap();
    let error = open(directory.path()).unwrap_err();
    let holder = std::process::id().to_string();
    assert!(matches!(error, JournalError::InUse { holder: found, .. } if found == holder));
    journal.close().await;
    open(directory.path()).unwrap();
}

#[tokio::test]
async fn a_disk_that_is_full_fails_commits_until_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        println!("skipped: mounting a small file system needs root");
        return;
    };
    let ballast = disk.path().join("ballast");
    fs::write(&ballast, vec![0; 500_000]).unwrap();
    let journal = open(&disk.path().join("store")).unwrap();
    let mut done = 0;
    let error = loop {
        match journal.commit(put(done)).await {
            Ok(_) => done += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, CommitError::Durability { .. }), "{error}");
    assert_eq!(journal.snapshot().count("a/"), done);
    fs::remove_file(ballast).unwrap();
    journal.commit(put(done)).await.unwrap();
    journal.close().await;
    let journal = open(&disk.path().join("store")).unwrap();
    assert_eq!(journal.snapshot().count("a/"), done + 1);
    journal.close().await;
}

/// A file system of one megabyte in memory, gone when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let flags = rustix::mount::MountFlags::empty();
        let options = Some(c"size=1m");
        rustix::mount::mount("tmpfs", directory.path(), "tmpfs", flags, options).ok()?;
        Some(Self(directory))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let flags = rustix::mount::UnmountFlags::DETACH;
        rustix::mount::unmount(self.path(), flags).expect("what was mounted unmounts");
    }
}
