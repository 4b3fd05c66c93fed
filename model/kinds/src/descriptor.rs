//! A kind as the registry knows it: names, rules and hooks, with the type erased.
//!
//! Built-in and custom kinds are both described by this; nothing that reads a [`Descriptor`] can
//! tell which of the two it has.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use gantry_api::field_error::FieldErrors;
use gantry_api::object::ShapeError;
use gantry_api::table::{ColumnDefinition, Row};
use gantry_api::{Encoded, GroupKind, GroupResource, GroupVersion, Object};
use gantry_base::Quantity;
use gantry_base::name::Rule;
use gantry_base::time::Timestamp;
use gantry_schema::KindType;
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};

use crate::author::Author;
use crate::cost::{Cost, Counted};
use crate::custom::Converter;
use crate::parts::idle;
use crate::rules::Rules;
use crate::subresource::Subresource;

/// What a kind is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The API group; empty for the core group.
    pub group: Cow<'static, str>,
    /// The version, such as `v1`.
    pub version: Cow<'static, str>,
    /// The kind, such as `Deployment`.
    pub kind: Cow<'static, str>,
    /// The kind of a list, such as `DeploymentList`.
    pub list_kind: Cow<'static, str>,
    /// The name in paths, such as `deployments`.
    pub plural: Cow<'static, str>,
    /// The name for one of them, such as `deployment`.
    pub singular: Cow<'static, str>,
    /// Short names that users may type.
    pub short: Vec<Cow<'static, str>>,
    /// Groups of kinds that are listed together.
    pub categories: Vec<Cow<'static, str>>,
}

impl Names {
    /// Group and version.
    #[must_use]
    pub fn group_version(&self) -> GroupVersion {
        GroupVersion::new(self.group.as_ref(), self.version.as_ref())
    }

    /// Group and kind.
    #[must_use]
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(self.group.as_ref(), self.kind.as_ref())
    }

    /// Group and plural.
    #[must_use]
    pub fn resource(&self) -> GroupResource {
        GroupResource::new(self.group.as_ref(), self.plural.as_ref())
    }
}

/// Whether objects live in namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// They do not.
    Cluster,
    /// They do.
    Namespaced,
}

/// The scopes as k8s-openapi marks types with them.
pub trait ScopeMarker {
    /// The scope that the marker stands for.
    const SCOPE: Scope;
}

impl ScopeMarker for ClusterResourceScope {
    const SCOPE: Scope = Scope::Cluster;
}

impl ScopeMarker for NamespaceResourceScope {
    const SCOPE: Scope = Scope::Namespaced;
}

/// What can be done to objects of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verbs {
    /// Everything.
    All,
    /// Everything but deleting many at once.
    AllButDeleteCollection,
    /// Only asking: a create answers, and nothing is stored.
    CreateOnly,
    /// Only looking; nobody makes such objects.
    ReadOnly,
}

impl Verbs {
    /// Their names, in alphabetical order.
    #[must_use]
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::All => &[
                "create",
                "delete",
                "deletecollection",
                "get",
                "list",
                "patch",
                "update",
                "watch",
            ],
            Self::AllButDeleteCollection => &[
                "create", "delete", "get", "list", "patch", "update", "watch",
            ],
            Self::CreateOnly => &["create"],
            Self::ReadOnly => &["get", "list"],
        }
    }

    /// Whether objects are kept.
    #[must_use]
    pub const fn keep(self) -> bool {
        match self {
            Self::All | Self::AllButDeleteCollection => true,
            Self::CreateOnly | Self::ReadOnly => false,
        }
    }

    /// Whether `verb` is one of them.
    #[must_use]
    pub fn allow(self, verb: &str) -> bool {
        self.names().contains(&verb)
    }
}

/// A field that field selectors know.
#[derive(Clone, Copy, Debug)]
pub struct SelectableField {
    /// What selectors call it.
    pub label: &'static str,
    /// Its value in one object; empty when it is not set.
    pub read: fn(&Object) -> String,
}

/// Where the scale subresource finds its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScalePaths {
    /// The number of replicas asked for.
    pub spec_replicas: &'static [&'static str],
    /// The number of replicas there are.
    pub status_replicas: &'static [&'static str],
    /// The selector: a map of labels, or a label selector.
    pub selector: &'static [&'static str],
}

