//! What can be wrong with the store and with what members of the API server read from it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use gantry_api::{Encoded, Object, Revision};
use gantry_base::Timestamp;
use gantry_base::time::after;
use gantry_registry::Request;
use gantry_registry::request::Verb;
use gantry_store::{CommitError, Guard, Key, Snapshot, Stored, Txn, Write};

use super::{Bug, Plant};

/// How far behind a member may lag, in revisions.
const LAG: u64 = 200;
/// How long the past is read after a change of leaders.
const BLIND: Duration = Duration::from_secs(10);
/// How long after it a request may be carried out again.
const ECHO: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(120));
/// How much a restart loses, in revisions.
const LOST: u64 = 4;

/// What a restart of the store gets wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slip {
    /// How many of the newest revisions are not there any more.
    pub(crate) lost: u64,
    /// By how many revisions the count begins too low.
    pub(crate) back: u64,
}

impl Plant {
    /// What a restart of the store gets wrong.
    pub(crate) fn slip(&self) -> Slip {
        Slip {
            lost: if self.is(Bug::LosesNewest) { LOST } else { 0 },
            back: if self.is(Bug::RevisionFallsBack) {
                LOST
            } else {
                0
            },
        }
    }

    /// A member dies, or the store begins anew.
    pub(crate) fn leader_changes(&mut self, snapshot: &Snapshot, now: Timestamp) {
        if self.is(Bug::StaleAfterChange) {
            self.memory.old = Some((snapshot.clone(), after(now, BLIND)));
        }
    }

    /// How things seem to stand for a request.
    pub(crate) fn picture(
        &mut self,
        request: &Request,
        snapshot: Snapshot,
        now: Timestamp,
    ) -> Snapshot {
        if self.bug.is_none() || !matches!(request.verb, Verb::Get | Verb::List) {
            return snapshot;
        }
        if let Some((old, until)) = &self.memory.old
            && now < *until
        {
            return old.clone();
        }
        let is_list = request.verb == Verb::List;
        if self.acts(Bug::StaleRead, 4) || (is_list && self.acts(Bug::MixesLists, 2)) {
            let then = snapshot.revision().0.saturating_sub(LAG);
            let then = Revision(then).max(snapshot.oldest());
            return snapshot.at(then).unwrap_or(snapshot);
        }
        snapshot
    }

    /// What is answered to a request that was decided on some picture.
    pub(crate) fn answer(&self, request: &Request, answer: Bytes, newest: Revision) -> Bytes {
        if !self.is(Bug::MixesLists) || request.verb != Verb::List {
            return answer;
        }
        let Ok(mut list) = serde_json::from_slice::<Value>(&answer) else {
            return answer;
        };
        list["metadata"]["resourceVersion"] = newest.to_string().into();
        list.to_string().into()
    }

