//! The trait that a built-in kind implements, over the typed form of its objects.
//!
//! Every hook is a pure function of its arguments. What kinds share (identity, revisions, deletion,
//! the split of spec and status) is not here: the registry and [`fn@crate::describe`] do it once.

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_api::table::RowCondition;
use gantry_base::Timestamp;
use gantry_base::name::{self, Rule};
use k8s_openapi::Resource;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::author::Author;
use crate::column::Column;
use crate::cost::Cost;
use crate::descriptor::{ScalePaths, ScopeMarker, SelectableField, Verbs};
use crate::rules::Rules;
use crate::subresource::Subresource;

/// A typed object that a kind can be described from.
pub trait Typed:
    Resource<Scope: ScopeMarker> + DeserializeOwned + Serialize + JsonSchema + 'static
{
}

impl<T> Typed for T where
    T: Resource<Scope: ScopeMarker> + DeserializeOwned + Serialize + JsonSchema + 'static
{
}

/// What is particular to one kind of object.
pub trait Kind: 'static {
    /// The typed view that the hooks work on; names and scope come from it.
    type Object: Typed;

    /// Short names that users may type, such as `deploy`.
    const SHORT: &'static [&'static str] = &[];
    /// Groups of kinds that are listed together, such as `all`.
    const CATEGORIES: &'static [&'static str] = &[];
    /// What can be done to objects of this kind.
    const VERBS: Verbs = Verbs::All;
    /// What lies below an object's path.
    const SUBRESOURCES: &'static [Subresource] = &[];
    /// What tables show.
    const COLUMNS: &'static [Column<Self::Object>];
    /// How writes are treated.
    const RULES: Rules = Rules::new();
    /// What field selectors know besides name and namespace.
    const FIELDS: &'static [SelectableField] = &[];
    /// Where the scale subresource finds its numbers.
    const SCALE: Option<ScalePaths> = None;
    /// Fields that hold whatever a user wants and are never tidied: paths with dots, which lead
    /// through lists as if these were not there.
    const OPAQUE: &'static [&'static str] = &[];
    /// What a legal name is.
    const NAME: Rule = name::dns_subdomain;
    /// What this server does not do yet, where that leaves objects of this kind without effect.
    const UNSERVED: Option<&'static str> = None;

    /// Fills in what a user may leave out.
    fn default(_object: &mut Self::Object) {}

    /// Sets what this kind decides itself on a create or an update of the main resource. The split
    /// of spec and status has been done already.
    fn prepare(_object: &mut Self::Object, _old: Option<&Self::Object>) {}

    /// Keeps parts of a status, or of the metadata beside it, that its writer may not change. All
    /// but status and metadata has been taken from `old` already.
    fn prepare_status(_object: &mut Object, _old: &Object) {}

    /// Notes who writes the object, and when, where the kind keeps that. `old` is what it replaces,
    /// through whichever resource it is written.
    fn sign(_object: &mut Object, _old: Option<&Object>, _author: &Author<'_>) {}

    /// Puts down what holds an object whose deletion begins, until that is seen to.
    fn deleting(_object: &mut Object, _now: Timestamp) {}

    /// Reports everything that is wrong, not only the first thing. Metadata is checked elsewhere.
    fn validate(_object: &Self::Object, _old: Option<&Self::Object>, _errors: &mut FieldErrors) {}

    /// Reports what is wrong with a status that was written through the subresource.
    fn validate_status(_object: &Self::Object, _old: &Self::Object, _errors: &mut FieldErrors) {}

    /// Keeps what a write to `part` may not change: a subresource, other than the status, that
    /// speaks whole objects.
    fn prepare_part(_part: Subresource, _object: &mut Self::Object, _old: &Self::Object) {}

    /// Reports what is wrong with an object that was written through `part`.
    fn validate_part(
        _part: Subresource,
        _object: &Self::Object,
        _old: &Self::Object,
        _errors: &mut FieldErrors,
    ) {
    }

    /// What the writer should know although nothing is wrong.
    fn warnings(_object: &Self::Object, _old: Option<&Self::Object>) -> Vec<String> {
        Vec::new()
    }

    /// What is to be said of the object's row as a whole.
    fn row_conditions(_object: &Self::Object) -> Vec<RowCondition> {
        Vec::new()
    }

    /// Whether objects take of `resource`, beside being counted.
    fn takes(_resource: &str) -> bool {
        false
    }

    /// What the object takes from the quotas of its namespace, beside being counted.
    fn cost(_object: &Self::Object, _now: Timestamp) -> Cost {
        Cost::default()
    }

    /// The form in which the object is stored, when that is another version or group.
    fn to_storage(object: Object) -> Object {
        object
    }

    /// The object of this kind that was stored in the form of another version or group.
    fn restore(object: Object) -> Object {
        object
    }
}
