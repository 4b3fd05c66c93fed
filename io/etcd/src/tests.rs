//! The engine on a real etcd, started here on loopback; skipped where there is none.

mod server;

use std::sync::Arc;
use std::time::Duration;

use gantry_base::chain;
use gantry_store::contract::{Contract, value};
use gantry_store::{
    CommitError, Contents, Freshness, Guard, HistoryLimits, Key, KeyRange, Record, Revision, Store,
    Stored, Txn, Watch, WatchError,
};

use crate::link::Link;
use crate::rpc::Rpc;
use crate::wire::RangeRequest;
use crate::{Etcd, EtcdConfig, EtcdError, Occupied, Source, fill};

use server::{Proxy, Server};

/// Everything here happens long before, unless something hangs.
const PATIENCE: Duration = Duration::from_secs(60);

async fn open(config: &EtcdConfig) -> Etcd {
    let opened = Etcd::open(config, HistoryLimits::default(), |_| {});
    let opened = tokio::time::timeout(PATIENCE, opened).await;
    opened.expect("etcd answers").expect("the store opens")
}

async fn put(store: &Etcd, path: &str) -> Revision {
    let txn = Txn::new().put(Key::new(path), value(path));
    store.commit(txn).await.expect("a plain put succeeds")
}

fn watch_all(store: &Etcd) -> Watch {
    let newest = store.snapshot().revision();
    store
        .watch(KeyRange::prefix(""), newest)
        .expect("it is kept")
}

async fn next(watch: &mut Watch) -> (Revision, String) {
    let next = tokio::time::timeout(PATIENCE, watch.next()).await;
    let change = next.expect("something happens").expect("the watch goes on");
    (change.revision, change.key.to_string())
}

/// Waits until the store has its etcd, or has it no longer.
async fn until(store: &Etcd, is_up: bool) {
    let mut link = store.link.clone();
    let wait = link.wait_for(|link| matches!(link, Link::Up(_)) == is_up);
    let found = tokio::time::timeout(PATIENCE, wait).await;
    found.expect("it changes").expect("the store is open");
}

#[test]
fn the_store_on_etcd_keeps_the_contract() {
    let Some(server) = Server::start() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let number = std::cell::Cell::new(0);
    let make = |history| {
        number.set(number.get() + 1);
        let config = server
            .config()
            .below(&format!("/{}", number.get()))
            .unwrap();
        let opened = Etcd::open(&config, history, |_| {});
        runtime.block_on(opened).unwrap()
    };
    Contract::new(make, |future| runtime.block_on(future)).check();
}

#[tokio::test]
async fn two_engines_see_each_others_writes_in_order_and_one_wins_a_race() {
    let Some(server) = Server::start() else {
        return;
    };
    let (one, two) = (open(&server.config()).await, open(&server.config()).await);
    let (mut at_one, mut at_two) = (watch_all(&one), watch_all(&two));
    let mut expected = Vec::new();
    for round in 0..50 {
        let path = format!("a//{round}");
        expected.push((put(&one, &path).await, path.clone()));
        two.reach(Freshness::Current).await.unwrap();
        assert!(
            two.snapshot().get(&Key::new(path)).is_some(),
            "read at once"
        );
        let path = format!("b//{round}");
        expected.push((put(&two, &path).await, path));
    }
    for round in 0..50 {
        let key = Key::new(format!("race//{round}"));
        let create = |text| Txn::create(key.clone(), value(text));
        let (left, right) = tokio::join!(one.commit(create("1")), two.commit(create("2")));
        let (won, lost, loser) = match (left, right) {
            (Ok(won), Err(lost)) => (won, lost, &two),
            (Err(lost), Ok(won)) => (won, lost, &one),
            both => panic!("one of them wins: {both:?}"),
        };
        assert!(matches!(lost, CommitError::Exists { created, .. } if created == won));
        let seen = loser.snapshot().get(&key).map(|stored| stored.modified);
        assert_eq!(seen, Some(won), "the loser sees what it lost to");
        expected.push((won, key.to_string()));
    }
    for expected in expected {
        assert_eq!(next(&mut at_one).await, expected);
        assert_eq!(next(&mut at_two).await, expected);
    }
}

