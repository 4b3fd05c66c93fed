//! What an object takes from the quotas of its namespace.

use std::collections::{BTreeMap, BTreeSet};

use gantry_base::Quantity;

/// Whether quotas count the objects of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Under a name that every kind has, such as `count/deployments.apps`.
    InGeneral,
    /// Also under the plural alone.
    ByPlural,
    /// Not at all.
    Never,
}

/// What one object takes, and which quotas mean it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// How much, by the names that quotas use.
    pub amounts: BTreeMap<String, Quantity>,
    /// The scopes that objects of this kind can be in. Those that this one is in have a value, such
    /// as the name of a class, or an empty one.
    pub scopes: BTreeMap<&'static str, Option<String>>,
    /// What the object does not say although a quota of that resource would have to know, and which
    /// of its parts do not.
    pub unsaid: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Cost {
    /// The object takes one of `resource`.
    #[must_use]
    pub fn one(resource: impl Into<String>) -> Self {
        Self::default().and(resource, Quantity::units(1))
    }

    /// It also takes so much of `resource`.
    #[must_use]
    pub fn and(mut self, resource: impl Into<String>, amount: Quantity) -> Self {
        let known = self.amounts.entry(resource.into()).or_default();
        *known = *known + amount;
        self
    }

    /// Whether a quota of `scopes` means the object.
    #[must_use]
    pub fn is_meant<'a>(&self, scopes: impl IntoIterator<Item = Requirement<'a>>) -> bool {
        scopes.into_iter().all(|wanted| self.is_in(&wanted))
    }

    fn is_in(&self, wanted: &Requirement<'_>) -> bool {
        let Some(own) = self.scopes.get(wanted.scope) else {
            return false;
        };
        let is_named = own.as_ref().is_some_and(|own| wanted.values.contains(own));
        match wanted.operator {
            "DoesNotExist" => own.is_none(),
            "In" => is_named,
            "NotIn" => !is_named,
            _ => own.is_some(),
        }
    }
}

/// What a quota says of one scope.
#[derive(Clone, Copy, Debug)]
pub struct Requirement<'a> {
    /// The scope.
    pub scope: &'a str,
    /// `Exists`, `DoesNotExist`, `In` or `NotIn`.
    pub operator: &'a str,
    /// The values that are meant.
    pub values: &'a [String],
}

/// What a quota says of scopes, in both of its forms.
pub fn requirements(
    quota: &k8s_openapi::api::core::v1::ResourceQuotaSpec,
) -> impl Iterator<Item = Requirement<'_>> {
    let plain = quota.scopes.iter().flatten().map(|scope| Requirement {
        scope,
        operator: "Exists",
        values: &[],
    });
    let selector = quota.scope_selector.iter();
    let selected = selector.flat_map(|selector| selector.match_expressions.iter().flatten());
    plain.chain(selected.map(|wanted| Requirement {
        scope: &wanted.scope_name,
        operator: &wanted.operator,
        values: wanted.values.as_deref().unwrap_or(&[]),
    }))
}
