//! What the cluster adds to objects and refuses of them, beyond what their kinds say.
//!
//! One file per step. A step sees every write and picks what concerns it; nothing else knows
//! which kinds that is.

mod certificate_signers;
mod claim_resize;
mod default_class;
mod default_ingress_class;
mod default_storage_class;
mod default_tolerations;
mod limit_ranger;
pub(crate) mod matching;
mod namespace_lifecycle;
mod node_restriction;
mod node_taints;
pub(crate) mod pod_security;
pub(crate) mod policies;
mod priority;
mod rbac_escalation;
mod resource_quota;
mod runtime_class;
pub(crate) mod scene;
mod service_account;
mod service_addresses;
mod service_ports;
mod storage_protection;
mod webhooks;

use gantry_api::caller::MASTERS;
use gantry_api::{Object, Rejection};

use crate::call::Call;

/// A step of admission. Each question has an answer that suits most steps: nothing to do.
pub(crate) trait Admission: Sync {
    /// The name under which operators know the step and may disable it; nothing where the server
    /// could not do without.
    fn plugin(&self) -> Option<&'static str> {
        None
    }

    /// Adds to an object that is about to be written in the place of `old`. What is added is
    /// complete: nothing is filled in afterwards.
    fn mutate(
        &self,
        _call: &mut Call<'_>,
        _object: &mut Object,
        _old: Option<&Object>,
    ) -> Result<(), Rejection> {
        Ok(())
    }

    /// Refuses an object that is about to be written in the place of `old`, or remarks on it.
    fn validate(
        &self,
        _call: &mut Call<'_>,
        _object: &Object,
        _old: Option<&Object>,
    ) -> Result<(), Rejection> {
        Ok(())
    }

    /// Takes what an object costs that nothing else stands against.
    fn charge(
        &self,
        _call: &mut Call<'_>,
        _object: &Object,
        _old: Option<&Object>,
    ) -> Result<(), Rejection> {
        Ok(())
    }

    /// Refuses the deletion of an object.
    fn deleting(&self, _call: &Call<'_>, _object: &Object) -> Result<(), Rejection> {
        Ok(())
    }

    /// Gives back what an object held that is about to be gone.
    fn removed(&self, _call: &mut Call<'_>, _object: &Object) -> Result<(), Rejection> {
        Ok(())
    }
}

/// The names under which operators know who is asked outside of the server, and its policies.
const MUTATING_WEBHOOKS: &str = "MutatingAdmissionWebhook";
const POLICIES: &str = "ValidatingAdmissionPolicy";
const VALIDATING_WEBHOOKS: &str = "ValidatingAdmissionWebhook";

/// As whom the server makes what must be there before it serves.
const SERVER: &str = "system:apiserver";

/// All steps, in the order in which they are asked. Lifecycle comes first, since nothing else
/// matters in a namespace that is not there; identity before what depends on it. Who is asked outside
/// of the server comes after all of them.
const ORDER: &[&dyn Admission] = &[
    &namespace_lifecycle::NamespaceLifecycle,
    &node_restriction::NodeRestriction,
    &limit_ranger::LimitRanger,
    &service_account::ServiceAccount,
    &node_taints::NodeTaints,
    &pod_security::PodSecurity,
    &priority::Priority,
    &default_tolerations::DefaultTolerations,
    &default_storage_class::DefaultStorageClass,
    &storage_protection::StorageProtection,
    &claim_resize::ClaimResize,
    &runtime_class::RuntimeClass,
    &certificate_signers::CertificateSigners,
    &default_ingress_class::DefaultIngressClass,
    &rbac_escalation::RbacEscalation,
];

/// The steps after everybody was asked, when it is certain what is written: addresses and quotas.
const LAST: &[&dyn Admission] = &[
    &service_addresses::ServiceAddresses,
    &service_ports::ServicePorts,
    &resource_quota::ResourceQuota,
];

/// The steps that operators may disable.
pub(crate) fn plugins() -> impl Iterator<Item = &'static str> {
    let all = ORDER.iter().chain(LAST);
    all.filter_map(|step| step.plugin())
        .chain([MUTATING_WEBHOOKS, POLICIES, VALIDATING_WEBHOOKS])
}

