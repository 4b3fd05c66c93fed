//! A consistent picture of many objects, typed, with the indexes that deciding needs.
//!
//! A view is a value: cloning it is cheap, and what was cloned never changes. Per resource it knows
//! the newest revision it has seen, so that nobody decides on a world older than their own writes.

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use imbl::ordmap::DiffItem;
use imbl::{OrdMap, OrdSet};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};
use k8s_openapi::{Metadata, Resource};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use gantry_api::key::{GroupResource, ObjectKey, Revision};

/// A typed object of whatever kind.
pub trait Cached: Any + fmt::Debug + Send + Sync {
    /// The metadata that all kinds share.
    fn meta(&self) -> &ObjectMeta;
    /// Its address.
    fn object_key(&self) -> ObjectKey;
}

impl<T> Cached for T
where
    T: Resource + Metadata<Ty = ObjectMeta> + fmt::Debug + Send + Sync + 'static,
{
    fn meta(&self) -> &ObjectMeta {
        self.metadata()
    }

    fn object_key(&self) -> ObjectKey {
        gantry_api::views::Meta::key(self)
    }
}

/// Who an object is, whose it is and whether it ends: enough for whoever cares for objects of every
/// kind, and much less than all of it. The rest of its metadata is empty.
#[derive(Clone, Debug)]
pub struct Outline {
    resource: GroupResource,
    meta: ObjectMeta,
}

impl Outline {
    /// An object of `resource` with this metadata.
    #[must_use]
    pub const fn new(resource: GroupResource, meta: ObjectMeta) -> Self {
        Self { resource, meta }
    }
}

impl Cached for Outline {
    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn object_key(&self) -> ObjectKey {
        let text = |text: &'_ Option<String>| text.clone().unwrap_or_default();
        ObjectKey {
            resource: self.resource.clone(),
            namespace: text(&self.meta.namespace),
            name: text(&self.meta.name),
        }
    }
}

#[derive(Deserialize)]
struct Outlined {
    metadata: OutlinedMeta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OutlinedMeta {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    creation_timestamp: Option<Time>,
    deletion_timestamp: Option<Time>,
    finalizers: Option<Vec<String>>,
    owner_references: Option<Vec<OwnerReference>>,
}

/// Reads one object's JSON.
pub type Decode = fn(&[u8]) -> Result<Arc<dyn Cached>, serde_json::Error>;

/// A resource to be kept in a view, with the way to read it.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Which resource.
    pub resource: GroupResource,
    /// The version it is read at; none when that does not matter.
    pub version: &'static str,
    decode: Decode,
    /// Whether only outlines are kept, and of which names everything all the same.
    outlined: Option<BTreeSet<&'static str>>,
    /// Which of them, when not all.
    pub field_selector: Option<String>,
}

impl Watched {
    /// All objects of type `T`.
    #[must_use]
    pub fn of<T>() -> Self
    where
        T: Resource
            + Metadata<Ty = ObjectMeta>
            + DeserializeOwned
            + fmt::Debug
            + Send
            + Sync
            + 'static,
    {
        Self {
            resource: GroupResource::of::<T>(),
            version: T::VERSION,
            decode: |json| Ok(Arc::new(serde_json::from_slice::<T>(json)?)),
            outlined: None,
            field_selector: None,
        }
    }

    /// Outlines of all objects of a resource whose type nobody here has, in whichever version they
    /// are stored.
    #[must_use]
    pub fn outlines(resource: GroupResource) -> Self {
        Self {
            resource,
            version: "",
            decode: |_| Err(serde::de::Error::custom("nobody here has the type")),
            outlined: Some(BTreeSet::new()),
            field_selector: None,
        }
    }

    /// No more than an [`Outline`] of each, but for those called by one of these names, unless
    /// somebody else wants all of them whole.
    #[must_use]
    pub fn outlined(mut self, but: impl IntoIterator<Item = &'static str>) -> Self {
        self.outlined = Some(but.into_iter().collect());
        self
    }

    /// Serves also whoever wants `other` of the same resource.
    pub fn join(&mut self, other: &Self) {
        match (&mut self.outlined, &other.outlined) {
            (Some(own), Some(others)) => own.extend(others),
            (own, None) => *own = None,
            (None, Some(_)) => {}
        }
    }

    /// Reads one object's JSON, as far as it is wanted.
    pub fn read(&self, json: &[u8]) -> Result<Arc<dyn Cached>, serde_json::Error> {
        let Some(whole) = &self.outlined else {
            return (self.decode)(json);
        };
        let Outlined { metadata } = serde_json::from_slice(json)?;
        if whole.contains(metadata.name.as_deref().unwrap_or("")) {
            return (self.decode)(json);
        }
        Ok(Arc::new(Outline {
            resource: self.resource.clone(),
            meta: ObjectMeta {
                name: metadata.name,
                namespace: metadata.namespace,
                uid: metadata.uid,
                resource_version: metadata.resource_version,
                creation_timestamp: metadata.creation_timestamp,
                deletion_timestamp: metadata.deletion_timestamp,
                finalizers: metadata.finalizers,
                owner_references: metadata.owner_references,
                ..ObjectMeta::default()
            },
        }))
    }

