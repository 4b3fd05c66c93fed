//! Our part of etcd: which of its keys are ours, and what its revisions are called here.
//!
//! Records lie under the prefix by their own path. What the engine keeps for itself lies beside
//! them under `~/`, a path that no record has. Revisions are etcd's, plus a constant that is zero
//! unless the state was moved here: then it makes all revisions later than those given out before.

use std::sync::Arc;

use bytes::Bytes;
use gantry_store::{Key, Plain, Revision, Seal};

/// What the engine keeps for itself.
const OWN: &str = "~/";

/// A prefix, the constant between etcd's revisions and ours, and what becomes of values.
#[derive(Clone, Debug)]
pub(crate) struct Space {
    /// Ends with a slash.
    prefix: String,
    base: u64,
    seal: Arc<dyn Seal>,
}

/// What a key of etcd is to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A record of the store.
    Record(Key),
    /// Where the engine notes what state it is in.
    State,
    /// Something else of the engine's.
    Own,
    /// Not a key that we ever wrote.
    Foreign,
}

impl Space {
    /// A space in which nothing is sealed.
    pub(crate) fn new(prefix: String, base: u64) -> Self {
        let seal = Arc::new(Plain);
        Self { prefix, base, seal }
    }

    /// The same, with what `seal` makes of values.
    pub(crate) fn sealing(mut self, seal: &Arc<dyn Seal>) -> Self {
        self.seal = Arc::clone(seal);
        self
    }

    pub(crate) fn seal(&self) -> &dyn Seal {
        &*self.seal
    }

    pub(crate) const fn base(&self) -> u64 {
        self.base
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The first of our keys, and the first behind them.
    pub(crate) fn bounds(&self) -> (Bytes, Bytes) {
        (self.bytes(""), behind(&self.prefix))
    }

    pub(crate) fn key(&self, key: &Key) -> Bytes {
        self.bytes(key.as_str())
    }

    /// Where the engine notes what state it is in.
    pub(crate) fn state(&self) -> Bytes {
        self.bytes("~/state")
    }

    /// What is written so that etcd says something.
    pub(crate) fn tick(&self) -> Bytes {
        self.bytes("~/tick")
    }

    /// Whose turn it is to compact.
    pub(crate) fn turn(&self) -> Bytes {
        self.bytes("~/compact")
    }

    fn bytes(&self, path: &str) -> Bytes {
        Bytes::from(format!("{}{path}", self.prefix))
    }

    pub(crate) fn place(&self, key: &[u8]) -> Place {
        let path = std::str::from_utf8(key).ok();
        match path.and_then(|path| path.strip_prefix(&self.prefix)) {
            None => Place::Foreign,
            Some("~/state") => Place::State,
            Some(path) if path.starts_with(OWN) => Place::Own,
            Some(path) => Place::Record(Key::new(path)),
        }
    }

    /// What a revision of etcd is called here.
    pub(crate) fn revision(&self, theirs: i64) -> Revision {
        let theirs = u64::try_from(theirs).expect("etcd counts from one upwards");
        Revision(self.base + theirs)
    }

    /// What a revision of ours is called there; none for one from before a move.
    pub(crate) fn theirs(&self, ours: Revision) -> Option<i64> {
        let theirs = ours.0.checked_sub(self.base)?;
        i64::try_from(theirs).ok().filter(|theirs| *theirs > 0)
    }
}

/// The first key behind all that begin with `prefix`, which ends with a slash.
fn behind(prefix: &str) -> Bytes {
    let mut end = prefix.as_bytes().to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_revisions_lead_there_and_back() {
        let space = Space::new("/gantry/".to_owned(), 100);
        let key = Key::new("pods/a/x");
        assert_eq!(space.key(&key), "/gantry/pods/a/x");
        assert_eq!(space.place(b"/gantry/pods/a/x"), Place::Record(key));
        let record = Place::Record(Key::new("~ports//1"));
        assert_eq!(space.place(b"/gantry/~ports//1"), record);
        assert_eq!(space.place(&space.state()), Place::State);
        assert_eq!(space.place(&space.tick()), Place::Own);
        assert_eq!(space.place(b"/other"), Place::Foreign);
        assert_eq!(space.place(b"/gantry/\xff"), Place::Foreign);
        assert_eq!(space.bounds().1, "/gantry0");
        assert_eq!(space.revision(7), Revision(107));
        assert_eq!(space.theirs(Revision(107)), Some(7));
        assert_eq!(space.theirs(Revision(100)), None, "from before the move");
        assert_eq!(space.theirs(Revision(3)), None);
    }
}
