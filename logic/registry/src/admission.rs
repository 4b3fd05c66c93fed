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
mod namespace_lifecycle;
mod node_restriction;
mod node_taints;
pub(crate) mod pod_security;
mod priority;
mod rbac_escalation;
mod resource_quota;
mod runtime_class;
mod service_account;
mod service_addresses;
mod service_ports;
mod storage_protection;

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

/// All steps, in the order in which they are asked. Lifecycle comes first, since nothing else
/// matters in a namespace that is not there; identity before what depends on it; addresses and
/// quotas last, when it is certain what is asked for.
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
    &service_addresses::ServiceAddresses,
    &service_ports::ServicePorts,
    &resource_quota::ResourceQuota,
];

/// The steps that operators may disable.
pub(crate) fn plugins() -> impl Iterator<Item = &'static str> {
    ORDER.iter().filter_map(|step| step.plugin())
}

/// The steps that this server takes.
fn steps(call: &Call<'_>) -> impl Iterator<Item = &'static dyn Admission> + use<> {
    // Empty unless an operator chose otherwise, and then small.
    let disabled = call.registry.settings().admission.disabled.clone();
    ORDER
        .iter()
        .copied()
        .filter(move |step| step.plugin().is_none_or(|name| !disabled.contains(name)))
}

/// Lets every step add to the object.
pub(crate) fn mutate(
    call: &mut Call<'_>,
    object: &mut Object,
    old: Option<&Object>,
) -> Result<(), Rejection> {
    steps(call).try_for_each(|step| step.mutate(call, object, old))
}

/// Lets every step refuse the object as it is going to be written.
pub(crate) fn validate(
    call: &mut Call<'_>,
    object: &Object,
    old: Option<&Object>,
) -> Result<(), Rejection> {
    steps(call).try_for_each(|step| step.validate(call, object, old))
}

/// Lets every step take what the object costs.
pub(crate) fn charge(
    call: &mut Call<'_>,
    object: &Object,
    old: Option<&Object>,
) -> Result<(), Rejection> {
    steps(call).try_for_each(|step| step.charge(call, object, old))
}

/// Lets every step refuse the deletion.
pub(crate) fn deleting(call: &Call<'_>, object: &Object) -> Result<(), Rejection> {
    steps(call).try_for_each(|step| step.deleting(call, object))
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
