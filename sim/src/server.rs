//! The API server: the real registry over the real index, with members that die and a disk that
//! takes its time.
//!
//! A request is decided when it arrives and committed when the disk has taken it; what happens in
//! between makes it be decided again, as in the real one.

mod ledger;
mod members;
mod streams;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use gantry_api::{Rejection, Revision};
use gantry_kinds::bootstrap::{Bootstrap, objects};
use gantry_registry::request::Verb;
use gantry_registry::subresources::token::SignedToken;
use gantry_registry::{Around, Catalog, Errand, Reply, Request, Settings, Todo, permission};
use gantry_store::{CommitError, HistoryLimits, Key, Snapshot, Txn};

use crate::actor::{Address, Input};
use crate::agenda::Event;
use crate::core::Core;
use crate::faults::Fault;
use crate::plant::Plant;
use ledger::Ledger;
use members::Member;
use streams::{Stream, Woken};

pub(crate) use streams::StreamId;

/// Names a request that waits for the disk.
pub(crate) type PendingId = u64;

/// How long the disk takes.
const SYNC: (Duration, Duration) = (Duration::from_micros(150), Duration::from_millis(2));
/// How long it takes when it takes long.
const SLOW_SYNC: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(3));

/// A request on its way.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) from: Address,
    pub(crate) request: Request,
}

/// A request that waits for the disk.
#[derive(Debug)]
struct Pending {
    from: Address,
    member: usize,
    errand: Errand,
    txns: Vec<Txn>,
    is_one: bool,
}

/// All members of the API server, and the store that they share.
#[derive(Debug)]
pub(crate) struct Server {
    catalog: Catalog,
    ledger: Ledger,
    members: Vec<Member>,
    pending: BTreeMap<PendingId, Pending>,
    streams: BTreeMap<StreamId, Stream>,
    by_watcher: BTreeMap<Address, StreamId>,
    woken: Woken,
    last: u64,
    is_full: bool,
    plant: Plant,
}

impl Server {
    pub(crate) fn new(members: usize, history: HistoryLimits, plant: Plant) -> Self {
        Self {
            plant,
            catalog: Catalog::new(gantry_kinds::builtin(), Settings::default()),
            ledger: Ledger::new(history),
            members: (0..members.max(1)).map(|_| Member::default()).collect(),
            pending: BTreeMap::new(),
            streams: BTreeMap::new(),
            by_watcher: BTreeMap::new(),
            woken: Woken::default(),
            last: 0,
            is_full: false,
        }
    }

    /// The requests that make the objects every server contains.
    pub(crate) fn bootstrap(&mut self) -> Vec<Request> {
        let registry = self.catalog.registry(&self.ledger.snapshot());
        let settings = Bootstrap {
            service_ranges: vec![registry.settings().service_range.to_string()],
        };
        let known = registry.kinds();
        let requests = objects(&settings).into_iter().filter_map(|object| {
            let version = object.api_version();
            let kind = known.iter().find(|kind| {
                kind.names.kind == object.kind() && kind.names.group_version() == version
            })?;
            let key = gantry_api::ObjectKey::new(kind.names.resource(), object.namespace(), "");
            let mut request =
                gantry_steering::requests::request(Verb::Create, &key, &version.version);
            request.body = gantry_steering::requests::body(&object);
            request.caller = gantry_api::Caller::authenticated(
                "system:apiserver",
                &[gantry_api::caller::MASTERS],
            );
            Some(request)
        });
        requests.collect()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.ledger.snapshot()
    }

    pub(crate) fn take_changes(&mut self) -> Vec<std::sync::Arc<gantry_store::Change>> {
        self.ledger.take_changes()
    }

    /// Carries out a request at once, outside of the simulated network: for the ground that
    /// everything stands on.
    pub(crate) fn at_once(&mut self, core: &mut Core, request: Request) -> Result<(), Rejection> {
        let mut errand = Errand::new(request);
        match self.decide(core, 0, &mut errand)? {
            Todo::Commit(txn) => {
                let result = self.ledger.commit(&txn, core.now);
                errand.committed(result).map(drop)
            }
            Todo::CommitEach(_)
            | Todo::Answer(_)
            | Todo::Sign(_)
            | Todo::Authenticate(_)
            | Todo::Ask(_) => Ok(()),
        }
    }