    /// Only those that `selector` selects, such as one node's pods.
    #[must_use]
    pub fn only(mut self, selector: impl Into<String>) -> Self {
        self.field_selector = Some(selector.into());
        self
    }
}

/// Two are equal when they are one and the same in memory: what was read anew counts as changed.
impl PartialEq for dyn Cached {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::addr_eq(self, other)
    }
}

type Objects = OrdMap<(String, String), Arc<dyn Cached>>;
type ByUid = OrdMap<String, OrdSet<ObjectKey>>;

/// A picture of many objects at one moment.
#[derive(Clone, Debug, Default)]
pub struct View {
    resources: OrdMap<GroupResource, Objects>,
    revisions: OrdMap<GroupResource, Revision>,
    /// Objects by the uids of their owners.
    dependents: ByUid,
    /// Objects by the uid of the owner that controls them; those that nobody controls by an empty
    /// one.
    controlled: ByUid,
}

/// An object before and after a change; nothing where there was or is none.
pub type Difference<T> = (Option<Arc<T>>, Option<Arc<T>>);

impl View {
    /// The object at this address.
    #[must_use]
    pub fn get<T: Cached + Resource>(&self, namespace: &str, name: &str) -> Option<Arc<T>> {
        let objects = self.resources.get(&GroupResource::of::<T>())?;
        downcast(objects.get(&(namespace.to_owned(), name.to_owned()))?)
    }

    /// The object at this address, of whatever kind.
    #[must_use]
    pub fn any(&self, key: &ObjectKey) -> Option<&Arc<dyn Cached>> {
        self.resources
            .get(&key.resource)?
            .get(&(key.namespace.clone(), key.name.clone()))
    }

