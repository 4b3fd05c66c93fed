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
use crate::store::{CommitError, Freshness, Store, WatchError};
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
        (self.run)(Box::pin(revisions_grow_with_every_change(fresh())));
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

async fn revisions_grow_with_every_change(store: impl Store) {
    let beginning = store.snapshot().revision();
    let created = put(&store, "a//x", "1").await;
    let modified = put(&store, "a//x", "2").await;
    assert!(beginning < created && created < modified);
    let snapshot = store.snapshot();
    assert_eq!(snapshot.revision(), modified);
    let stored = snapshot.get(&key("a//x")).expect("it was put");
    assert_eq!((stored.created, stored.modified), (created, modified));
    assert_eq!(stored.value, value("2"));
    for freshness in [
        Freshness::Any,
        Freshness::AtLeast(modified),
        Freshness::Current,
    ] {
        store.reach(freshness).await.expect("the store is there");
        assert_eq!(store.snapshot().revision(), modified);
    }
}

async fn a_guard_that_fails_changes_nothing(store: impl Store) {
    let first = put(&store, "a//x", "1").await;
    let second = put(&store, "a//x", "2").await;
    let write = |guard| Txn::new().put(key("a//y"), value("")).guard(guard);
    let x = || key("a//x");
    let exists = store.commit(write(Guard::Absent(x()))).await;
    assert!(matches!(exists, Err(CommitError::Exists { created, .. }) if created == first));
    let missing = store.commit(write(Guard::Present(key("a//z")))).await;
    assert!(matches!(missing, Err(CommitError::Missing { .. })));
    let since = first;
    let conflict = store
        .commit(write(Guard::Unchanged { key: x(), since }))
        .await;
    assert!(matches!(conflict, Err(CommitError::Conflict { found, .. }) if found == second));
    let gone = Guard::Unchanged {
        key: key("a//z"),
        since,
    };
    assert!(matches!(
        store.commit(write(gone)).await,
        Err(CommitError::Missing { .. })
    ));
    assert_eq!(store.snapshot().revision(), second);
    assert!(store.snapshot().get(&key("a//y")).is_none());
}

async fn all_writes_of_one_transaction_share_a_revision(store: impl Store) {
    let first = put(&store, "a//gone", "1").await;
    let txn = Txn::new()
        .delete(key("a//gone"))
        .put(key("b//x"), value("1"))
        .put(key("a//y"), value("2"));
    let all = store.commit(txn).await.expect("nothing is in the way");
    assert!(first < all);
    let mut watch = watch(&store, "", first);
    let order = ["a//gone", "b//x", "a//y"];
    assert_eq!(drain(&mut watch), order.map(|path| format!("{all} {path}")));
}

async fn a_transaction_that_changes_nothing_makes_no_revision(store: impl Store) {
    let only = put(&store, "a//x", "1").await;
    let nothing = Txn::new()
        .guard(Guard::Present(key("a//x")))
        .delete(key("a//y"));
    assert_eq!(store.commit(nothing).await.ok(), Some(only));
    assert_eq!(store.snapshot().revision(), only);
}

async fn what_is_too_large_is_refused(store: impl Store) {
    let large = "x".repeat(VALUE_BYTES_MAX);
    let refused = store
        .commit(Txn::new().put(key("a//x"), value(&large)))
        .await;
    assert!(matches!(refused, Err(CommitError::TooLarge { .. })));
    let most = "x".repeat(VALUE_BYTES_MAX / 4 * 3);
    let both = Txn::new()
        .put(key("a//x"), value(&most))
        .put(key("a//y"), value(&most));
    assert!(matches!(
        store.commit(both).await,
        Err(CommitError::TooLong { .. })
    ));
    let deletes = (0..=TXN_OPERATIONS_MAX).map(|n| key(&format!("a//{n}")));
    let refused = store.commit(deletes.fold(Txn::new(), Txn::delete)).await;
    assert!(matches!(refused, Err(CommitError::TooMany { .. })));
    let twice = Txn::new().delete(key("a//x")).delete(key("a//x"));
    assert!(matches!(
        store.commit(twice).await,
        Err(CommitError::Repeated { .. })
    ));
    let largest = "x".repeat(VALUE_BYTES_MAX - 1000);
    put(&store, "a//x", &largest).await;
}