    /// A request arrives.
    pub(crate) fn arrive(&mut self, core: &mut Core, arrival: Arrival) {
        let Arrival { from, request } = arrival;
        if let Some((delay, again)) = self.plant.echo(&request) {
            let again = Arrival {
                from,
                request: again,
            };
            core.after(delay, Event::Arrive(Box::new(again)));
        }
        let Some(member) = self.member_for(from.seat) else {
            let why = "connection refused".to_owned();
            return self.answer(core, from, Err(Rejection::Unavailable { message: why }));
        };
        if core.strikes(Fault::Shed, "a request") {
            let shed = Rejection::TooManyRequests {
                message: "too many requests: try again".to_owned(),
                retry_after_seconds: 1,
                causes: Vec::new(),
            };
            return self.answer(core, from, Err(shed));
        }
        if let Err(rejection) = self.permit(member, &request) {
            return self.answer(core, from, Err(rejection));
        }
        if request.verb == Verb::Watch {
            return self.open(core, (from, member), &request);
        }
        let errand = Errand::new(request);
        self.go_on(core, (from, member), errand);
    }

    fn permit(&mut self, member: usize, request: &Request) -> Result<(), Rejection> {
        let snapshot = self.ledger.snapshot();
        let access = self.members[member].authority.access(&snapshot);
        permission::check(request, &access, &snapshot)
    }

    fn decide(
        &mut self,
        core: &mut Core,
        member: usize,
        errand: &mut Errand,
    ) -> Result<Todo, Rejection> {
        let snapshot = self.ledger.snapshot();
        let snapshot = self.plant.picture(errand.request(), snapshot, core.now);
        let access = self.members[member].authority.access(&snapshot);
        let around = Around {
            snapshot: &snapshot,
            access: &access,
            now: core.now,
            chance: core.chance.stream("registry"),
        };
        errand.decide(&self.catalog.registry(&snapshot), around)
    }

    /// Decides a request, for the first time or again.
    fn go_on(&mut self, core: &mut Core, (from, member): (Address, usize), mut errand: Errand) {
        let (txns, is_one) = match self.decide(core, member, &mut errand) {
            Err(rejection) => return self.answer(core, from, Err(rejection)),
            Ok(Todo::Answer(reply)) => {
                let newest = self.ledger.snapshot().revision();
                let answer = self
                    .plant
                    .answer(errand.request(), joined(reply, None), newest);
                return self.answer(core, from, Ok(answer));
            }
            Ok(Todo::Sign(order)) => {
                let reply = order.reply(&signed(core.now));
                return self.answer(core, from, Ok(joined(reply, None)));
            }
            Ok(Todo::Authenticate(check)) => {
                let reply = check.reply(Err("no token is good here".to_owned()));
                return self.answer(core, from, Ok(joined(reply, None)));
            }
            Ok(Todo::Ask(questions)) => {
                // Nobody lives outside of the cluster in a simulation.
                let nobody = || Err("connection refused".to_owned());
                let answers = questions
                    .into_iter()
                    .map(|question| (question.id, nobody()));
                errand.heard(answers.collect());
                return self.go_on(core, (from, member), errand);
            }
            Ok(Todo::Commit(txn)) => (vec![txn], true),
            Ok(Todo::CommitEach(txns)) => (txns, false),
        };
        let id = self.fresh_id();
        self.pending.insert(
            id,
            Pending {
                from,
                member,
                errand,
                txns,
                is_one,
            },
        );
        let delay = if core.strikes(Fault::DiskSlow, "a commit") {
            core.faults.lasts(Fault::DiskSlow, SLOW_SYNC.0, SLOW_SYNC.1)
        } else {
            core.chance.stream("disk").between(SYNC.0, SYNC.1)
        };
        core.after(delay, Event::Synced(id));
    }