    /// All objects of a type, by namespace and name.
    pub fn all<T: Cached + Resource>(&self) -> impl Iterator<Item = Arc<T>> + '_ {
        let objects = self.resources.get(&GroupResource::of::<T>());
        objects
            .into_iter()
            .flat_map(OrdMap::values)
            .filter_map(downcast)
    }

    /// All objects of a type in one namespace, by name.
    pub fn within<'a, T: Cached + Resource>(
        &'a self,
        namespace: &'a str,
    ) -> impl Iterator<Item = Arc<T>> + 'a {
        let start = (namespace.to_owned(), String::new());
        let objects = self.resources.get(&GroupResource::of::<T>());
        let range = objects
            .into_iter()
            .flat_map(move |objects| objects.range(start.clone()..));
        range
            .take_while(move |((at, _), _)| at == namespace)
            .filter_map(|(_, object)| downcast(object))
    }

    /// All objects that name this uid as an owner.
    pub fn owned_by<'a>(&'a self, uid: &str) -> impl Iterator<Item = &'a Arc<dyn Cached>> + 'a {
        let keys = self.dependents.get(uid);
        keys.into_iter()
            .flat_map(OrdSet::iter)
            .filter_map(|key| self.any(key))
    }

    /// All objects of a type that the owner with this uid controls, by namespace and name.
    pub fn controlled_by<'a, T: Cached + Resource>(
        &'a self,
        uid: &str,
    ) -> impl Iterator<Item = Arc<T>> + 'a {
        let first = ObjectKey::new(GroupResource::of::<T>(), "", "");
        self.controlled(uid, first)
    }

    /// All objects of a type in one namespace that nobody controls, by name.
    pub fn uncontrolled<'a, T: Cached + Resource>(
        &'a self,
        namespace: &'a str,
    ) -> impl Iterator<Item = Arc<T>> + 'a {
        let first = ObjectKey::new(GroupResource::of::<T>(), namespace, "");
        let all = self.controlled::<T>("", first);
        all.take_while(move |object| object.meta().namespace.as_deref().unwrap_or("") == namespace)
    }

    fn controlled<T: Cached + Resource>(
        &self,
        uid: &str,
        first: ObjectKey,
    ) -> impl Iterator<Item = Arc<T>> + '_ {
        let resource = first.resource.clone();
        let keys = self.controlled.get(uid).into_iter();
        let keys = keys.flat_map(move |keys| keys.range(first.clone()..));
        keys.take_while(move |key| key.resource == resource)
            .filter_map(|key| downcast(self.any(key)?))
    }

    /// How the objects of a type differ from those of an earlier view. What both share is not
    /// looked at, so that views which follow each other are compared quickly.
    pub fn differences<T: Cached + Resource>(&self, earlier: &Self) -> Vec<Difference<T>> {
        let resource = GroupResource::of::<T>();
        let none = Objects::new();
        let of = |view: &Self| view.resources.get(&resource).cloned();
        let (old, new) = (of(earlier), of(self));
        let (old, new) = (old.as_ref().unwrap_or(&none), new.as_ref().unwrap_or(&none));
        let differences = old.diff(new).map(|one| match one {
            DiffItem::Add(_, new) => (None, downcast(new)),
            DiffItem::Update { old, new } => (downcast(old.1), downcast(new.1)),
            DiffItem::Remove(_, old) => (downcast(old), None),
        });
        differences.collect()
    }

    /// All objects in the view, of all kinds.
    pub fn everything(&self) -> impl Iterator<Item = &Arc<dyn Cached>> + '_ {
        self.resources.values().flat_map(OrdMap::values)
    }

    /// All objects of one resource, whatever their type.
    pub fn of(&self, resource: &GroupResource) -> impl Iterator<Item = &Arc<dyn Cached>> + '_ {
        self.resources
            .get(resource)
            .into_iter()
            .flat_map(OrdMap::values)
    }

    /// All objects of one resource in one namespace, whatever their type.
    pub fn of_within<'a>(
        &'a self,
        resource: &GroupResource,
        namespace: &'a str,
    ) -> impl Iterator<Item = &'a Arc<dyn Cached>> + 'a {
        let start = (namespace.to_owned(), String::new());
        let objects = self.resources.get(resource);
        let range = objects
            .into_iter()
            .flat_map(move |objects| objects.range(start.clone()..));
        range
            .take_while(move |((at, _), _)| at == namespace)
            .map(|(_, object)| object)
    }

    /// The newest revision seen of `resource`; nothing before its first list.
    #[must_use]
    pub fn revision(&self, resource: &GroupResource) -> Option<Revision> {
        self.revisions.get(resource).copied()
    }

    /// Forgets a resource that there is no more, with all its objects; those.
    pub fn forget(&mut self, resource: &GroupResource) -> Vec<Arc<dyn Cached>> {
        let gone: Vec<Arc<dyn Cached>> = self.of(resource).cloned().collect();
        let seen = self.revision(resource).unwrap_or_default();
        for object in &gone {
            self.remove(&object.object_key(), seen);
        }
        self.resources.remove(resource);
        self.revisions.remove(resource);
        gone
    }

    /// Puts an object as it is at `revision`.
    pub fn put(&mut self, object: Arc<dyn Cached>, revision: Revision) -> Option<Arc<dyn Cached>> {
        let key = object.object_key();
        let old = self.remove(&key, revision);
        for uid in owners(object.meta()) {
            self.dependents.entry(uid).or_default().insert(key.clone());
        }
        let controller = controller(object.meta());
        let controlled = self.controlled.entry(controller).or_default();
        controlled.insert(key.clone());
        self.resources
            .entry(key.resource)
            .or_default()
            .insert((key.namespace, key.name), object);
        old
    }

    /// Takes an object away as of `revision`.
    pub fn remove(&mut self, key: &ObjectKey, revision: Revision) -> Option<Arc<dyn Cached>> {
        self.reached(&key.resource, revision);
        let objects = self.resources.get_mut(&key.resource)?;
        let old = objects.remove(&(key.namespace.clone(), key.name.clone()))?;
        for uid in owners(old.meta()) {
            leave(&mut self.dependents, &uid, key);
        }
        leave(&mut self.controlled, &controller(old.meta()), key);
        Some(old)
    }

    /// Notes that everything about `resource` up to `revision` has been seen.
    pub fn reached(&mut self, resource: &GroupResource, revision: Revision) {
        let known = self.revisions.entry(resource.clone()).or_default();
        *known = (*known).max(revision);
    }
}

fn leave(index: &mut ByUid, uid: &str, key: &ObjectKey) {
    if let Some(keys) = index.get_mut(uid) {
        keys.remove(key);
        if keys.is_empty() {
            index.remove(uid);
        }
    }
}

/// The uid of the owner that controls an object; empty when there is none.
fn controller(meta: &ObjectMeta) -> String {
    let mut owners = meta.owner_references.iter().flatten();
    let controller = owners.find(|owner| owner.controller == Some(true));
    controller.map_or_else(String::new, |owner| owner.uid.clone())
}

fn owners(meta: &ObjectMeta) -> impl Iterator<Item = String> + '_ {
    meta.owner_references
        .iter()
        .flatten()
        .map(|owner| owner.uid.clone())
}

