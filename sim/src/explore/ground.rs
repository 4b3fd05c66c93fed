//! The API server of a small world: the real registry over the real index, at once.
//!
//! There is no network and no disk: a request is decided, committed and answered in one call.
//! A clone is the same world, and what happens to one does not happen to the other.

use bytes::Bytes;

use gantry_access::Authority;
use gantry_api::{Caller, ObjectKey, Rejection};
use gantry_base::Timestamp;
use gantry_registry::{Around, Catalog, Errand, Request, Settings, Todo, WatchPlan, permission};
use gantry_store::{HistoryLimits, Index, Key, Snapshot};

use crate::chance::Chance;
use crate::plant::Plant;
use crate::server::{Server, joined, touched};

/// The API server of a small world, and its time.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    pub(super) now: Timestamp,
    catalog: Catalog,
    index: Index,
    authority: Authority,
    chance: Chance,
}

/// Who may do everything.
pub(super) fn master() -> Caller {
    Caller::authenticated("system:apiserver", &[gantry_api::caller::MASTERS])
}

impl Ground {
    /// A server with what every server contains.
    pub(super) fn new(now: Timestamp) -> Self {
        let limits = HistoryLimits::default();
        let mut ground = Self {
            now,
            catalog: Catalog::new(gantry_kinds::builtin(), Settings::default()),
            index: Index::new(limits),
            authority: Authority::default(),
            chance: Chance::new(1),
        };
        for request in Server::new(1, limits, Plant::default()).bootstrap() {
            let made = ground.ask(request);
            made.expect("the objects of a fresh server are valid");
        }
        ground
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        self.index.snapshot()
    }

    /// Carries a request out, if its caller may make it.
    pub(super) fn ask(&mut self, request: Request) -> Result<Bytes, Rejection> {
        let snapshot = self.index.snapshot();
        let access = self.authority.access(&snapshot);
        permission::check(&request, &access, &snapshot)?;
        let mut errand = Errand::new(request);
        loop {
            if let Some(answer) = self.attempt(&mut errand)? {
                return Ok(answer);
            }
        }
    }

    fn attempt(&mut self, errand: &mut Errand) -> Result<Option<Bytes>, Rejection> {
        let snapshot = self.index.snapshot();
        let around = Around {
            snapshot: &snapshot,
            access: &self.authority.access(&snapshot),
            now: self.now,
            chance: self.chance.stream("registry"),
        };
        match errand.decide(&self.catalog.registry(&snapshot), around)? {
            Todo::Answer(reply) => Ok(Some(joined(reply, None))),
            Todo::Commit(txn) => {
                let result = self.index.apply(&txn, self.now);
                let answer = errand.committed(result)?;
                Ok(answer.map(|(reply, at)| joined(reply, Some(at))))
            }
            Todo::CommitEach(txns) => {
                let results = txns.iter().map(|txn| self.index.apply(txn, self.now));
                let answer = errand.committed_each(results.collect())?;
                Ok(answer.map(|reply| joined(reply, None)))
            }
            Todo::Sign(_) | Todo::Authenticate(_) | Todo::Ask(_) => Err(Rejection::bad_request(
                "nobody outside is asked in a small world",
            )),
        }
    }

    /// Plans the watch that `request` asks for.
    pub(super) fn watch(&mut self, mut request: Request) -> Box<WatchPlan> {
        request.caller = master();
        let snapshot = self.index.snapshot();
        let around = Around {
            snapshot: &snapshot,
            access: &self.authority.access(&snapshot),
            now: self.now,
            chance: self.chance.stream("registry"),
        };
        let plan = WatchPlan::of(&self.catalog.registry(&snapshot), &request, around);
        plan.expect("what controllers watch can be watched")
    }

    /// Somebody else writes to an object, if it exists.
    pub(super) fn touch(&mut self, key: &ObjectKey) {
        let key = Key::from(key);
        let snapshot = self.index.snapshot();
        if let Some(stored) = snapshot.get(&key) {
            let written = self.index.apply(&touched(key, stored), self.now);
            written.expect("nobody else writes meanwhile");
        }
    }
}
