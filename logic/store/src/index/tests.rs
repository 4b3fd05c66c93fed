use std::time::Duration;

use gantry_base::time::after;

use crate::contract::value;
use crate::limits::PICTURE_EVERY;
use crate::snapshot::PastError;

use super::*;

fn limits(seconds: u64, bytes: usize) -> HistoryLimits {
    let keep = Duration::from_secs(seconds);
    HistoryLimits { keep, bytes }
}

fn second(second: u64) -> Timestamp {
    after(Timestamp::UNIX_EPOCH, Duration::from_secs(second))
}

fn put(index: &mut Index, path: &str, text: &str, at: u64) -> Revision {
    let txn = Txn::new().put(Key::new(path), value(text));
    index.apply(&txn, second(at)).unwrap()
}

#[test]
fn a_picture_can_be_read_for_a_while_after_it_was_replaced() {
    let mut index = Index::new(limits(60, 1 << 20));
    put(&mut index, "a//x", "1", 0);
    put(&mut index, "a//x", "2", 1000);
    index.forget(second(1060));
    assert!(index.snapshot().at(Revision(1)).is_ok());
    index.forget(second(1061));
    let (revision, oldest) = (Revision(1), Revision(2));
    assert_eq!(
        index.snapshot().at(revision).err(),
        Some(PastError::Compacted { revision, oldest })
    );
    assert!(
        index.snapshot().at(oldest).is_ok(),
        "the newest is always kept"
    );
}

#[test]
fn a_snapshot_keeps_its_past_though_the_index_forgets() {
    let mut index = Index::new(limits(60, 1 << 20));
    put(&mut index, "a//x", "1", 0);
    put(&mut index, "a//x", "2", 1);
    let snapshot = index.snapshot();
    index.forget(second(1000));
    assert_eq!(index.snapshot().oldest(), Revision(2));
    assert_eq!(snapshot.at(Revision(0)).unwrap().count(""), 0);
}

#[test]
fn a_clock_that_goes_backwards_forgets_nothing() {
    let mut index = Index::new(limits(60, 1 << 20));
    put(&mut index, "a//x", "1", 1000);
    put(&mut index, "a//x", "2", 10);
    assert_eq!(index.snapshot().oldest(), Revision(0));
}

#[test]
fn going_back_to_a_clone_undoes_everything() {
    let mut index = Index::new(limits(60, 1 << 20));
    put(&mut index, "a//x", "1", 0);
    let before = index.clone();
    put(&mut index, "a//x", "2", 0);
    index = before;
    assert_eq!(put(&mut index, "a//y", "3", 0), Revision(2));
    let snapshot = index.snapshot();
    assert_eq!(snapshot.get(&Key::new("a//x")).unwrap().value, value("1"));
}

#[test]
fn one_change_larger_than_the_whole_past_leaves_only_the_newest() {
    let mut index = Index::new(limits(60, 100));
    put(&mut index, "a//x", "1", 0);
    assert_eq!(index.snapshot().oldest(), Revision(1));
}

#[test]
fn what_others_committed_is_followed_with_gaps() {
    let mut index = Index::restored(Revision(10), [], limits(60, 1 << 20));
    for round in 1..=300 {
        let write = Write::Put {
            key: Key::new("a//x"),
            value: value(&round.to_string()),
        };
        index.follow(Revision(10 + 2 * round), &[write], second(0));
    }
    index.follow(Revision(1000), &[], second(0));
    let newest = index.snapshot();
    assert_eq!(newest.revision(), Revision(1000));
    let at = |revision| {
        let past = newest.at(Revision(revision)).unwrap();
        past.get(&Key::new("a//x")).map(|stored| stored.modified.0)
    };
    assert_eq!(at(10), None);
    assert_eq!(at(11), None);
    assert_eq!(at(12), Some(12));
    assert_eq!(at(13), Some(12));
    assert_eq!(at(500), Some(500));
    assert_eq!(at(999), Some(610));
    let after: Vec<_> = newest.changes(Revision(607)).unwrap().collect();
    assert_eq!(after.len(), 2);
    let pictures = newest.0.history.pictures();
    assert_eq!(pictures, 300 / usize::try_from(PICTURE_EVERY).unwrap());
}

#[test]
fn every_kept_revision_looks_as_it_did() {
    let mut index = Index::new(limits(60, 60_000));
    let mut pictures = vec![index.snapshot()];
    let mut chance = 7_u64;
    for _ in 0..400 {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let path = Key::new(format!("a//{}", (chance >> 33) % 9));
        let txn = match (chance >> 40) % 3 {
            0 => Txn::new().delete(path),
            _ => Txn::new().put(path, value(&chance.to_string())),
        };
        if index.apply(&txn, second(0)).unwrap() > pictures.last().unwrap().revision() {
            pictures.push(index.snapshot());
        }
    }
    let newest = index.snapshot();
    let lines = |snapshot: &Snapshot| -> Vec<_> {
        let range = snapshot.range("", None);
        range
            .map(|(key, stored)| (key.clone(), stored.clone()))
            .collect()
    };
    let mut kept = 0;
    for picture in &pictures {
        let Ok(past) = newest.at(picture.revision()) else {
            assert!(picture.revision() < newest.oldest());
            continue;
        };
        kept += 1;
        assert_eq!(lines(&past), lines(picture));
        let earlier = past.at(newest.oldest()).unwrap();
        assert_eq!(earlier.revision(), newest.oldest());
    }
    assert!((100..250).contains(&kept), "{kept}");
}
