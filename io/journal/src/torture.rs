//! Random operations, power cuts at every operation and byte, full disks, failing syncs, flipped
//! bits. What was acknowledged is there afterwards, what was not is whole or absent, and damage is
//! never served.

use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_base::Timestamp;
use gantry_store::contract::value;
use gantry_store::{Guard, Key, Revision, Snapshot, Txn};

use crate::batch::Prepared;
use crate::config::JournalConfig;
use crate::engine::Engine;
use crate::error::JournalError;
use crate::keeper::draw;
use crate::medium::memory::Disk;
use crate::recover::Recovered;

mod damage;
mod power;

/// Chance from a seed, the same on every run.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let drawn = usize::try_from(self.0 >> 33).unwrap();
        drawn % limit
    }
}

/// What should stand where: key to value and revisions, at a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Picture {
    revision: Revision,
    values: BTreeMap<String, (String, Revision, Revision)>,
}

impl Picture {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let line = |(key, stored): (&Key, &gantry_store::Stored)| {
            let object = stored.value.object(Revision(0));
            let text = object.0["data"].as_str().unwrap().to_owned();
            (key.to_string(), (text, stored.created, stored.modified))
        };
        Self {
            revision: snapshot.revision(),
            values: snapshot.range("", None).map(line).collect(),
        }
    }

    /// Carries out a random transaction here and returns it for the journal.
    pub(crate) fn step(&mut self, dice: &mut Dice) -> Txn {
        let mut txn = Txn::new();
        let revision = self.revision.next();
        let mut is_changed = false;
        let first = dice.below(12);
        for number in first..=first + dice.below(3) {
            let path = format!("a//{number}");
            if dice.below(4) == 0 {
                is_changed |= self.values.remove(&path).is_some();
                txn = txn.delete(Key::new(path));
                continue;
            }
            let text = "x".repeat(dice.below(300)) + &revision.to_string();
            txn = txn.put(Key::new(&*path), value(&text));
            let created = self.values.get(&path).map_or(revision, |old| old.1);
            self.values.insert(path, (text, created, revision));
            is_changed = true;
        }
        if is_changed {
            self.revision = revision;
        }
        txn
    }

    /// A transaction whose guard does not hold here.
    pub(crate) fn refused(&self) -> Txn {
        let key = Key::new("a//never");
        Txn::new()
            .guard(Guard::Present(key))
            .delete(Key::new("a//1"))
    }
}

pub(crate) fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

pub(crate) fn open(disk: &Disk) -> Result<(Engine, Recovered), JournalError> {
    Engine::open(Arc::new(disk.clone()), &JournalConfig::default())
}

/// Commits some random transactions together; how things stand if that succeeds.
pub(crate) fn commit_some(engine: &mut Engine, from: &Picture, dice: &mut Dice) -> (Picture, bool) {
    let mut picture = from.clone();
    let mut batch = Vec::new();
    for _ in 0..=dice.below(4) {
        if dice.below(5) == 0 {
            batch.push(Prepared::new(picture.refused()));
        }
        batch.push(Prepared::new(picture.step(dice)));
    }
    let is_done = engine.commit(&batch, now()).is_ok();
    (picture, is_done)
}

/// Takes a picture as the two threads do.
pub(crate) fn take_picture(engine: &mut Engine) -> Result<(), JournalError> {
    let snapshot = engine.turn()?;
    draw(engine.medium(), &snapshot).map(drop)
}
