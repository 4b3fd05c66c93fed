//! The tests that every store must pass: what a commit, a picture and a watch promise.
//!
//! A store's own tests run them. The sentences are the names of the methods.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use gantry_api::key::Revision;
use gantry_api::{Encoded, Object};
use serde_json::json;

use crate::key::{Key, KeyRange};
use crate::limits::{HistoryLimits, TXN_OPERATIONS_MAX, VALUE_BYTES_MAX};
use crate::snapshot::PastError;
use crate::store::{CommitError, Store, WatchError};
use crate::txn::{Guard, Txn};
use crate::watch::Watch;

/// How to make an empty store with such a history, and how to carry out a future.
#[derive(Debug)]
pub struct Contract<M, R> {
    make: M,
    run: R,
}

type Test<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

impl<S, M, R> Contract<M, R>
where
    S: Store + Debug,
    M: Fn(HistoryLimits) -> S,
    R: Fn(Test<'_>),
{
    /// `make` makes an empty store; `run` carries out one future.
    pub const fn new(make: M, run: R) -> Self {
        Self { make, run }
    }

    /// Checks every promise, each on a store of its own.
    pub fn check(&self) {
        let fresh = || (self.make)(HistoryLimits::default());
        (self.run)(Box::pin(revisions_start_at_one_and_grow_by_one(fresh())));
        (self.run)(Box::pin(a_guard_that_fails_changes_nothing(fresh())));
        (self.run)(Box::pin(all_writes_of_one_transaction_share_a_revision(
            fresh(),
        )));
        (self.run)(Box::pin(
            a_transaction_that_changes_nothing_makes_no_revision(fresh()),
        ));
        (self.run)(Box::pin(what_is_too_large_is_refused(fresh())));
        (self.run)(Box::pin(a_snapshot_never_changes_and_leads_back(fresh())));
        (self.run)(Box::pin(a_range_pages_in_order(fresh())));
        (self.run)(Box::pin(a_watch_replays_and_goes_on(fresh())));
        (self.run)(Box::pin(a_watch_sees_its_range_and_nothing_else(fresh())));
        (self.run)(Box::pin(a_waiting_watch_is_woken(fresh())));
        (self.run)(Box::pin(
            a_watch_far_behind_sees_whole_transactions(fresh()),
        ));
        let limits = HistoryLimits {
            bytes: 20_000,
            ..HistoryLimits::default()
        };
        (self.run)(Box::pin(a_slow_watch_is_cut_and_an_idle_one_is_not((self
            .make)(
            limits,
        ))));
    }
}

/// A value to tell apart: an object whose data is `text`.
///
/// # Panics
/// Never: the object is written out here.
#[must_use]
pub fn value(text: &str) -> Arc<Encoded> {
    let object: Object = serde_json::from_value(json!({"metadata": {}, "data": text}))
        .expect("a literal object is an object");
    Arc::new(Encoded::new(&object, BTreeMap::new()))
}

fn key(path: &str) -> Key {
    Key::new(path)
}

async fn put(store: &impl Store, path: &str, text: &str) -> Revision {
    let txn = Txn::new().put(key(path), value(text));
    store.commit(txn).await.expect("a plain put succeeds")
}

async fn revisions_start_at_one_and_grow_by_one(store: impl Store) {
    assert_eq!(store.snapshot().revision(), Revision(0));
    assert_eq!(put(&store, "a//x", "1").await, Revision(1));
    assert_eq!(put(&store, "a//x", "2").await, Revision(2));
    let snapshot = store.snapshot();
    let stored = snapshot.get(&key("a//x")).expect("it was put");
    assert_eq!(
        (stored.created, stored.modified),
        (Revision(1), Revision(2))
    );
    assert_eq!(stored.value, value("2"));
}

async fn a_guard_that_fails_changes_nothing(store: impl Store) {
    put(&store, "a//x", "1").await;
    put(&store, "a//x", "2").await;
    let write = |guard| Txn::new().put(key("a//y"), value("")).guard(guard);
    let x = || key("a//x");
    let exists = store.commit(write(Guard::Absent(x()))).await;
    assert!(matches!(
        exists,
        Err(CommitError::Exists {
            created: Revision(1),
            ..
        })
    ));
    let missing = store.commit(write(Guard::Present(key("a//z")))).await;
    assert!(matches!(missing, Err(CommitError::Missing { .. })));
    let since = Revision(1);
    let conflict = store
        .commit(write(Guard::Unchanged { key: x(), since }))
        .await;
    assert!(matches!(
        conflict,
        Err(CommitError::Conflict {
            found: Revision(2),
            ..
        })
    ));
    let gone = Guard::Unchanged {
        key: key("a//z"),
        since,
    };
    assert!(matches!(
        store.commit(write(gone)).await,
        Err(CommitError::Missing { .. })
    ));
    assert_eq!(store.snapshot().revision(), Revision(2));
    assert!(store.snapshot().get(&key("a//y")).is_none());
}

async fn all_writes_of_one_transaction_share_a_revision(store: impl Store) {
    put(&store, "a//gone", "1").await;
    let txn = Txn::new()
        .delete(key("a//gone"))
        .put(key("b//x"), value("1"))
        .put(key("a//y"), value("2"));
    assert_eq!(store.commit(txn).await.ok(), Some(Revision(2)));
    let mut watch = watch(&store, "", 1);
    let order = ["a//gone", "b//x", "a//y"];
    assert_eq!(drain(&mut watch), order.map(|path| format!("2 {path}")));
}

async fn a_transaction_that_changes_nothing_makes_no_revision(store: impl Store) {
    put(&store, "a//x", "1").await;
    let nothing = Txn::new()
        .guard(Guard::Present(key("a//x")))
        .delete(key("a//y"));
    assert_eq!(store.commit(nothing).await.ok(), Some(Revision(1)));
    assert_eq!(store.snapshot().revision(), Revision(1));
}

async fn what_is_too_large_is_refused(store: impl Store) {
    let large = "x".repeat(VALUE_BYTES_MAX);
    let refused = store
        .commit(Txn::new().put(key("a//x"), value(&large)))
        .await;
    assert!(matches!(refused, Err(CommitError::TooLarge { .. })));
    let deletes = (0..=TXN_OPERATIONS_MAX).map(|n| key(&format!("a//{n}")));
    let refused = store.commit(deletes.fold(Txn::new(), Txn::delete)).await;
    assert!(matches!(refused, Err(CommitError::TooMany { .. })));
    let twice = Txn::new().delete(key("a//x")).delete(key("a//x"));
    assert!(matches!(
        store.commit(twice).await,
        Err(CommitError::Repeated { .. })
    ));
}

async fn a_snapshot_never_changes_and_leads_back(store: impl Store) {
    for round in 1..=200_u64 {
        put(&store, "a//x", &round.to_string()).await;
    }
    let last = store.snapshot();
    store
        .commit(Txn::new().delete(key("a//x")))
        .await
        .expect("a delete succeeds");
    assert_eq!(last.revision(), Revision(200));
    for round in [200_u64, 199, 129, 128, 127, 64, 3, 1] {
        let past = last.at(Revision(round)).expect("it is kept");
        let stored = past.get(&key("a//x")).expect("it was there");
        assert_eq!(stored.value, value(&round.to_string()));
        assert_eq!(
            (past.revision(), stored.modified),
            (Revision(round), Revision(round))
        );
    }
    assert_eq!(last.at(Revision(0)).map(|past| past.count("")), Ok(0));
    let (revision, newest) = (Revision(201), Revision(200));
    assert_eq!(
        last.at(revision).err(),
        Some(PastError::Future { revision, newest })
    );
    assert!(store.snapshot().get(&key("a//x")).is_none());
}

async fn a_range_pages_in_order(store: impl Store) {
    for path in [
        "pods/b/1",
        "pods/a/2",
        "podtemplates/a/1",
        "pods/a/10",
        "pods/a/1",
    ] {
        put(&store, path, "").await;
    }
    let snapshot = store.snapshot();
    let paths = |prefix: &str, after: Option<&str>| -> Vec<String> {
        let range = snapshot.range(prefix, after);
        range.map(|(key, _)| key.to_string()).collect()
    };
    assert_eq!(
        paths("pods/", None),
        ["pods/a/1", "pods/a/10", "pods/a/2", "pods/b/1"]
    );
    assert_eq!(paths("pods/", Some("pods/a/10")), ["pods/a/2", "pods/b/1"]);
    assert_eq!(paths("pods/a/", Some("pods/b")), [""; 0]);
    assert_eq!(snapshot.count("pods/a/"), 3);
    assert_eq!(snapshot.count(""), 5);
}

async fn a_watch_replays_and_goes_on(store: impl Store) {
    for round in 1..=1500_u64 {
        put(&store, &format!("a//{}", round % 7), "").await;
    }
    let mut watch = watch(&store, "a/", 2);
    assert_eq!(watch.progress(), Revision(2));
    for round in 3..=1500_u64 {
        let change = watch.next().await.expect("it is in the history");
        assert_eq!(change.revision, Revision(round));
        assert_eq!(watch.progress(), change.revision);
    }
    assert_eq!(watch.try_next(), Ok(None));
    store
        .commit(Txn::new().delete(key("a//1")))
        .await
        .expect("a delete succeeds");
    let gone = watch.next().await.expect("it is live");
    assert_eq!((gone.revision, &gone.new), (Revision(1501), &None));
    assert!(gone.old.is_some());
    let (since, newest) = (Revision(1502), Revision(1501));
    let early = store.watch(KeyRange::prefix(""), since);
    assert_eq!(early.err(), Some(WatchError::Future { since, newest }));
}

async fn a_watch_sees_its_range_and_nothing_else(store: impl Store) {
    let mut namespace = watch(&store, "pods/a/", 0);
    let range = KeyRange::One(key("pods/a/x"));
    let mut one = store.watch(range, Revision(0)).expect("it is kept");
    let mut all = watch(&store, "", 0);
    for path in [
        "pods/a/x",
        "pods/b/x",
        "podtemplates/a/x",
        "pods/a/xy",
        "~ports//1",
    ] {
        put(&store, path, "").await;
    }
    assert_eq!(drain(&mut namespace), ["1 pods/a/x", "4 pods/a/xy"]);
    assert_eq!(drain(&mut one), ["1 pods/a/x"]);
    assert_eq!(drain(&mut all).len(), 5);
    assert_eq!(one.progress(), Revision(5));
}

async fn a_watch_far_behind_sees_whole_transactions(store: impl Store) {
    let mut watch = watch(&store, "a/", 0);
    let mut expected = Vec::new();
    for revision in 1..=12 {
        let mut txn = Txn::new().put(key("b//x"), value(""));
        for number in 0..100 {
            let path = format!("a//{number}");
            expected.push(format!("{revision} {path}"));
            txn = txn.put(Key::new(path), value(""));
        }
        store.commit(txn).await.expect("a plain put succeeds");
    }
    let first = watch
        .try_next()
        .expect("it is kept")
        .map(|change| change.revision);
    assert_eq!((first, watch.progress()), (Some(Revision(1)), Revision(0)));
    assert_eq!(drain(&mut watch), expected[1..]);
    assert_eq!(watch.progress(), Revision(12));
}

async fn a_waiting_watch_is_woken(store: impl Store) {
    let mut watch = watch(&store, "a/", 0);
    let flag = Arc::new(Flag::default());
    let waker = Waker::from(Arc::clone(&flag));
    {
        let mut next = pin!(watch.next());
        assert!(
            next.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        put(&store, "b//x", "").await;
        assert!(!flag.is_raised(), "another range wakes nobody");
        put(&store, "a//x", "").await;
        assert!(flag.is_raised());
    }
    assert_eq!(drain(&mut watch), ["2 a//x"]);
}

async fn a_slow_watch_is_cut_and_an_idle_one_is_not(store: impl Store) {
    let mut slow = watch(&store, "a/", 0);
    let mut idle = watch(&store, "b/", 0);
    for round in 0..300 {
        put(&store, "a//x", &round.to_string()).await;
    }
    let (oldest, since) = (store.snapshot().oldest(), Revision(0));
    assert!(oldest > since, "the history has a bound");
    assert_eq!(slow.try_next(), Err(WatchError::Lagged { since, oldest }));
    assert_eq!(slow.next().await, Err(WatchError::Lagged { since, oldest }));
    let late = store.watch(KeyRange::prefix("a/"), since);
    assert_eq!(late.err(), Some(WatchError::Compacted { since, oldest }));
    let past = store.snapshot().at(since).err();
    assert_eq!(
        past,
        Some(PastError::Compacted {
            revision: since,
            oldest
        })
    );
    put(&store, "b//x", "").await;
    assert_eq!(drain(&mut idle), ["301 b//x"]);
}

fn watch(store: &impl Store, prefix: &str, since: u64) -> Watch {
    let watch = store.watch(KeyRange::prefix(prefix), Revision(since));
    watch.expect("the history reaches back")
}

/// Everything there is to read at the moment, as `revision key`.
fn drain(watch: &mut Watch) -> Vec<String> {
    let mut seen = Vec::new();
    while let Some(change) = watch.try_next().expect("the watch goes on") {
        seen.push(format!("{} {}", change.revision, change.key));
    }
    seen
}

#[derive(Default)]
struct Flag(AtomicBool);

impl Flag {
    fn is_raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}
