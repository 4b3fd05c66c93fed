//! Durable commits on a real disk: how many a second, and how long one takes.
//!
//! Run with `cargo bench -p gantry-journal`. The budgets stand beside the numbers; they hold on a
//! disk whose fdatasync takes about 150 microseconds.

#![expect(
    clippy::print_stdout,
    reason = "a benchmark reports on standard output"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use gantry_journal::{Journal, JournalConfig};
use gantry_store::contract::value;
use gantry_store::{Key, KeyRange, Revision, Store, Txn};
use tokio::task::JoinSet;

const OBJECT_BYTES: usize = 1024;

#[tokio::main]
async fn main() {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let directory = tempfile::tempdir_in(place).expect("the target directory is writable");
    let open = || Journal::open(directory.path(), JournalConfig::default());
    let (journal, _) = open().expect("a new directory opens");
    alone(&journal).await;
    for committers in [8, 64, 256] {
        together(&journal, committers).await;
    }
    journal.close().await;
    let start = Instant::now();
    let (journal, found) = open().expect("what was closed opens");
    println!(
        "open: {:?} for {} keys and {} log transactions",
        start.elapsed(),
        found.keys,
        found.replayed
    );
    journal.close().await;
}

fn put(number: usize) -> Txn {
    let key = Key::new(format!("configmaps/default/{:06}", number % 20_000));
    Txn::new().put(key, value(&"x".repeat(OBJECT_BYTES)))
}

/// Budget: p50 about one fdatasync, 300 us.
async fn alone(journal: &Journal) {
    let mut times = Vec::new();
    for number in 0..2000 {
        let start = Instant::now();
        journal
            .commit(put(number))
            .await
            .expect("the disk has room");
        times.push(start.elapsed());
    }
    report("1 committer", &mut times, None);
}

/// Budget for 64: 20,000 a second.
async fn together(journal: &Journal, committers: usize) {
    const EACH: usize = 1000;
    let mut watch = journal
        .watch(
            KeyRange::prefix("configmaps/"),
            journal.snapshot().revision(),
        )
        .expect("the newest revision is kept");
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for committer in 0..committers {
        let journal = journal.clone();
        tasks.spawn(async move {
            let mut times = Vec::new();
            for number in 0..EACH {
                let start = Instant::now();
                let txn = put(committer * EACH + number);
                journal.commit(txn).await.expect("the disk has room");
                times.push(start.elapsed());
            }
            times
        });
    }
    let mut seen = Revision(0);
    for _ in 0..committers * EACH {
        seen = watch.next().await.expect("the watcher keeps up").revision;
    }
    let mut times = tasks.join_all().await.concat();
    assert_eq!(seen, journal.snapshot().revision());
    report(
        &format!("{committers} committers"),
        &mut times,
        Some(start.elapsed()),
    );
}

fn report(name: &str, times: &mut [Duration], total: Option<Duration>) {
    times.sort_unstable();
    let at = |hundredth: usize| times[times.len() * hundredth / 100];
    let total = total.unwrap_or_else(|| times.iter().sum());
    let rate = times.len() as u128 * 1_000_000 / total.as_micros().max(1);
    println!(
        "{name}: {rate} commits/s, p50 {:?}, p99 {:?}",
        at(50),
        at(99)
    );
}
