//! What should stand where, kept beside the journal by the simplest means.

use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_api::Encoded;
use gantry_store::contract::value;
use gantry_store::{Guard, Key, Revision, Snapshot, Txn};

use crate::batch::Prepared;

use super::Dice;

/// How many keys there are.
const KEYS: usize = 40;

/// Key to value and the revisions at which it was made and changed, at a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Model {
    pub(crate) revision: Revision,
    values: BTreeMap<String, (Arc<Encoded>, Revision, Revision)>,
}

impl Model {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let line = |(key, stored): (&Key, &gantry_store::Stored)| {
            let value = Arc::clone(&stored.value);
            (key.to_string(), (value, stored.created, stored.modified))
        };
        Self {
            revision: snapshot.revision(),
            values: snapshot.range("", None).map(line).collect(),
        }
    }

    /// Draws some transactions and carries them out here: what they are, and for each the revision
    /// at which it should land, or nothing when its guard does not hold.
    pub(crate) fn batch(&mut self, dice: &mut Dice) -> (Vec<Prepared>, Vec<Option<Revision>>) {
        let (mut batch, mut expected) = (Vec::new(), Vec::new());
        for _ in 0..=dice.below(4) {
            let (txn, landing) = self.transaction(dice);
            batch.push(Prepared::new(txn));
            expected.push(landing);
        }
        (batch, expected)
    }

    fn transaction(&mut self, dice: &mut Dice) -> (Txn, Option<Revision>) {
        let mut txn = Txn::new();
        let (guard, holds) = self.guard(dice);
        txn.guards.extend(guard);
        let writes = self.writes(dice);
        if holds {
            self.carry_out(&writes);
        }
        for (path, value) in writes {
            txn = match value {
                Some(value) => txn.put(Key::new(path), value),
                None => txn.delete(Key::new(path)),
            };
        }
        (txn, holds.then_some(self.revision))
    }

    /// A guard or none, and whether it holds here.
    fn guard(&self, dice: &mut Dice) -> (Option<Guard>, bool) {
        let path = path(dice.below(KEYS));
        let known = self.values.get(&path);
        let key = Key::new(path);
        match dice.below(12) {
            0 => (Some(Guard::Absent(key)), known.is_none()),
            1 => (Some(Guard::Present(key)), known.is_some()),
            2 => {
                let since = known.map_or(Revision(1), |known| known.2);
                (Some(Guard::Unchanged { key, since }), known.is_some())
            }
            3 => {
                let since = self.revision.next();
                (Some(Guard::Unchanged { key, since }), false)
            }
            _ => (None, true),
        }
    }

    fn writes(&self, dice: &mut Dice) -> Vec<(String, Option<Arc<Encoded>>)> {
        let first = dice.below(KEYS);
        let last = first + dice.below(3);
        let write = |number| {
            let is_put = !dice.is_one_in(4);
            (path(number), is_put.then(|| value(&self.text(dice))))
        };
        (first..=last).map(write).collect()
    }

    /// Mostly short, at times of many sectors, rarely as long as an object may be; no two alike, so
    /// that no sector can stand in for another.
    fn text(&self, dice: &mut Dice) -> String {
        let length = match dice.below(4096) {
            0 => 1_000_000,
            1..=15 => dice.below(60_000),
            16..=300 => dice.below(5000),
            _ => dice.below(300),
        };
        let word = format!("{}.{:x} ", self.revision, dice.next());
        word.repeat(length / word.len() + 1)
    }

    fn carry_out(&mut self, writes: &[(String, Option<Arc<Encoded>>)]) {
        let revision = self.revision.next();
        for (path, value) in writes {
            let Some(value) = value else {
                if self.values.remove(path).is_some() {
                    self.revision = revision;
                }
                continue;
            };
            let created = self.values.get(path).map_or(revision, |old| old.1);
            let line = (Arc::clone(value), created, revision);
            self.values.insert(path.clone(), line);
            self.revision = revision;
        }
    }
}

fn path(number: usize) -> String {
    format!("a//{number:02}")
}
