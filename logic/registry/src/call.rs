//! One request on its way: what it asked, what it may look at, what it has decided so far.

use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_access::attributes::{ResourceTarget, Target};
use gantry_access::{Access, Attributes, Decision};
use gantry_api::{Encoded, GroupResource, Object, ObjectKey, Rejection, Revision};
use gantry_base::{Entropy, Timestamp};
use gantry_kinds::{Author, Descriptor};
use gantry_store::{Guard, Key, Snapshot, Stored, Txn};

use crate::question::{Answers, Question};
use crate::registry::{Around, Registry};
use crate::render;
use crate::request::Request;
use crate::step::{Reply, Step};

/// One request on its way.
pub(crate) struct Call<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) kind: &'a Arc<Descriptor>,
    pub(crate) request: &'a Request,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) access: &'a Access,
    pub(crate) now: Timestamp,
    pub(crate) chance: &'a mut dyn Entropy,
    /// Remarks for the user.
    pub(crate) warnings: Vec<String>,
    /// What is written together with the object, such as the address it was given.
    pub(crate) also: Txn,
    /// Whether everything is decided and nothing is kept.
    pub(crate) dry_run: bool,
    /// What was said so far by those who were asked outside.
    pub(crate) answers: &'a Answers,
    /// Whom to ask before the request can be decided.
    pub(crate) questions: Vec<Question>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        registry: &'a Registry,
        kind: &'a Arc<Descriptor>,
        (request, answers): (&'a Request, &'a Answers),
        around: Around<'a>,
    ) -> Self {
        Self {
            registry,
            kind,
            request,
            snapshot: around.snapshot,
            access: around.access,
            now: around.now,
            chance: around.chance,
            warnings: Vec::new(),
            also: Txn::new(),
            dry_run: request.options.dry_run,
            answers,
            questions: Vec::new(),
        }
    }

    /// Who writes, and when.
    pub(crate) fn author(&self) -> Author<'a> {
        Author {
            caller: &self.request.caller,
            now: self.now,
        }
    }

    /// The resource as the client called it.
    pub(crate) fn resource(&self) -> GroupResource {
        self.kind.names.resource()
    }

    /// Where the object `name` of this call's kind and namespace is stored.
    pub(crate) fn key(&self, name: &str) -> ObjectKey {
        ObjectKey::new(self.kind.storage.clone(), self.request.namespace(), name)
    }

    /// What is stored under the request's own name.
    pub(crate) fn stored(&self) -> Result<&'a Stored, Rejection> {
        let name = self.request.name();
        self.find(&self.key(name))
            .ok_or_else(|| Rejection::not_found(self.resource(), name))
    }

    /// What is stored at `key`.
    pub(crate) fn find(&self, key: &ObjectKey) -> Option<&'a Stored> {
        self.snapshot.get(&Key::from(key))
    }

    /// The object of another kind stored at `key`.
    pub(crate) fn look_up(&self, key: &ObjectKey) -> Option<Object> {
        let stored = self.find(key)?;
        Some(stored.value.object(stored.modified))
    }

    /// A stored object in the form of this call's kind.
    pub(crate) fn read(&self, stored: &Stored) -> Object {
        render::read(self.kind, stored)
    }

    /// The stored form of an object of this call's kind.
    pub(crate) fn encode(&self, object: &Object) -> Arc<Encoded> {
        if self.kind.native {
            let encoded = Encoded::new(object, fields(self.kind, object));
            return Arc::new(encoded.in_form(self.kind.form));
        }
        let stored = self.kind.hooks.to_storage(object.clone());
        let fields = self
            .registry
            .stored_as(&self.kind.storage)
            .map(|kind| fields(kind, &stored))
            .unwrap_or_default();
        Arc::new(Encoded::new(&stored, fields).in_form(self.kind.form))
    }

    /// Whether the caller may also do this.
    pub(crate) fn may(&self, verb: &str, target: ResourceTarget<'_>) -> Decision {
        let attributes = Attributes {
            caller: &self.request.caller,
            verb,
            target: Target::Resource(target),
        };
        self.access.authorize(&attributes, self.snapshot)
    }

    /// Refuses to make an object for a caller who may only change those that are there.
    pub(crate) fn require_create(&self) -> Result<(), Rejection> {
        let attributes = Attributes {
            caller: &self.request.caller,
            verb: "create",
            target: Target::Resource(ResourceTarget {
                group: &self.kind.names.group,
                resource: &self.kind.names.plural,
                namespace: self.request.namespace(),
                name: self.request.name(),
                ..ResourceTarget::default()
            }),
        };
        match self.access.authorize(&attributes, self.snapshot) {
            Decision::Allow(_) => Ok(()),
            Decision::Deny(reason) => Err(attributes.rejection(&reason)),
        }
    }

    /// Writes a new object.
    pub(crate) fn commit_new(&mut self, key: &ObjectKey, object: &Object) -> Step {
        let encoded = self.encode(object);
        let txn = Txn::create(Key::from(key), Arc::clone(&encoded));
        let reply = Reply::created(render::written(
            self.kind,
            self.request,
            (object, encoded),
            self.now,
        ));
        self.finish(txn, reply, object)
    }

    /// Writes an object in the place of what was read at `since`. Writing the same again changes
    /// nothing, and nobody is told.
    pub(crate) fn commit_change(&mut self, key: &ObjectKey, old: &Stored, object: &Object) -> Step {
        let encoded = self.encode(object);
        if encoded.same_bytes(&old.value) && self.also.writes.is_empty() {
            let reply = render::one(self.kind, self.request, old, self.now);
            return Step::Reply(self.remark(reply));
        }
        let txn = Txn::replace(Key::from(key), old.modified, Arc::clone(&encoded));
        let reply = Reply::ok(render::written(
            self.kind,
            self.request,
            (object, encoded),
            self.now,
        ));
        self.finish(txn, reply, object)
    }

    /// Removes what was read, and answers with `reply`.
    pub(crate) fn commit_removal(
        &mut self,
        key: &ObjectKey,
        since: Revision,
        reply: Reply,
    ) -> Step {
        let txn = Txn::remove(Key::from(key), since);
        let reply = self.remark(reply);
        if self.dry_run {
            return Step::Reply(reply);
        }
        let txn = self.with_company(txn);
        Step::Commit { txn, reply }
    }

    fn finish(&mut self, txn: Txn, reply: Reply, object: &Object) -> Step {
        let reply = self.remark(reply);
        if self.dry_run {
            let payload = render::unwritten(self.kind, self.request, object, self.now);
            return Step::Reply(Reply { payload, ..reply });
        }
        let txn = self.with_company(txn);
        Step::Commit { txn, reply }
    }

    /// The transaction together with all that was decided beside it.
    pub(crate) fn with_company(&mut self, mut txn: Txn) -> Txn {
        let also = std::mem::take(&mut self.also);
        txn.guards.extend(also.guards);
        txn.writes.extend(also.writes);
        txn
    }

    /// The reply together with the remarks made so far.
    pub(crate) fn remark(&mut self, reply: Reply) -> Reply {
        reply.with_warnings(std::mem::take(&mut self.warnings))
    }

    /// Ends the decision until somebody outside was asked. What is returned takes the call back to
    /// where it began; no client sees it.
    pub(crate) fn ask(&mut self, questions: Vec<Question>) -> Rejection {
        self.questions.extend(questions);
        Rejection::internal("this cannot be decided before somebody was asked")
    }

    /// Whether the decision ended because somebody has to be asked first.
    pub(crate) const fn is_asking(&self) -> bool {
        !self.questions.is_empty()
    }

    /// Makes the write count only if `guard` still holds.
    pub(crate) fn require(&mut self, guard: Guard) {
        self.also.guards.push(guard);
    }

    /// Makes the write count only if `record` is still free, and takes it.
    pub(crate) fn take(&mut self, record: Key, value: &Object) {
        let value = Arc::new(Encoded::new(value, BTreeMap::new()));
        let also = std::mem::take(&mut self.also);
        self.also = also.guard(Guard::Absent(record.clone())).put(record, value);
    }

    /// Writes `record` anew together with the object.
    pub(crate) fn write(&mut self, record: Key, value: &Object) {
        let value = Arc::new(Encoded::new(value, BTreeMap::new()));
        let also = std::mem::take(&mut self.also);
        self.also = also.put(record, value);
    }

    /// Writes another object together with this one, in the place of what was read at `since`.
    pub(crate) fn amend(&mut self, key: &ObjectKey, since: Revision, object: &Object) {
        let kind = self.registry.stored_as(&key.resource);
        let fields = kind.map(|kind| fields(kind, object)).unwrap_or_default();
        let value = Arc::new(Encoded::new(object, fields));
        let key = Key::from(key);
        let guard = Guard::Unchanged {
            key: key.clone(),
            since,
        };
        let also = std::mem::take(&mut self.also);
        self.also = also.guard(guard).put(key, value);
    }

    /// Gives `record` back together with the write.
    pub(crate) fn give_back(&mut self, record: Key) {
        let also = std::mem::take(&mut self.also);
        self.also = also.delete(record);
    }
}

/// The selectable fields of an object, by name.
pub(crate) fn fields(kind: &Descriptor, object: &Object) -> BTreeMap<String, String> {
    let fields = kind.hooks.fields(object).into_iter();
    fields
        .map(|(name, value)| (name.into_owned(), value))
        .collect()
}
