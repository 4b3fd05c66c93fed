//! The kinds that users define, as far as a view shows their definitions.
//!
//! Of their objects only outlines are kept: nobody here knows more about them.

use std::sync::Arc;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

use gantry_api::key::{GroupKind, GroupResource};

use crate::view::View;

/// A kind that a user defined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Defined {
    /// Its name in paths.
    pub resource: GroupResource,
    /// What its objects say they are.
    pub kind: GroupKind,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
}

/// All kinds whose definitions are established.
pub fn defined(view: &View) -> impl Iterator<Item = Defined> + '_ {
    let definitions = view.all::<CustomResourceDefinition>();
    definitions.filter_map(|definition| established(&definition))
}

impl View {
    /// Whether a definition is not as it is in an earlier view.
    #[must_use]
    pub fn defines_other_than(&self, earlier: &Self) -> bool {
        let differences = self.differences::<CustomResourceDefinition>(earlier);
        !differences.is_empty()
    }
}

fn established(definition: &Arc<CustomResourceDefinition>) -> Option<Defined> {
    let (spec, status) = (&definition.spec, definition.status.as_ref()?);
    let mut conditions = status.conditions.iter().flatten();
    let is_it = |about: &str, status: &str| about == "Established" && status == "True";
    conditions.find(|own| is_it(&own.type_, &own.status))?;
    let names = status.accepted_names.as_ref()?;
    Some(Defined {
        resource: GroupResource::new(spec.group.as_str(), names.plural.as_str()),
        kind: GroupKind::new(spec.group.as_str(), names.kind.as_str()),
        namespaced: spec.scope == "Namespaced",
    })
}
