//! Which changes make which keys due.
//!
//! A source never says what happened, only where to look.

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::{Metadata, Resource};
use serde::de::DeserializeOwned;

use gantry_api::key::{GroupResource, GroupVersion, ObjectKey};

use crate::defined::defined;
use crate::view::{Cached, View, Watched};

/// Names the keys to look at when an object changed; it is called for its old and its new form.
pub type Keys = Arc<dyn Fn(&dyn Cached, &View) -> Vec<ObjectKey> + Send + Sync>;

/// One resource whose changes matter.
#[derive(Clone)]
pub struct Source {
    /// Which resource, and how to read it.
    pub watched: Watched,
    /// Which keys become due.
    pub keys: Keys,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("resource", &self.watched.resource)
            .finish_non_exhaustive()
    }
}

/// Everything a controller listens to.
#[derive(Clone, Default)]
pub struct Sources {
    own: Vec<Source>,
    defined: Option<Keys>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("own", &self.own)
            .finish_non_exhaustive()
    }
}

impl Sources {
    /// Listens to nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The sources, in the order given.
    #[must_use]
    pub fn as_slice(&self) -> &[Source] {
        &self.own
    }

    /// Which keys objects of the kinds that users define make due, if they matter.
    #[must_use]
    pub const fn of_defined(&self) -> Option<&Keys> {
        self.defined.as_ref()
    }

    /// The keys that all objects of the view would make due together.
    #[must_use]
    pub fn all_keys(&self, view: &View) -> BTreeSet<ObjectKey> {
        let keys = |source: &Source| -> Vec<ObjectKey> {
            let objects = view.of(&source.watched.resource);
            objects
                .flat_map(|object| (source.keys)(object.as_ref(), view))
                .collect()
        };
        let own = self.own.iter().flat_map(keys);
        let others = self.defined.iter().flat_map(|keys| {
            let resources = defined(view).map(|kind| kind.resource);
            let resources: Vec<GroupResource> = resources.collect();
            let objects = resources.iter().flat_map(|resource| view.of(resource));
            let due: Vec<ObjectKey> = objects.flat_map(|one| keys(one.as_ref(), view)).collect();
            due
        });
        own.chain(others).collect()
    }

    /// A changed `T` makes its own key due.
    #[must_use]
    pub fn own<T: Kind>(self) -> Self {
        self.mapped::<T>(|object, _| vec![gantry_api::views::Meta::key(object)])
    }

    /// A changed `T` makes its controller due, when that is an `Owner`.
    #[must_use]
    pub fn controlled<T: Kind, Owner: Resource>(self) -> Self {
        self.mapped::<T>(|object, _| {
            controller_key::<Owner>(object.metadata())
                .into_iter()
                .collect()
        })
    }

    /// A changed `T` makes due what `keys` says.
    #[must_use]
    pub fn mapped<T: Kind>(
        self,
        keys: impl Fn(&T, &View) -> Vec<ObjectKey> + Send + Sync + 'static,
    ) -> Self {
        self.add(Watched::of::<T>(), move |object, view| {
            typed(object)
                .map(|object| keys(object, view))
                .unwrap_or_default()
        })
    }

    fn add(
        mut self,
        watched: Watched,
        keys: impl Fn(&dyn Cached, &View) -> Vec<ObjectKey> + Send + Sync + 'static,
    ) -> Self {
        self.own.push(Source {
            watched,
            keys: Arc::new(keys),
        });
        self
    }

    /// A changed `T` makes due what `keys` says, by its metadata alone. In the view it may be no more
    /// than an [`Outline`](crate::Outline).
    #[must_use]
    pub fn outlined<T: Kind>(
        self,
        keys: impl Fn(&dyn Cached, &View) -> Vec<ObjectKey> + Send + Sync + 'static,
    ) -> Self {
        self.add(Watched::of::<T>().outlined([]), keys)
    }

    /// A changed `T` called `name` makes due what `keys` says; of others there may be no more than an
    /// [`Outline`](crate::Outline) in the view.
    #[must_use]
    pub fn named<T: Kind>(
        self,
        name: &'static str,
        keys: impl Fn(&T, &View) -> Vec<ObjectKey> + Send + Sync + 'static,
    ) -> Self {
        let watched = Watched::of::<T>().outlined([name]);
        self.add(watched, move |object, view| {
            let is_called = object.meta().name.as_deref() == Some(name);
            typed(object)
                .filter(|_| is_called)
                .map(|object| keys(object, view))
                .unwrap_or_default()
        })
    }

    /// A changed object of a kind that a user defined makes due what `keys` says.
    #[must_use]
    pub fn defined(
        mut self,
        keys: impl Fn(&dyn Cached, &View) -> Vec<ObjectKey> + Send + Sync + 'static,
    ) -> Self {
        self.defined = Some(Arc::new(keys));
        self.read::<CustomResourceDefinition>()
    }

    /// `T` is read when deciding, but its changes make nothing due.
    #[must_use]
    pub fn read<T: Kind>(self) -> Self {
        self.mapped::<T>(|_, _| Vec::new())
    }
}

/// A type that views can hold.
pub trait Kind:
    Resource + Metadata<Ty = ObjectMeta> + DeserializeOwned + fmt::Debug + Send + Sync + 'static
{
}

impl<T> Kind for T where
    T: Resource + Metadata<Ty = ObjectMeta> + DeserializeOwned + fmt::Debug + Send + Sync + 'static
{
}

fn typed<T: Kind>(object: &dyn Cached) -> Option<&T> {
    let any: &dyn Any = object;
    any.downcast_ref()
}

/// The address of the controller of an object, when it is an `Owner`.
#[must_use]
pub fn controller_key<Owner: Resource>(meta: &ObjectMeta) -> Option<ObjectKey> {
    let owner = meta
        .owner_references
        .iter()
        .flatten()
        .find(|owner| owner.controller == Some(true))?;
    let group = GroupVersion::parse(&owner.api_version).group;
    let namespace = meta.namespace.as_deref().unwrap_or("");
    (owner.kind == Owner::KIND && group == Owner::GROUP)
        .then(|| ObjectKey::new(GroupResource::of::<Owner>(), namespace, &owner.name))
}