/// Those of the steps in `list` that this server takes.
fn taken(
    call: &Call<'_>,
    list: &'static [&'static dyn Admission],
) -> impl Iterator<Item = &'static dyn Admission> + use<> {
    // Empty unless an operator chose otherwise, and then small.
    let disabled = call.registry.settings().admission.disabled.clone();
    let steps = list.iter().copied();
    steps.filter(move |step| step.plugin().is_none_or(|name| !disabled.contains(name)))
}

/// All steps that this server takes.
fn steps(call: &Call<'_>) -> impl Iterator<Item = &'static dyn Admission> + use<> {
    taken(call, ORDER).chain(taken(call, LAST))
}

/// Whether the server asks webhooks of a kind, or policies. Nobody is asked about what the server itself makes
/// before it serves: whoever could answer may live in what it makes. Nor about what root repairs:
/// whoever could answer may be what is broken.
fn asks(call: &Call<'_>, plugin: &str) -> bool {
    let disabled = &call.registry.settings().admission.disabled;
    let caller = &call.request.caller;
    let is_server = caller.user == SERVER && caller.is_in(MASTERS);
    !disabled.contains(plugin) && !is_server && !call.request.is_repair
}

/// Lets every step add to the object, and everybody who is asked. Where they did, the steps look at
/// the object again, and so does who asked for that.
pub(crate) fn mutate(
    call: &mut Call<'_>,
    object: &mut Object,
    old: Option<&Object>,
) -> Result<(), Rejection> {
    let also = call.also.clone();
    taken(call, ORDER).try_for_each(|step| step.mutate(call, object, old))?;
    if asks(call, MUTATING_WEBHOOKS) {
        let changes = webhooks::mutate(call, object, old)?;
        if changes.any {
            // What the steps decided to write beside the object they decide anew.
            call.also = also;
            let before = object.clone();
            taken(call, ORDER).try_for_each(|step| step.mutate(call, object, old))?;
            let is_other = *object != before;
            webhooks::mutate_again(call, object, old, (changes, is_other))?;
        }
    }
    taken(call, LAST).try_for_each(|step| step.mutate(call, object, old))
}

/// Lets every step refuse the object as it is going to be written, and everybody who is asked.
pub(crate) fn validate(
    call: &mut Call<'_>,
    object: &Object,
    old: Option<&Object>,
) -> Result<(), Rejection> {
    steps(call).try_for_each(|step| step.validate(call, object, old))?;
    if asks(call, POLICIES) {
        policies::validate(call, object, old)?;
    }
    if asks(call, VALIDATING_WEBHOOKS) {
        webhooks::validate(call, object, old)?;
    }
    Ok(())
}

/// Lets every step take what the object costs.
pub(crate) fn charge(
    call: &mut Call<'_>,
    object: &Object,
    old: Option<&Object>,
) -> Result<(), Rejection> {
    steps(call).try_for_each(|step| step.charge(call, object, old))
}

/// Lets every step refuse the deletion, and everybody who is asked.
pub(crate) fn deleting(call: &mut Call<'_>, object: &Object) -> Result<(), Rejection> {
    steps(call).try_for_each(|step| step.deleting(call, object))?;
    if asks(call, MUTATING_WEBHOOKS) {
        webhooks::deleting_by_changers(call, object)?;
    }
    if asks(call, POLICIES) {
        policies::deleting(call, object)?;
    }
    if asks(call, VALIDATING_WEBHOOKS) {
        webhooks::deleting(call, object)?;
    }
    Ok(())
}

/// Lets every step give back what the object held.
pub(crate) fn removed(call: &mut Call<'_>, object: &Object) -> Result<(), Rejection> {
    steps(call).try_for_each(|step| step.removed(call, object))
}

/// Whether the call writes to the main resource `plural` of `group`.
fn is_on(call: &Call<'_>, group: &str, plural: &str) -> bool {
    let names = &call.kind.names;
    call.request.subresource.is_none() && names.group == group && names.plural == plural
}