async fn a_snapshot_never_changes_and_leads_back(store: impl Store) {
    let beginning = store.snapshot().revision();
    let mut revisions = vec![beginning];
    for round in 1..=200_u64 {
        revisions.push(put(&store, "a//x", &round.to_string()).await);
    }
    let last = store.snapshot();
    let delete = Txn::new().delete(key("a//x"));
    let gone = store.commit(delete).await.expect("a delete succeeds");
    assert_eq!(last.revision(), revisions[200]);
    for round in [200_usize, 199, 129, 128, 127, 64, 3, 1] {
        let past = last.at(revisions[round]).expect("it is kept");
        let stored = past.get(&key("a//x")).expect("it was there");
        assert_eq!(stored.value, value(&round.to_string()));
        assert_eq!(
            (past.revision(), stored.modified),
            (revisions[round], revisions[round])
        );
    }
    assert_eq!(last.at(beginning).map(|past| past.count("")), Ok(0));
    let (revision, newest) = (gone, revisions[200]);
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
    let mut revisions = Vec::new();
    for round in 1..=1500_u64 {
        revisions.push(put(&store, &format!("a//{}", round % 7), "").await);
    }
    let mut watch = watch(&store, "a/", revisions[1]);
    assert_eq!(watch.progress(), revisions[1]);
    for revision in &revisions[2..] {
        let change = watch.next().await.expect("it is in the history");
        assert_eq!(change.revision, *revision);
        assert_eq!(watch.progress(), change.revision);
    }
    assert_eq!(watch.try_next(), Ok(None));
    let delete = Txn::new().delete(key("a//1"));
    let newest = store.commit(delete).await.expect("a delete succeeds");
    let gone = watch.next().await.expect("it is live");
    assert_eq!((gone.revision, &gone.new), (newest, &None));
    assert!(gone.old.is_some());
    let since = newest.next();
    let early = store.watch(KeyRange::prefix(""), since);
    assert_eq!(early.err(), Some(WatchError::Future { since, newest }));
}

async fn a_watch_sees_its_range_and_nothing_else(store: impl Store) {
    let beginning = store.snapshot().revision();
    let mut namespace = watch(&store, "pods/a/", beginning);
    let range = KeyRange::One(key("pods/a/x"));
    let mut one = store.watch(range, beginning).expect("it is kept");
    let mut all = watch(&store, "", beginning);
    let mut revisions = Vec::new();
    for path in [
        "pods/a/x",
        "pods/b/x",
        "podtemplates/a/x",
        "pods/a/xy",
        "~ports//1",
    ] {
        revisions.push(put(&store, path, "").await);
    }
    let told = |at: usize, path: &str| format!("{} {path}", revisions[at]);
    assert_eq!(
        drain(&mut namespace),
        [told(0, "pods/a/x"), told(3, "pods/a/xy")]
    );
    assert_eq!(drain(&mut one), [told(0, "pods/a/x")]);
    assert_eq!(drain(&mut all).len(), 5);
    assert_eq!(one.progress(), revisions[4]);
}

async fn a_watch_far_behind_sees_whole_transactions(store: impl Store) {
    let beginning = store.snapshot().revision();
    let mut watch = watch(&store, "a/", beginning);
    let mut expected = Vec::new();
    let mut revisions = Vec::new();
    for _ in 1..=12 {
        let mut txn = Txn::new().put(key("b//x"), value(""));
        for number in 0..100 {
            txn = txn.put(Key::new(format!("a//{number}")), value(""));
        }
        let revision = store.commit(txn).await.expect("a plain put succeeds");
        expected.extend((0..100).map(|number| format!("{revision} a//{number}")));
        revisions.push(revision);
    }
    let first = watch
        .try_next()
        .expect("it is kept")
        .map(|change| change.revision);
    assert_eq!(first, Some(revisions[0]));
    assert!(beginning <= watch.progress() && watch.progress() < revisions[0]);
    assert_eq!(drain(&mut watch), expected[1..]);
    assert_eq!(watch.progress(), revisions[11]);
}

async fn a_waiting_watch_is_woken(store: impl Store) {
    let mut watch = watch(&store, "a/", store.snapshot().revision());
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
    let newest = store.snapshot().revision();
    assert_eq!(drain(&mut watch), [format!("{newest} a//x")]);
}

async fn a_slow_watch_is_cut_and_an_idle_one_is_not(store: impl Store) {
    let beginning = store.snapshot().revision();
    let mut slow = watch(&store, "a/", beginning);
    let mut idle = watch(&store, "b/", beginning);
    for round in 0..300 {
        put(&store, "a//x", &round.to_string()).await;
    }
    let (oldest, since) = (store.snapshot().oldest(), beginning);
    assert!(oldest > since, "the history has a bound");
    let cut = slow.try_next().expect_err("it is too slow");
    assert!(matches!(cut, WatchError::Lagged { oldest: found, .. } if found == oldest));
    assert_eq!(slow.next().await, Err(cut));
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
    let newest = put(&store, "b//x", "").await;
    assert_eq!(drain(&mut idle), [format!("{newest} b//x")]);
}

fn watch(store: &impl Store, prefix: &str, since: Revision) -> Watch {
    let watch = store.watch(KeyRange::prefix(prefix), since);
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
