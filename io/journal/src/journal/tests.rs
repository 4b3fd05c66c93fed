use std::pin::Pin;

use gantry_store::contract::{Contract, value};
use gantry_store::{HistoryLimits, Key};

use crate::medium::memory::Disk;

use super::*;

mod sealing;

fn on(disk: &Disk, config: JournalConfig) -> Journal {
    Journal::on(Arc::new(disk.clone()), config).unwrap().0
}

fn fresh(history: HistoryLimits) -> Journal {
    let config = JournalConfig {
        history,
        ..JournalConfig::default()
    };
    on(&Disk::default(), config)
}

fn run(future: Pin<Box<dyn Future<Output = ()> + '_>>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future);
}

#[test]
fn the_journal_keeps_the_contract() {
    Contract::new(fresh, run).check();
}

#[tokio::test]
async fn a_closed_journal_refuses_commits_ends_watches_and_can_be_read() {
    let journal = fresh(HistoryLimits::default());
    let put = |path: &str| Txn::new().put(Key::new(path), value(""));
    journal.commit(put("a//x")).await.unwrap();
    let mut watch = journal.watch(KeyRange::prefix(""), Revision(0)).unwrap();
    journal.close().await;
    journal.close().await;
    assert!(matches!(
        journal.commit(put("a//y")).await,
        Err(CommitError::Closed)
    ));
    assert_eq!(watch.next().await.unwrap().revision, Revision(1));
    assert_eq!(watch.next().await, Err(WatchError::Closed));
    assert_eq!(journal.snapshot().count(""), 1);
}

#[tokio::test]
async fn committers_of_one_key_are_served_one_after_another() {
    let journal = fresh(HistoryLimits::default());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let journal = journal.clone();
        tasks.spawn(async move {
            journal
                .commit(Txn::create(Key::new("a//x"), value("")))
                .await
                .is_ok()
        });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|is_done| **is_done).count(), 1);
    assert_eq!(journal.snapshot().revision(), Revision(1));
}

#[tokio::test]
async fn the_log_is_replaced_by_pictures_while_commits_go_on() {
    let disk = Disk::default();
    let config = JournalConfig {
        log_bytes: 2000,
        ..JournalConfig::default()
    };
    let journal = on(&disk, config.clone());
    for round in 0..300 {
        let txn = Txn::new().put(Key::new(format!("a//{}", round % 5)), value("some text"));
        journal.commit(txn).await.unwrap();
    }
    journal.close().await;
    let names: Vec<_> = disk.files().into_keys().collect();
    assert!(
        names.iter().any(|name| name.starts_with("picture-")),
        "{names:?}"
    );
    assert!(names.len() < 20, "old files are removed: {names:?}");
    let again = on(&disk, config);
    assert_eq!(again.snapshot().revision(), Revision(300));
    assert_eq!(again.snapshot().count("a/"), 5);
}

#[tokio::test]
async fn a_full_disk_is_reported_with_its_cause_and_passes() {
    let disk = Disk::default();
    let journal = on(&disk, JournalConfig::default());
    disk.limit(Some(50));
    let put = || Txn::new().put(Key::new("a//x"), value("1"));
    let error = journal.commit(put()).await.unwrap_err();
    assert_eq!(
        gantry_base::chain(&error),
        "make revision 1 durable: append to \"log-00000000000000000000\": no storage space"
    );
    assert_eq!(journal.snapshot().revision(), Revision(0));
    disk.limit(None);
    assert_eq!(journal.commit(put()).await.ok(), Some(Revision(1)));
}