    /// What is committed instead of a transaction.
    pub(crate) fn txn<'a>(&mut self, txn: &'a Txn, snapshot: &Snapshot) -> Cow<'a, Txn> {
        let spoils = match self.bug {
            Some(
                Bug::GenerationStands
                | Bug::UidTwice
                | Bug::ServiceAddressTwice
                | Bug::NodePortTwice,
            ) => true,
            Some(Bug::MovesPod) => self.dice.below(50) == 0,
            Some(Bug::IgnoresFinalizers) => self.dice.below(2) == 0,
            Some(Bug::ForgetsQuota | Bug::ForgetsBudget) => txn.writes.len() > 1,
            _ => false,
        };
        if !spoils {
            return Cow::Borrowed(txn);
        }
        // The first write is what was asked for; what is charged stands beside it.
        let writes = txn.writes.iter().enumerate();
        let kept = writes.filter(|(at, write)| *at == 0 || !self.forgets(write.key()));
        let kept: Vec<&Write> = kept.map(|(_, write)| write).collect();
        let writes = kept.into_iter();
        let writes = writes.map(|write| self.write(write, snapshot)).collect();
        Cow::Owned(Txn {
            guards: txn.guards.clone(),
            writes,
        })
    }

    /// Whether what is charged there is not written.
    fn forgets(&self, key: &Key) -> bool {
        let charged = match self.bug {
            Some(Bug::ForgetsQuota) => "resourcequotas/",
            Some(Bug::ForgetsBudget) => "poddisruptionbudgets.policy/",
            _ => return false,
        };
        key.as_str().starts_with(charged)
    }

    fn write(&mut self, write: &Write, snapshot: &Snapshot) -> Write {
        let Write::Put { key, value } = write else {
            return write.clone();
        };
        let old = snapshot.get(key);
        let object = value.object(Revision::default());
        let put = |value| Write::Put {
            key: key.clone(),
            value,
        };
        match (self.bug, old) {
            (Some(Bug::GenerationStands), Some(old)) => put(as_old(value, object, old)),
            (Some(Bug::UidTwice), None) if is_pod(key) => {
                put(self.given_again(value, object, ("/metadata/uid", 10)))
            }
            (Some(Bug::ServiceAddressTwice), None) if is_service(key) => {
                put(self.given_again(value, object, ("/spec/clusterIPs/0", 2)))
            }
            (Some(Bug::NodePortTwice), None) if is_service(key) => {
                put(self.given_again(value, object, ("/spec/ports/0/nodePort", 1)))
            }
            (Some(Bug::MovesPod), Some(old)) if is_pod(key) => put(moved(value, object, old)),
            (Some(Bug::IgnoresFinalizers), Some(_))
                if object.is_terminating() && !object.finalizers().is_empty() =>
            {
                Write::Delete { key: key.clone() }
            }
            _ => write.clone(),
        }
    }

    /// Once in `times` an object with what another got at `place`.
    fn given_again(
        &mut self,
        value: &Arc<Encoded>,
        object: Object,
        (place, times): (&str, u64),
    ) -> Arc<Encoded> {
        let mut whole = object.into_value();
        let Some(own) = whole.pointer_mut(place) else {
            return Arc::clone(value);
        };
        let is_twice = !self.memory.given.is_null() && self.dice.below(times) == 0;
        if !is_twice {
            self.memory.given = own.clone();
            return Arc::clone(value);
        }
        *own = self.memory.given.clone();
        Object::from_value(whole)
            .map_or_else(|| Arc::clone(value), |object| encoded(value, &object))
    }

    /// The revision under which a write is acknowledged that is not made.
    pub(crate) fn unwritten(&mut self, newest: Revision) -> Option<Revision> {
        self.acts(Bug::AcksUnwritten, 100).then(|| newest.next())
    }

    /// What is committed in spite of a conflict.
    pub(crate) fn forced(&self, txn: &Txn, result: &Result<Revision, CommitError>) -> Option<Txn> {
        let is_conflict = matches!(result, Err(CommitError::Conflict { .. }));
        if !is_conflict || !self.is(Bug::SwallowsConflict) {
            return None;
        }
        let guards = txn.guards.iter();
        let guards = guards.filter(|guard| !matches!(guard, Guard::Unchanged { .. }));
        Some(Txn {
            guards: guards.cloned().collect(),
            writes: txn.writes.clone(),
        })
    }

    /// Whether the newest revision will be given again.
    pub(crate) fn gives_again(&mut self) -> bool {
        self.acts(Bug::RevisionTwice, 100)
    }

    /// A deletion that is carried out again after a while, whatever uid it named: its answer was
    /// lost on the way, or somebody thought so.
    pub(crate) fn echo(&mut self, request: &Request) -> Option<(Duration, Request)> {
        request.options.delete.uid.as_ref()?;
        if !self.is(Bug::IgnoresUid) {
            return None;
        }
        let mut again = request.clone();
        again.options.delete.uid = None;
        Some((self.dice.between(ECHO.0, ECHO.1), again))
    }
}

fn is_pod(key: &Key) -> bool {
    key.as_str().starts_with("pods/")
}

fn is_service(key: &Key) -> bool {
    key.as_str().starts_with("services/")
}

fn encoded(value: &Encoded, object: &Object) -> Arc<Encoded> {
    Arc::new(Encoded::new(object, value.summary().fields.clone()))
}

/// The same with the generation that stood there before.
fn as_old(value: &Arc<Encoded>, mut object: Object, old: &Stored) -> Arc<Encoded> {
    let generation = old.value.object(old.modified).generation();
    if generation == 0 || generation == object.generation() {
        return Arc::clone(value);
    }
    object.set(&["metadata", "generation"], generation.into());
    encoded(value, &object)
}

/// The same pod on another node, if it was bound before.
fn moved(value: &Arc<Encoded>, mut object: Object, old: &Stored) -> Arc<Encoded> {
    let old = old.value.object(old.modified);
    let other = match old.text(&["spec", "nodeName"]) {
        "" => return Arc::clone(value),
        "node-0" => "node-1",
        _ => "node-0",
    };
    object.set(&["spec", "nodeName"], other.into());
    let fields = value.summary().fields.iter().map(|(name, value)| {
        let value = if name == "spec.nodeName" {
            other
        } else {
            value
        };
        (name.to_owned(), value.to_owned())
    });
    Arc::new(Encoded::new(&object, fields.collect::<BTreeMap<_, _>>()))
}