#[tokio::test]
async fn an_etcd_that_is_killed_refuses_writes_at_once_and_its_return_goes_on() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let store = open(&server.config()).await;
    let mut watch = watch_all(&store);
    let before = put(&store, "a//x").await;
    server.kill();
    until(&store, false).await;
    let refused = store.commit(Txn::new().delete(Key::new("a//x"))).await;
    let refused = refused.expect_err("nobody can keep it");
    assert!(
        matches!(refused, CommitError::Unavailable { .. }),
        "{refused}"
    );
    let told = chain(&refused);
    assert!(told.contains(&server.config().endpoints[0]), "{told}");
    assert!(store.reach(Freshness::Current).await.is_err());
    store.reach(Freshness::Any).await.unwrap();
    assert_eq!(store.snapshot().revision(), before, "reads go on");
    server.spawn();
    until(&store, true).await;
    let after = put(&store, "a//y").await;
    assert_eq!(next(&mut watch).await, (before, "a//x".to_owned()));
    assert_eq!(next(&mut watch).await, (after, "a//y".to_owned()));
}

#[tokio::test]
async fn what_happened_while_the_connection_was_cut_is_seen_in_order() {
    let Some(server) = Server::start() else {
        return;
    };
    let proxy = Proxy::to(server.port()).await;
    let (near, far) = (open(&server.config()).await, open(&proxy.config()).await);
    let mut watch = watch_all(&far);
    proxy.cut().await;
    until(&far, false).await;
    let mut expected = Vec::new();
    for round in 0..20 {
        let path = format!("a//{}", round % 7);
        expected.push((put(&near, &path).await, path));
    }
    proxy.mend();
    for expected in expected {
        assert_eq!(next(&mut watch).await, expected);
    }
}

#[tokio::test]
async fn compaction_while_the_connection_is_cut_leads_to_a_fresh_listing_and_no_silent_loss() {
    let Some(server) = Server::start() else {
        return;
    };
    let proxy = Proxy::to(server.port()).await;
    let (near, far) = (open(&server.config()).await, open(&proxy.config()).await);
    let since = put(&near, "a//gone").await;
    far.reach(Freshness::Current).await.unwrap();
    let mut watch = watch_all(&far);
    proxy.cut().await;
    until(&far, false).await;
    near.commit(Txn::new().delete(Key::new("a//gone")))
        .await
        .unwrap();
    let newest = put(&near, "a//new").await;
    let rpc = near.link.borrow().rpc().unwrap();
    rpc.compact(near.space.theirs(newest).unwrap())
        .await
        .unwrap();
    proxy.mend();
    let lost = tokio::time::timeout(PATIENCE, watch.next()).await.unwrap();
    assert!(matches!(lost, Err(WatchError::Lagged { .. })), "{lost:?}");
    until(&far, true).await;
    far.reach(Freshness::Current).await.unwrap();
    let snapshot = far.snapshot();
    assert!(snapshot.get(&Key::new("a//gone")).is_none());
    let new = snapshot.get(&Key::new("a//new")).expect("it was listed");
    assert_eq!((new.created, new.modified), (newest, newest));
    let old = far.watch(KeyRange::prefix(""), since).err();
    assert!(matches!(old, Some(WatchError::Compacted { .. })), "{old:?}");
    let mut watch = watch_all(&far);
    let after = put(&far, "a//x").await;
    assert_eq!(next(&mut watch).await, (after, "a//x".to_owned()));
}

#[tokio::test]
async fn old_history_is_compacted_by_one_of_the_servers() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut config = server.config();
    config.compact_every = Duration::from_millis(50);
    let (one, _two) = (open(&config).await, open(&config).await);
    let first = put(&one, "a//x").await;
    let rpc = one.link.borrow().rpc().unwrap();
    let old = RangeRequest {
        key: one.space.key(&Key::new("a//x")),
        revision: one.space.theirs(first).unwrap(),
        ..RangeRequest::default()
    };
    let forgotten = async {
        while !matches!(rpc.range(old.clone()).await, Err(error) if error.is_compacted()) {
            put(&one, "a//x").await;
        }
    };
    tokio::time::timeout(PATIENCE, forgotten).await.unwrap();
    assert!(one.snapshot().at(first).is_ok(), "memory remembers more");
}

#[tokio::test]
async fn revisions_of_others_on_the_same_etcd_are_passed_by() {
    let Some(server) = Server::start() else {
        return;
    };
    let theirs = server.config().below("/theirs").unwrap();
    let mut ours = server.config();
    ours.nudge = Duration::from_millis(1);
    let (ours, theirs) = (open(&ours).await, open(&theirs).await);
    let before = ours.snapshot().revision();
    put(&theirs, "a//x").await;
    ours.reach(Freshness::Current).await.unwrap();
    assert!(before < ours.snapshot().revision());
    assert_eq!(ours.snapshot().count(""), 0);
}

