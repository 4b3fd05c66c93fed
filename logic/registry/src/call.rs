//! One request on its way: what it asked, what it may look at, what it has decided so far.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_access::attributes::{ResourceTarget, Target};
use gantry_access::{Access, Attributes, Decision};
use gantry_api::{Encoded, GroupResource, Object, ObjectKey, Rejection, Revision};
use gantry_base::{Entropy, Timestamp};
use gantry_kinds::{Author, Descriptor};
use gantry_store::{Guard, Key, Snapshot, Stored, Txn};

use crate::conversion::{self, Converted};
use crate::notes::Notes;
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
    /// What is noted for those who write down what was asked.
    pub(crate) notes: Notes,
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
            notes: Notes::new(),
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
    pub(crate) fn read(&mut self, stored: &Stored) -> Result<Object, Rejection> {
        self.read_as(self.kind, stored)
    }

    /// A stored object in the form of another kind that is stored there.
    pub(crate) fn read_as(
        &mut self,
        kind: &Descriptor,
        stored: &Stored,
    ) -> Result<Object, Rejection> {
        if kind.converter.is_none() || kind.shows(&stored.value) {
            return Ok(render::read(kind, stored));
        }
        self.converted(kind, stored.value.object(stored.modified))
    }

    /// Stored objects in the form of this call's kind. Whoever has to be asked is asked about all
    /// of them at the same time.
    pub(crate) fn read_all(&mut self, stored: &[Stored]) -> Result<Vec<Object>, Rejection> {
        if self.kind.converter.is_none() {
            let stored = stored.iter();
            return Ok(stored
                .map(|stored| render::read(self.kind, stored))
                .collect());
        }
        let objects = stored.iter();
        let objects = objects.map(|stored| stored.value.object(stored.modified));
        let objects = self.convert(self.kind, objects.collect())?;
        let objects = objects.into_iter();
        Ok(objects.map(|own| self.kind.hooks.restore(own)).collect())
    }

    /// An object of this call's kind as others want to see it, who ask for another version.
    pub(crate) fn shown_as<'o>(
        &mut self,
        form: &Descriptor,
        object: &'o Object,
    ) -> Result<Cow<'o, Object>, Rejection> {
        if self.kind.names == form.names {
            return Ok(Cow::Borrowed(object));
        }
        self.in_form((self.kind, form), object.clone())
            .map(Cow::Owned)
    }

    /// What others made of an object of this call's kind in the version that they asked for.
    pub(crate) fn taken_from(
        &mut self,
        form: &Descriptor,
        object: Object,
    ) -> Result<Object, Rejection> {
        self.in_form((form, self.kind), object)
    }

    /// An object of one kind in the form of another that is stored alike.
    fn in_form(
        &mut self,
        (from, to): (&Descriptor, &Descriptor),
        object: Object,
    ) -> Result<Object, Rejection> {
        if from.names == to.names {
            return Ok(object);
        }
        if to.converter.is_some() {
            return self.converted(to, object);
        }
        let stored = if from.native {
            object
        } else {
            from.hooks.to_storage(object)
        };
        Ok(if to.native {
            stored
        } else {
            to.hooks.restore(stored)
        })
    }

    fn converted(&mut self, to: &Descriptor, object: Object) -> Result<Object, Rejection> {
        let mut converted = self.convert(to, vec![object])?;
        let own = converted.pop().unwrap_or_default();
        Ok(to.hooks.restore(own))
    }

    fn convert(&mut self, to: &Descriptor, objects: Vec<Object>) -> Result<Vec<Object>, Rejection> {
        let around = conversion::Around {
            answers: self.answers,
            snapshot: self.snapshot,
        };
        match conversion::convert(to, objects, around)? {
            Converted::Objects(objects) => Ok(objects),
            Converted::Ask(questions) => Err(self.ask(questions)),
        }
    }

    /// The stored form of an object of this call's kind.
    pub(crate) fn encode(&mut self, object: &Object) -> Result<Arc<Encoded>, Rejection> {
        if self.kind.native {
            let encoded = Encoded::new(object, fields(self.kind, object));
            return Ok(Arc::new(encoded.in_form(self.kind.form)));
        }
        let native = self.registry.stored_as(&self.kind.storage);
        if let Some(native) = native.filter(|native| native.converter.is_some()) {
            let stored = self.converted(native, object.clone())?;
            let encoded = Encoded::new(&stored, fields(native, &stored));
            return Ok(Arc::new(encoded.in_form(native.form)));
        }
        let stored = self.kind.hooks.to_storage(object.clone());
        let fields = native.map(|kind| fields(kind, &stored)).unwrap_or_default();
        Ok(Arc::new(
            Encoded::new(&stored, fields).in_form(self.kind.form),
        ))
    }

    /// The answer that shows one stored object.
    pub(crate) fn show(&mut self, stored: &Stored) -> Result<Reply, Rejection> {
        if self.kind.converter.is_none() || self.kind.shows(&stored.value) {
            return Ok(render::one(self.kind, self.request, stored, self.now));
        }
        let object = self.read(stored)?;
        let shown = render::unwritten(self.kind, self.request, &object, self.now);
        Ok(Reply::ok(shown))
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
    pub(crate) fn commit_new(
        &mut self,
        key: &ObjectKey,
        object: &Object,
    ) -> Result<Step, Rejection> {
        let encoded = self.encode(object)?;
        let txn = Txn::create(Key::from(key), Arc::clone(&encoded));
        let reply = Reply::created(render::written(
            self.kind,
            self.request,
            (object, encoded),
            self.now,
        ));
        Ok(self.finish(txn, reply, object))
    }

    /// Writes an object in the place of what was read at `since`. Writing the same again changes
    /// nothing, and nobody is told.
    pub(crate) fn commit_change(
        &mut self,
        key: &ObjectKey,
        old: &Stored,
        object: &Object,
    ) -> Result<Step, Rejection> {
        let encoded = self.encode(object)?;
        if encoded.same_bytes(&old.value) && self.also.writes.is_empty() {
            let reply = self.show(old)?;
            return Ok(Step::Reply(self.remark(reply)));
        }
        let txn = Txn::replace(Key::from(key), old.modified, Arc::clone(&encoded));
        let reply = Reply::ok(render::written(
            self.kind,
            self.request,
            (object, encoded),
            self.now,
        ));
        Ok(self.finish(txn, reply, object))
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

    /// Notes something for those who write down what was asked.
    pub(crate) fn note(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.notes.insert(name.into(), text.into());
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
