//! The question "may this caller do that?", asked of everyone who may say yes.

use k8s_openapi::api::rbac::v1::{PolicyRule, RoleRef};

use gantry_api::Caller;
use gantry_api::caller::MASTERS;
use gantry_store::{Key, Snapshot};

use crate::attributes::Attributes;
use crate::node;
use crate::rbac::Rbac;

/// An answer, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes; the text names the rule that says so.
    Allow(String),
    /// No; the text names what was missing.
    Deny(String),
}

impl Decision {
    /// Whether the answer is yes.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow(_))
    }

    /// The reason.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Allow(reason) | Self::Deny(reason) => reason,
        }
    }
}

/// All permissions at one revision, in a form that is quick to ask.
#[derive(Clone, Debug, Default)]
pub struct Access {
    rbac: Rbac,
}

impl Access {
    /// The permissions that `snapshot` holds.
    #[must_use]
    pub fn compile(snapshot: &Snapshot) -> Self {
        Self {
            rbac: Rbac::compile(snapshot),
        }
    }

    /// Whether a change of what stands at `key` may change the permissions.
    #[must_use]
    pub fn depends_on(key: &Key) -> bool {
        Rbac::depends_on(key)
    }

    /// Whether the caller may do this, and which rule says so.
    #[must_use]
    pub fn authorize(&self, attributes: &Attributes<'_>, snapshot: &Snapshot) -> Decision {
        if attributes.caller.is_in(MASTERS) {
            return Decision::Allow(format!("group {MASTERS:?} may do everything"));
        }
        if let Some(name) = node::name(attributes.caller)
            && let Some(decision) = node::authorize(name, attributes, snapshot)
        {
            return decision;
        }
        self.rbac.authorize(attributes)
    }

    /// All rules that hold for a caller in a namespace, or in the whole cluster when it is empty.
    #[must_use]
    pub fn rules_for(&self, caller: &Caller, namespace: &str) -> Vec<PolicyRule> {
        self.rbac.rules_for(caller, namespace)
    }

    /// The rules of the role that a binding in `namespace` refers to, if there is that role.
    #[must_use]
    pub fn rules_of(&self, reference: &RoleRef, namespace: &str) -> Option<Vec<PolicyRule>> {
        self.rbac.rules_of(reference, namespace)
    }
}
