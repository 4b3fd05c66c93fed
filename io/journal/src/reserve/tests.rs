use gantry_base::Timestamp;
use gantry_base::time::after;
use gantry_store::contract::value;
use gantry_store::{CommitError, Key, Revision, Txn};

use crate::batch::Prepared;
use crate::config::JournalConfig;
use crate::engine::Engine;
use crate::limits::{ASK_AGAIN, FORGET_EVERY, RESERVE_PIECE_BYTES};
use crate::medium::memory::Disk;

use super::*;

/// An engine on a disk with as much room as is said.
struct Lab {
    disk: Disk,
    engine: Engine,
    now: Timestamp,
}

const WANTED: u64 = 2 * RESERVE_PIECE_BYTES;

impl Lab {
    fn new() -> Self {
        let disk = Disk::default();
        let config = JournalConfig {
            reserve_bytes: WANTED,
            ..JournalConfig::default()
        };
        let (mut engine, _) = Engine::open(Arc::new(disk.clone()), &config).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        assert!(!engine.keep_reserve(now));
        Self { disk, engine, now }
    }

    fn commit(&mut self, txn: Txn) -> Result<Revision, String> {
        let outcomes = self.engine.commit(&[Prepared::new(txn)], self.now);
        let outcome = outcomes
            .map_err(|error| gantry_base::chain(&*error))?
            .remove(0);
        outcome.map_err(|error: CommitError| gantry_base::chain(&error))
    }

    fn put(&mut self, name: &str, bytes: usize) -> Result<Revision, String> {
        self.commit(Txn::new().put(Key::new(name), value(&"x".repeat(bytes))))
    }

    fn delete(&mut self, name: &str) -> Result<Revision, String> {
        self.commit(Txn::new().delete(Key::new(name)))
    }

    /// Puts until nothing fits any more; how many were put.
    fn fill(&mut self) -> usize {
        let room = 20_000;
        self.disk.limit(Some(
            self.disk.files().values().map(Vec::len).sum::<usize>() + room,
        ));
        let mut put = |number| self.put(&format!("a//{number}"), 1_000).is_ok();
        (0..).take_while(|number| put(*number)).count()
    }
}

#[test]
fn a_full_disk_takes_deletions_and_nothing_else() {
    let mut lab = Lab::new();
    let count = lab.fill();
    assert!(5 < count, "{count}");
    let refused = lab.put("a//more", 1_000).unwrap_err();
    assert!(refused.contains("takes deletions only"), "{refused}");
    for number in 0..count {
        lab.delete(&format!("a//{number}")).unwrap();
    }
    assert!(lab.put("a//more", 10).is_err());
}

#[test]
fn with_room_on_the_disk_everything_goes_on() {
    let mut lab = Lab::new();
    lab.fill();
    lab.delete("a//0").unwrap();
    lab.disk.limit(None);
    // It is not asked all the time.
    assert!(lab.put("a//more", 10).is_err());
    lab.now = after(lab.now, ASK_AGAIN);
    lab.put("a//more", 10).unwrap();
    assert_eq!(
        lab.disk.files()["reserve"].len(),
        usize::try_from(WANTED).unwrap()
    );
}

#[test]
fn what_was_deleted_makes_room_by_a_picture_of_the_rest() {
    let mut lab = Lab::new();
    let count = lab.fill();
    for number in 0..count {
        lab.delete(&format!("a//{number}")).unwrap();
    }
    assert!(lab.engine.keep_reserve(lab.now));
    let sitting = lab.engine.turn().unwrap();
    crate::keeper::draw(lab.engine.medium(), &sitting).unwrap();
    assert!(
        !lab.engine.keep_reserve(lab.now),
        "nothing was deleted since"
    );
    assert!(lab.put("a//more", 1_000).is_err(), "it is not asked yet");
    lab.now = after(lab.now, FORGET_EVERY);
    lab.put("a//more", 1_000).unwrap();
    let reserve = lab.disk.files()["reserve"].len();
    assert_eq!(reserve, usize::try_from(WANTED).unwrap());
}

#[test]
fn without_a_reserve_a_full_disk_refuses_all_alike() {
    let disk = Disk::default();
    let config = JournalConfig {
        reserve_bytes: 0,
        ..JournalConfig::default()
    };
    let (mut engine, _) = Engine::open(Arc::new(disk.clone()), &config).unwrap();
    disk.limit(Some(50));
    let delete = Txn::new().delete(Key::new("a//0"));
    let put = Txn::new().put(Key::new("a//0"), value("1"));
    let both = [Prepared::new(put), Prepared::new(delete)];
    let refused = engine.commit(&both, Timestamp::UNIX_EPOCH).unwrap_err();
    assert!(refused.is_full() && !matches!(*refused, crate::JournalError::Full));
}