/// The same for kinds whose paths are not known before they are defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scale {
    /// The number of replicas asked for.
    pub spec_replicas: Vec<String>,
    /// The number of replicas there are.
    pub status_replicas: Vec<String>,
    /// The selector: text, a map of labels, or a label selector; empty when there is none.
    pub selector: Vec<String>,
}

impl From<ScalePaths> for Scale {
    fn from(paths: ScalePaths) -> Self {
        let owned = |path: &[&str]| path.iter().map(|&name| name.to_owned()).collect();
        Self {
            spec_replicas: owned(paths.spec_replicas),
            status_replicas: owned(paths.status_replicas),
            selector: owned(paths.selector),
        }
    }
}

/// What a kind does to its objects, over trees.
///
/// The order on a write is: `prepare`, admission, `default` when admission changed something,
/// `validate`; on a write to the status subresource `default`, `prepare_status`, `validate_status`,
/// and likewise for other parts. `sign` follows whichever of them prepares.
/// All of them work on the kind's own form: what was stored goes through `restore` first.
pub trait Hooks: Send + Sync {
    /// Fills in what a user may leave out, and brings values into their canonical form.
    fn default(&self, object: &mut Object) -> Result<(), ShapeError>;

    /// For a write to the main resource: splits spec from status, does what `default` does, and sets
    /// what the kind decides.
    fn prepare(&self, object: &mut Object, old: Option<&Object>) -> Result<(), ShapeError>;

    /// For a write to the status subresource: everything but status and metadata comes from `old`.
    fn prepare_status(&self, object: &mut Object, old: &Object) -> Result<(), ShapeError>;

