//! The table of kinds, and the way from a request to the verb that handles it.
//!
//! Invariant: a resource that is not in the table does not exist, whatever a client calls it.

use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_access::Access;
use gantry_api::{GroupResource, ObjectKey, Rejection};
use gantry_base::{Entropy, Timestamp};
use gantry_kinds::{Descriptor, Scope, Verbs};
use gantry_schema::encode;
use gantry_store::Snapshot;

use crate::admission::policies::compiled::{Policies, Policy};
use crate::call::Call;
use crate::encoding::Encoding;
use crate::notes::Notes;
use crate::question::Answers;
use crate::request::{Request, Resource, Verb};
use crate::settings::Settings;
use crate::step::Step;
use crate::{options, reviews, subresources, verbs};

/// All kinds that are served, and what can be asked of them.
#[derive(Debug)]
pub struct Registry {
    kinds: Vec<Arc<Descriptor>>,
    /// How many of them are served: those come first.
    served: usize,
    by_resource: BTreeMap<Resource, usize>,
    /// The kind in whose form a resource is stored.
    by_storage: BTreeMap<GroupResource, usize>,
    settings: Arc<Settings>,
    policies: Policies,
}

/// What a decision depends on besides the request.
pub struct Around<'a> {
    /// The objects.
    pub snapshot: &'a Snapshot,
    /// The permissions, compiled from the same snapshot.
    pub access: &'a Access,
    /// The time.
    pub now: Timestamp,
    /// Chance, for uids and names.
    pub chance: &'a mut dyn Entropy,
}

impl Around<'_> {
    /// The same, for as long as something shorter lives.
    fn borrowed(&mut self) -> Around<'_> {
        Around {
            snapshot: self.snapshot,
            access: self.access,
            now: self.now,
            chance: &mut *self.chance,
        }
    }
}

impl Registry {
    /// A registry of `kinds`. Of several kinds with one name the first counts.
    #[must_use]
    pub fn new(mut kinds: Vec<Arc<Descriptor>>, settings: Arc<Settings>) -> Self {
        kinds.sort_by_key(|kind| !kind.is_served);
        let served = kinds.partition_point(|kind| kind.is_served);
        let mut by_resource = BTreeMap::new();
        let mut by_storage = BTreeMap::new();
        for (index, kind) in kinds.iter().enumerate() {
            if kind.is_served {
                by_resource.entry(resource(kind)).or_insert(index);
            }
            if kind.native {
                by_storage.entry(kind.storage.clone()).or_insert(index);
            }
        }
        Self {
            kinds,
            served,
            by_resource,
            by_storage,
            settings,
            policies: Policies::default(),
        }
    }

    /// All kinds that are served, in the order they were given.
    #[must_use]
    pub fn kinds(&self) -> &[Arc<Descriptor>] {
        &self.kinds[..self.served]
    }

    /// The choices of the cluster.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The policies in a picture, compiled.
    pub(crate) fn policies(&self, snapshot: &Snapshot) -> Arc<[Policy]> {
        self.policies.of(snapshot)
    }

    /// The kind behind a resource; where no version is named, in the one that is stored.
    #[must_use]
    pub fn find(&self, resource: &Resource) -> Option<&Arc<Descriptor>> {
        if resource.version.version.is_empty() {
            return self.stored_as(&resource.group_resource());
        }
        Some(&self.kinds[*self.by_resource.get(resource)?])
    }

    /// Whether objects of a resource can be answered in `encoding`. What is not known can: that
    /// there is no such resource is said in whatever encoding was asked for.
    #[must_use]
    pub fn writes(&self, resource: &Resource, encoding: Encoding) -> bool {
        let has_message = |kind: &Arc<Descriptor>| {
            let names = &kind.names;
            encode::is_known(&names.group, &names.version, &names.kind)
        };
        encoding != Encoding::Protobuf || self.find(resource).is_none_or(has_message)
    }

    /// The kind in whose form `resource` is stored.
    #[must_use]
    pub fn stored_as(&self, resource: &GroupResource) -> Option<&Arc<Descriptor>> {
        Some(&self.kinds[*self.by_storage.get(resource)?])
    }