fn downcast<T: Cached>(object: &Arc<dyn Cached>) -> Option<Arc<T>> {
    let any: Arc<dyn Any + Send + Sync> = Arc::clone(object) as _;
    any.downcast().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::Pod;

    fn pod(namespace: &str, name: &str, owner: &str) -> Arc<Pod> {
        let owner = OwnerReference {
            uid: owner.to_owned(),
            ..OwnerReference::default()
        };
        Arc::new(Pod {
            metadata: ObjectMeta {
                namespace: Some(namespace.to_owned()),
                name: Some(name.to_owned()),
                owner_references: Some(vec![owner]),
                ..ObjectMeta::default()
            },
            ..Pod::default()
        })
    }

    #[test]
    fn of_what_is_outlined_only_the_named_are_whole() {
        let read = |watched: &Watched, name: &str| {
            let json = format!(r#"{{"metadata":{{"namespace":"a","name":"{name}"}},"spec":null}}"#);
            watched.read(json.as_bytes()).unwrap()
        };
        let is_whole = |object: &Arc<dyn Cached>| downcast::<Pod>(object).is_some();
        let mut watched = Watched::of::<Pod>().outlined(["kept"]);
        assert!(is_whole(&read(&watched, "kept")));
        let outline = read(&watched, "other");
        assert!(!is_whole(&outline));
        let key = ObjectKey::new(GroupResource::of::<Pod>(), "a", "other");
        assert_eq!(outline.object_key(), key);

        watched.join(&Watched::of::<Pod>().outlined(["other"]));
        assert!(is_whole(&read(&watched, "other")) && !is_whole(&read(&watched, "third")));
        watched.join(&Watched::of::<Pod>());
        watched.join(&Watched::of::<Pod>().outlined([]));
        assert!(is_whole(&read(&watched, "third")));
    }

    #[test]
    fn a_clone_does_not_see_later_changes() {
        let mut view = View::default();
        view.put(pod("a", "x", "o"), Revision(1));
        let before = view.clone();
        view.put(pod("a", "y", "o"), Revision(2));
        assert_eq!(before.within::<Pod>("a").count(), 1);
        assert_eq!(view.within::<Pod>("a").count(), 2);
        assert_eq!(view.owned_by("o").count(), 2);
        assert_eq!(
            view.revision(&GroupResource::of::<Pod>()),
            Some(Revision(2))
        );
    }

    #[test]
    fn an_object_that_leaves_leaves_the_indexes_too() {
        let mut view = View::default();
        let gone = pod("a", "x", "o");
        view.put(gone.clone(), Revision(1));
        view.put(pod("b", "x", "o"), Revision(2));
        view.remove(&gone.object_key(), Revision(3));
        assert_eq!(view.owned_by("o").count(), 1);
        assert!(view.get::<Pod>("a", "x").is_none());
        assert_eq!(view.within::<Pod>("b").count(), 1);
    }

    #[test]
    fn who_is_controlled_is_told_from_who_is_only_owned() {
        let mut view = View::default();
        view.put(pod("a", "owned", "o"), Revision(1));
        view.put(pod("b", "owned", "o"), Revision(1));
        let mut child = Pod::clone(&pod("a", "child", "o"));
        for owner in child.metadata.owner_references.iter_mut().flatten() {
            owner.controller = Some(true);
        }
        view.put(Arc::new(child.clone()), Revision(2));
        let names = |pods: Vec<Arc<Pod>>| -> Vec<String> {
            let names = pods.iter().map(|pod| pod.metadata.name.clone());
            names.map(Option::unwrap_or_default).collect()
        };
        assert_eq!(names(view.controlled_by("o").collect()), ["child"]);
        assert_eq!(names(view.uncontrolled("a").collect()), ["owned"]);

        child.metadata.owner_references = None;
        view.put(Arc::new(child), Revision(3));
        assert!(names(view.controlled_by("o").collect()).is_empty());
        assert_eq!(names(view.uncontrolled("a").collect()), ["child", "owned"]);
    }

    #[test]
    fn what_differs_between_two_views_is_told_and_nothing_else() {
        let mut view = View::default();
        for name in ["gone", "same", "changed"] {
            view.put(pod("a", name, "o"), Revision(1));
        }
        let earlier = view.clone();
        view.remove(&pod("a", "gone", "o").object_key(), Revision(2));
        view.put(pod("a", "changed", "o"), Revision(3));
        view.put(pod("a", "new", "o"), Revision(4));
        let told: Vec<(bool, bool, String)> = view
            .differences::<Pod>(&earlier)
            .into_iter()
            .map(|(old, new)| {
                let named = new.as_ref().or(old.as_ref());
                let name = named.and_then(|pod| pod.metadata.name.clone());
                (old.is_some(), new.is_some(), name.unwrap_or_default())
            })
            .collect();
        let expected = [
            (true, true, "changed".to_owned()),
            (true, false, "gone".to_owned()),
            (false, true, "new".to_owned()),
        ];
        assert_eq!(told, expected);
        assert!(view.differences::<Pod>(&view).is_empty());
    }
}
