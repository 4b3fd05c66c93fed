//! The policies and their bindings, compiled once per change of theirs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use gantry_api::{GroupResource, Object, ObjectKey, Revision};
use gantry_kinds::admissionregistration::programs::Programs;
use gantry_store::Snapshot;
use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBindingSpec, ValidatingAdmissionPolicySpec,
};
use k8s_openapi::serde::de::DeserializeOwned;

use crate::admission::scene::Sight;

const GROUP: &str = "admissionregistration.k8s.io";
const POLICIES: &str = "validatingadmissionpolicies";
const BINDINGS: &str = "validatingadmissionpolicybindings";

/// A policy with those of its bindings that let it judge anything.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) name: String,
    pub(crate) spec: ValidatingAdmissionPolicySpec,
    pub(crate) programs: Programs,
    /// What its expressions can look at.
    pub(crate) sight: Sight,
    pub(crate) bound: Vec<Arc<Bound>>,
}

/// A binding of a policy.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) name: String,
    pub(crate) spec: ValidatingAdmissionPolicyBindingSpec,
}

impl Policy {
    /// Whether a failure of the policy counts as an objection.
    pub(crate) fn fails_closed(&self) -> bool {
        self.spec.failure_policy.as_deref() != Some("Ignore")
    }
}

impl Bound {
    /// Whether this is what becomes of objections.
    pub(crate) fn acts(&self, action: &str) -> bool {
        let actions = self.spec.validation_actions.iter().flatten();
        actions.into_iter().any(|own| own == action)
    }
}

/// The policies as they were compiled last.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    /// Replaced as a whole when the policies changed; nothing else happens under the lock but
    /// compiling, which several requests would otherwise do at the same time.
    compiled: Mutex<Option<(Print, Arc<[Policy]>)>>,
}

/// What changes whenever a policy or a binding is written or removed: how many there are of each,
/// and the newest.
type Print = [(usize, Revision); 2];

impl Policies {
    /// The policies in `snapshot` that are bound, by name.
    pub(crate) fn of(&self, snapshot: &Snapshot) -> Arc<[Policy]> {
        let print = [POLICIES, BINDINGS].map(|plural| print(snapshot, plural));
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, policies)) = &*compiled
            && *known == print
        {
            return Arc::clone(policies);
        }
        let policies = compile(snapshot);
        *compiled = Some((print, Arc::clone(&policies)));
        policies
    }
}

fn prefix(plural: &str) -> String {
    ObjectKey::prefix(&GroupResource::new(GROUP, plural), None)
}

fn print(snapshot: &Snapshot, plural: &str) -> (usize, Revision) {
    let prefix = prefix(plural);
    let all = snapshot.range(&prefix, None);
    all.fold((0, Revision::default()), |(count, newest), (_, stored)| {
        (count + 1, newest.max(stored.modified))
    })
}

fn compile(snapshot: &Snapshot) -> Arc<[Policy]> {
    let mut bound: BTreeMap<String, Vec<Arc<Bound>>> = BTreeMap::new();
    for (name, own) in read::<ValidatingAdmissionPolicyBinding>(snapshot, BINDINGS) {
        let Some(spec) = own.spec else { continue };
        let policy = spec.policy_name.clone().unwrap_or_default();
        let own = Arc::new(Bound { name, spec });
        bound.entry(policy).or_default().push(own);
    }
    let mut policies = Vec::new();
    for (name, own) in read::<ValidatingAdmissionPolicy>(snapshot, POLICIES) {
        // A policy without a binding judges nothing, and costs nothing.
        if let (Some(spec), Some(bound)) = (own.spec, bound.remove(&name)) {
            policies.push(Policy {
                programs: Programs::compile(&spec),
                sight: Sight::of(expressions(&spec)),
                name,
                spec,
                bound,
            });
        }
    }
    policies.into()
}

/// Every expression of a policy.
fn expressions(spec: &ValidatingAdmissionPolicySpec) -> impl Iterator<Item = &str> {
    let conditions = spec.match_conditions.iter().flatten();
    let variables = spec.variables.iter().flatten();
    let validations = spec.validations.iter().flatten();
    let notes = spec.audit_annotations.iter().flatten();
    let judging = validations.flat_map(|own| {
        let message = own.message_expression.as_deref();
        [Some(own.expression.as_str()), message]
    });
    conditions
        .map(|own| own.expression.as_str())
        .chain(variables.map(|own| own.expression.as_str()))
        .chain(judging.flatten())
        .chain(notes.map(|own| own.value_expression.as_str()))
}

/// All objects of a resource with their names. They were checked when they were written.
fn read<T: DeserializeOwned>(
    snapshot: &Snapshot,
    plural: &str,
) -> impl Iterator<Item = (String, T)> {
    let all: Vec<Object> = snapshot
        .range(&prefix(plural), None)
        .map(|(_, stored)| stored.value.object(stored.modified))
        .collect();
    all.into_iter().filter_map(|object| {
        let name = object.name().to_owned();
        Some((name, object.to_typed().ok()?))
    })
}