    /// Decides what `request` needs next.
    pub fn handle(&self, request: &Request, around: Around<'_>) -> Result<Step, Rejection> {
        self.handle_knowing(request, &Answers::new(), around)
    }

    /// Decides what `request` needs next, given what was said by those who were asked about it.
    pub fn handle_knowing(
        &self,
        request: &Request,
        answers: &Answers,
        around: Around<'_>,
    ) -> Result<Step, Rejection> {
        self.handle_noting(request, answers, around).0
    }

    /// The same, with what was noted about the request meanwhile, whatever became of it.
    pub fn handle_noting(
        &self,
        request: &Request,
        answers: &Answers,
        mut around: Around<'_>,
    ) -> (Result<Step, Rejection>, Notes) {
        let Some(kind) = self.find(&request.resource) else {
            return (Err(Rejection::NoSuchPath), Notes::new());
        };
        let mut call = Call::new(self, kind, (request, answers), around.borrowed());
        let decided = decide(&mut call);
        if call.is_asking() {
            return (Ok(Step::Ask(call.questions)), call.notes);
        }
        let remark = || kind.remark.iter().cloned().collect();
        let decided = decided.map(|step| step.answered(|reply| reply.with_warnings(remark())));
        (decided, call.notes)
    }
}

fn decide(call: &mut Call<'_>) -> Result<Step, Rejection> {
    check_place(call.kind, call.request)?;
    options::check(call.request)?;
    check_seen(call)?;
    match &call.request.subresource {
        Some(part) => subresources::handle(call, part),
        None if call.kind.verbs == Verbs::CreateOnly => reviews::handle(call),
        None => verb(call),
    }
}

fn verb(call: &mut Call<'_>) -> Result<Step, Rejection> {
    if !call.kind.verbs.allow(call.request.verb.as_str()) {
        return Err(Rejection::MethodNotAllowed);
    }
    match call.request.verb {
        Verb::Get => verbs::get::get(call),
        Verb::List => verbs::list::list(call),
        Verb::Watch => verbs::watch::watch(call),
        Verb::Create => verbs::create::create(call),
        Verb::Update => verbs::update::update(call),
        Verb::Patch(patch) => verbs::patch::patch(call, patch),
        Verb::Delete => verbs::delete::delete(call),
        Verb::DeleteCollection => verbs::delete_many::delete_many(call),
    }
}

/// Objects in namespaces are named with theirs, others without; what is done to one object names it.
fn check_place(kind: &Descriptor, request: &Request) -> Result<(), Rejection> {
    let reads_all = matches!(request.verb, Verb::List | Verb::Watch);
    let is_of_many = matches!(request.verb, Verb::Create | Verb::DeleteCollection) || reads_all;
    match (kind.scope, &request.namespace, &request.name) {
        (Scope::Cluster, Some(_), _) | (Scope::Namespaced, None, Some(_)) => {
            Err(Rejection::NoSuchPath)
        }
        (Scope::Namespaced, None, None) if !reads_all => Err(Rejection::MethodNotAllowed),
        (_, _, None) if !is_of_many => Err(Rejection::MethodNotAllowed),
        _ => Ok(()),
    }
}

/// What was decided without having seen everything is to be decided again.
fn check_seen(call: &Call<'_>) -> Result<(), Rejection> {
    for (resource, revision) in &call.request.options.seen {
        let prefix = ObjectKey::prefix(resource, Some(call.request.namespace()));
        let mut stored = call.snapshot.range(&prefix, None);
        if stored.any(|(_, stored)| stored.modified > *revision) {
            return Err(Rejection::Conflict {
                resource: call.resource(),
                name: call.request.name().to_owned(),
                why: format!("{resource} are newer than what was seen of them"),
            });
        }
    }
    Ok(())
}

/// The name under which clients ask for a kind.
pub(crate) fn resource(kind: &Descriptor) -> Resource {
    Resource {
        version: kind.names.group_version(),
        plural: kind.names.plural.to_string(),
    }
}

impl std::fmt::Debug for Around<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Around")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