#[tokio::test]
async fn another_etcd_in_the_place_of_the_first_closes_the_store() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let store = open(&server.config()).await;
    put(&store, "a//x").await;
    let mut watch = watch_all(&store);
    server.kill();
    server.forget();
    server.spawn();
    let end = tokio::time::timeout(PATIENCE, watch.next()).await.unwrap();
    assert_eq!(end, Err(WatchError::Closed));
    let refused = store.commit(Txn::new().delete(Key::new("a//x"))).await;
    assert!(matches!(refused, Err(CommitError::Closed)), "{refused:?}");
}

#[tokio::test]
async fn members_are_spoken_to_over_tls_by_those_with_a_certificate() {
    let Some(server) = Server::start_with_tls() else {
        return;
    };
    let store = open(&server.config()).await;
    put(&store, "a//x").await;
    let mut stranger = server.config();
    stranger.identity = None;
    let mut why = Vec::new();
    let opened = Etcd::open(&stranger, HistoryLimits::default(), |error| {
        why.push(chain(error));
    });
    let refused = tokio::time::timeout(Duration::from_secs(2), opened).await;
    assert!(refused.is_err(), "nobody without a certificate gets in");
    assert!(
        why.iter().any(|why| why.contains(&stranger.endpoints[0])),
        "{why:?}"
    );
}

fn contents(revision: u64, keys: usize) -> Contents {
    let record = |number: usize| Record {
        key: Key::new(format!("a//{number:04}")),
        stored: Stored {
            value: value(&number.to_string()),
            created: Revision(1),
            modified: Revision(2),
        },
    };
    Contents {
        revision: Revision(revision),
        records: (0..keys).map(record).collect(),
    }
}

fn values(contents: &Contents) -> Vec<(&Key, &Arc<gantry_api::Encoded>)> {
    let records = contents.records.iter();
    records
        .map(|record| (&record.key, &record.stored.value))
        .collect()
}

#[tokio::test]
async fn a_state_moves_in_and_out_and_its_revisions_only_grow() {
    let Some(server) = Server::start() else {
        return;
    };
    let config = server.config();
    // It waits until the server answers.
    open(&config.clone().below("/other").unwrap()).await.close();
    let moved = contents(1_000_000, 300);
    let landed = fill(&config, &moved, Occupied::Keep).await.unwrap();
    assert!(moved.revision < landed);
    let again = fill(&config, &moved, Occupied::Keep).await;
    assert!(
        matches!(again, Err(EtcdError::Occupied { .. })),
        "{again:?}"
    );
    let store = open(&config).await;
    assert_eq!(store.snapshot().revision(), landed);
    let old = store.watch(KeyRange::prefix(""), moved.revision).err();
    assert!(matches!(old, Some(WatchError::Compacted { .. })), "{old:?}");
    let key = Key::new("a//0007");
    let stale = Txn::new().guard(Guard::Unchanged {
        key: key.clone(),
        since: Revision(2),
    });
    let stale = store.commit(stale.delete(key.clone())).await;
    assert!(
        matches!(stale, Err(CommitError::Conflict { .. })),
        "{stale:?}"
    );
    let read = store.snapshot().get(&key).unwrap().modified;
    let written = store.commit(Txn::remove(key, read)).await.unwrap();
    let mut source = Source::open(&config).await.unwrap();
    let mut watch = watch_all(&store);
    source.leave().await.unwrap();
    let end = tokio::time::timeout(PATIENCE, watch.next()).await.unwrap();
    assert_eq!(
        end,
        Err(WatchError::Closed),
        "a server stops when its state is moved"
    );
    let out = Source::open(&config).await.unwrap().read().await.unwrap();
    assert!(written < out.revision);
    let mut expected = moved;
    expected.records.remove(7);
    assert_eq!(values(&out), values(&expected));
    let opened = Etcd::open(&config, HistoryLimits::default(), |_| {}).await;
    assert!(matches!(opened, Err(EtcdError::Moved)), "{opened:?}");
    let back = fill(&config, &contents(5, 1), Occupied::Replace)
        .await
        .unwrap();
    assert!(out.revision < back, "even when something older comes");
    assert_eq!(open(&config).await.snapshot().count(""), 1);
}

#[tokio::test]
async fn a_prefix_of_somebody_else_is_left_alone() {
    let Some(server) = Server::start() else {
        return;
    };
    let config = server.config();
    open(&config).await.close();
    let rpc = Rpc::connect(&config.endpoints[0], &config).await.unwrap();
    let request = crate::wire::TxnRequest {
        success: vec![crate::request::put("/other/x".into(), "1")],
        ..Default::default()
    };
    rpc.txn(request).await.unwrap();
    let other = config.below("/other").unwrap();
    let opened = Etcd::open(&other, HistoryLimits::default(), |_| {}).await;
    assert!(
        matches!(opened, Err(EtcdError::Foreign { .. })),
        "{opened:?}"
    );
}