    /// The disk is done with what a request writes.
    pub(crate) fn synced(&mut self, core: &mut Core, id: PendingId) {
        // The member that decided it may have died since.
        let Some(mut pending) = self.pending.remove(&id) else {
            return;
        };
        let mut results = Vec::new();
        for txn in std::mem::take(&mut pending.txns) {
            results.push(self.commit(core, &txn));
        }
        let answer = if pending.is_one {
            let result = results.pop().expect("one transaction has one result");
            let answer = pending.errand.committed(result);
            answer.map(|answer| answer.map(|(reply, at)| joined(reply, Some(at))))
        } else {
            let answer = pending.errand.committed_each(results);
            answer.map(|answer| answer.map(|reply| joined(reply, None)))
        };
        match answer {
            Ok(Some(answer)) => self.answer(core, pending.from, Ok(answer)),
            Ok(None) => self.go_on(core, (pending.from, pending.member), pending.errand),
            Err(rejection) => self.answer(core, pending.from, Err(rejection)),
        }
        self.pump_woken(core);
    }

    fn commit(&mut self, core: &mut Core, txn: &Txn) -> Result<Revision, CommitError> {
        if self.is_full {
            let revision = self.ledger.snapshot().revision().next();
            let source = std::sync::Arc::new(std::io::Error::other("no space left on device"));
            return Err(CommitError::Durability { revision, source });
        }
        if let Some(rival) = self.rival(core, txn) {
            let revision = self.ledger.commit(&rival, core.now)?;
            core.line("rival", format_args!("wrote first at {revision}"));
        }
        if let Some(revision) = self.plant.unwritten(self.ledger.snapshot().revision()) {
            return Ok(revision);
        }
        let txn = &*self.plant.txn(txn, &self.ledger.snapshot());
        let mut result = self.ledger.commit(txn, core.now);
        if let Some(forced) = self.plant.forced(txn, &result) {
            result = self.ledger.commit(&forced, core.now);
        }
        if result.is_ok() && self.plant.gives_again() {
            self.ledger.give_again();
        }
        match &result {
            Ok(revision) => {
                for write in &txn.writes {
                    core.line("store", format_args!("{revision} {}", write.key()));
                }
            }
            Err(error) => core.line("store", format_args!("{error}")),
        }
        result
    }

    /// A write of somebody else to the object that `txn` is about to replace.
    fn rival(&self, core: &mut Core, txn: &Txn) -> Option<Txn> {
        let snapshot = self.ledger.snapshot();
        let put = txn.writes.iter().find_map(|write| match write {
            gantry_store::Write::Put { key, .. } => Some((key.clone(), snapshot.get(key)?.clone())),
            gantry_store::Write::Delete { .. } => None,
        });
        let (key, stored) = put.filter(|(key, _)| key.object().is_some())?;
        core.strikes(Fault::RivalWrite, key.as_str())
            .then(|| touched(key, &stored))
    }

    pub(crate) fn answer(
        &mut self,
        core: &mut Core,
        to: Address,
        answer: Result<Bytes, Rejection>,
    ) {
        let lost = core.strikes(Fault::AnswerLost, "an answer");
        let (delay, answer) = if lost {
            (core.patience(), Err(lost_answer()))
        } else {
            (core.trip(), answer)
        };
        core.send(delay, to, Input::Answer(answer));
    }

    /// Forgets the past that is too old by now.
    pub(crate) fn forget(&mut self, now: gantry_base::Timestamp) {
        self.ledger.forget(now);
    }

    /// Lets the disk be full, or not.
    pub(crate) fn set_full(&mut self, is_full: bool) {
        self.is_full = is_full;
    }

    fn fresh_id(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}

/// The news that an answer did not come.
pub(crate) fn lost_answer() -> Rejection {
    Rejection::Unavailable {
        message: "no answer: the connection was lost".to_owned(),
    }
}

pub(crate) fn joined(reply: Reply, revision: Option<Revision>) -> Bytes {
    reply.into_pieces(revision).concat()
}

/// The same object with a remark of somebody else's.
pub(crate) fn touched(key: Key, stored: &gantry_store::Stored) -> Txn {
    let mut object = stored.value.object(stored.modified);
    let text = stored.modified.to_string();
    object.set(
        &["metadata", "annotations", "example.com/seen"],
        text.into(),
    );
    let fields = stored.value.summary().fields.clone();
    let value = std::sync::Arc::new(gantry_api::Encoded::new(&object, fields));
    Txn::replace(key, stored.modified, value)
}

/// A token that nobody checks.
fn signed(now: gantry_base::Timestamp) -> SignedToken {
    SignedToken {
        token: "simulated".to_owned(),
        expires_at: gantry_base::time::after(now, Duration::from_secs(3600)),
    }
}