    /// For a write to whichever resource: notes who writes, and when, where the kind keeps that.
    fn sign(&self, object: &mut Object, old: Option<&Object>, author: &Author<'_>);

    /// For a deletion that begins: puts down what holds the object until it is seen to.
    fn deleting(&self, _object: &mut Object, _now: Timestamp) {}

    /// Reports everything that is wrong with the object, its metadata included.
    fn validate(
        &self,
        object: &Object,
        old: Option<&Object>,
        errors: &mut FieldErrors,
    ) -> Result<Vec<String>, ShapeError>;

    /// Reports everything that is wrong with a status, and with the metadata it came with.
    fn validate_status(
        &self,
        object: &Object,
        old: &Object,
        errors: &mut FieldErrors,
    ) -> Result<(), ShapeError>;

    /// For a write to another subresource that speaks whole objects: what it may not change comes
    /// from `old`.
    fn prepare_part(
        &self,
        part: Subresource,
        object: &mut Object,
        old: &Object,
    ) -> Result<(), ShapeError>;

    /// Reports everything that is wrong with an object that was written through `part`.
    fn validate_part(
        &self,
        part: Subresource,
        object: &Object,
        old: &Object,
        errors: &mut FieldErrors,
    ) -> Result<(), ShapeError>;

    /// The object's row in a table, without the object itself.
    fn row(&self, object: &Object, now: Timestamp) -> Result<Row, ShapeError>;

    /// The selectable fields beyond name and namespace, each with its value, which may be empty.
    fn fields(&self, object: &Object) -> BTreeMap<Cow<'static, str>, String>;

    /// What a legal name is.
    fn name_rule(&self) -> Rule;

    /// Adds the kind's schema, with its descriptions and all that it refers to, to what is
    /// published.
    fn publish(&self, generator: &mut schemars::SchemaGenerator);

    /// Whether objects take of `resource`, beside being counted.
    fn takes(&self, _resource: &str) -> bool {
        false
    }

    /// What the object takes at `now`, beside being counted.
    fn cost(&self, _object: &Object, _now: Timestamp) -> Result<Cost, ShapeError> {
        Ok(Cost::default())
    }

    /// The same of an object in its typed form; nothing of an object of another kind.
    fn cost_of(&self, _object: &dyn Any, _now: Timestamp) -> Option<Cost> {
        None
    }

    /// The form in which the object is stored; the same object for most kinds.
    fn to_storage(&self, object: Object) -> Object {
        object
    }

    /// The object that was stored in that form; the same object for most kinds.
    fn restore(&self, object: Object) -> Object {
        object
    }
}

/// A kind as the registry knows it.
#[derive(Clone)]
pub struct Descriptor {
    /// What it is called.
    pub names: Names,
    /// Whether its objects live in namespaces.
    pub scope: Scope,
    /// What can be done to them.
    pub verbs: Verbs,
    /// What lies below an object's path, in alphabetical order.
    pub subresources: Vec<Subresource>,
    /// The name of its schema, such as `io.k8s.api.apps.v1.Deployment`.
    pub definition: Cow<'static, str>,
    /// What tables show.
    pub columns: Vec<ColumnDefinition>,
    /// How writes are treated.
    pub rules: Rules,
    /// Under which resource it is stored: its own, except for kinds that share storage.
    pub storage: GroupResource,
    /// Whether it is stored in its own form, and not in that of another version or group.
    pub native: bool,
    /// A hash of the stored version, which discovery publishes; empty when nothing is stored.
    pub storage_version_hash: String,
    /// What field selectors know besides name and namespace.
    pub selectable: Vec<Cow<'static, str>>,
    /// Where the scale subresource finds its numbers, if there is one.
    pub scale: Option<Scale>,
    /// What its schema says of shapes: how bodies are read, and how they merge.
    pub schema: KindType,
    /// Whether the items of its lists say what they are, each by itself.
    pub whole_items: bool,
    /// Whether its objects can be patched with lists merged by key.
    pub merges_lists: bool,
    /// Whether clients can ask for it; a version that is only stored, they cannot.
    pub is_served: bool,
    /// What everybody is told who asks for its objects.
    pub remark: Option<String>,
    /// Whether it is about to go, with all its objects: nobody makes new ones.
    pub is_closing: bool,
    /// What its objects are completed by when they are stored; what was stored in another form is
    /// completed when it is read. Zero when nothing is ever added later.
    pub form: u64,
    /// Who converts objects that are stored in another version; where nobody does, versions differ
    /// in their names alone.
    pub converter: Option<Arc<Converter>>,
    /// What changes whenever the kind does: the revision of its definition. Zero for one that was
    /// always there.
    pub edition: u64,
    /// What this server does not do yet, where that leaves the objects without effect.
    pub unserved: Option<&'static str>,
    /// What the kind does to its objects.
    pub hooks: Arc<dyn Hooks>,
}

impl Descriptor {
    /// What whoever makes an object is told when nothing acts on its kind yet.
    #[must_use]
    pub fn idle(&self) -> Option<String> {
        let told = |act| idle::warning(act, &self.names.kind);
        self.unserved.map(told)
    }

    /// Whether `stored` is as it is to be shown, byte for byte.
    #[must_use]
    pub fn shows(&self, stored: &Encoded) -> bool {
        self.native && stored.summary().form == self.form
    }

    /// Whether objects of this kind take of `resource` in quotas.
    #[must_use]
    pub fn takes(&self, resource: &str) -> bool {
        self.counts().iter().any(|name| name == resource) || self.hooks.takes(resource)
    }

    /// What the object takes from quotas at `now`.
    pub fn cost(&self, object: &Object, now: Timestamp) -> Result<Cost, ShapeError> {
        Ok(self.with_counts(self.hooks.cost(object, now)?))
    }

    /// The same of an object in its typed form. Of one that is not, only that it is there counts: what
    /// more a kind takes can be told of whole objects only.
    #[must_use]
    pub fn cost_of(&self, object: &dyn Any, now: Timestamp) -> Cost {
        let cost = self.hooks.cost_of(object, now).unwrap_or_default();
        self.with_counts(cost)
    }

    fn with_counts(&self, cost: Cost) -> Cost {
        let names = self.counts().into_iter();
        names.fold(cost, |cost, name| cost.and(name, Quantity::units(1)))
    }

    /// The names under which quotas count the objects.
    fn counts(&self) -> Vec<String> {
        let general = || format!("count/{}", self.names.resource());
        match self.rules.counted {
            Counted::Never => Vec::new(),
            Counted::InGeneral => vec![general()],
            Counted::ByPlural => vec![general(), self.names.plural.to_string()],
        }
    }
}

impl fmt::Debug for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Descriptor")
            .field("names", &self.names)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
