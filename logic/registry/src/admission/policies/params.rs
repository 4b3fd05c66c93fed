//! The parameters that a policy judges with: objects that its binding names or selects.

use gantry_api::views::meta;
use gantry_api::{Object, ObjectKey};
use gantry_kinds::{Descriptor, Scope};
use gantry_store::Stored;
use k8s_openapi::api::admissionregistration::v1::{
    ParamKind, ParamRef, ValidatingAdmissionPolicyBindingSpec, ValidatingAdmissionPolicySpec,
};
use serde_json::Value;

use crate::call::Call;

/// All parameters that the policy has to judge with, each by itself; null where it takes none.
pub(super) fn find(
    call: &mut Call<'_>,
    policy: &ValidatingAdmissionPolicySpec,
    binding: &ValidatingAdmissionPolicyBindingSpec,
) -> Result<Vec<Value>, String> {
    let (Some(kind), Some(reference)) = (&policy.param_kind, &binding.param_ref) else {
        return Ok(vec![Value::Null]);
    };
    let kind = known(call, kind)?;
    let namespace = namespace(call, kind, reference)?;
    let found = match reference.name.as_deref() {
        Some(name) if !name.is_empty() => named(call, kind, &namespace, name),
        _ => selected(call, kind, &namespace, reference)?,
    };
    let found = found.iter().map(|stored| {
        let read = call.read_as(kind, stored).map(Object::into_value);
        read.map_err(|rejection| rejection.to_string())
    });
    let found: Vec<Value> = found.collect::<Result<_, _>>()?;
    let must_exist = reference.parameter_not_found_action.as_deref() == Some("Deny");
    if found.is_empty() && must_exist {
        return Err(
            "no params found for policy binding with `Deny` parameterNotFoundAction".to_owned(),
        );
    }
    Ok(found)
}

fn known<'k>(call: &Call<'k>, wanted: &ParamKind) -> Result<&'k Descriptor, String> {
    let version = wanted.api_version.as_deref().unwrap_or("");
    let kind = wanted.kind.as_deref().unwrap_or("");
    let registry = call.registry;
    let mut kinds = registry.kinds().iter().map(|own| -> &Descriptor { own });
    let found = kinds
        .find(|own| own.names.kind == kind && own.names.group_version().to_string() == version);
    found.ok_or_else(|| format!("paramKind kind `{version}, Kind={kind}` not known"))
}

fn namespace(call: &Call<'_>, kind: &Descriptor, reference: &ParamRef) -> Result<String, String> {
    let given = reference.namespace.as_deref().unwrap_or("");
    match (kind.scope, given, call.request.namespace()) {
        (Scope::Cluster, "", _) => Ok(String::new()),
        (Scope::Cluster, _, _) => Err(
            "paramRef.namespace must not be provided for a cluster-scoped `paramKind`".to_owned(),
        ),
        (Scope::Namespaced, "", "") => Err(
            "cannot use namespaced paramRef in policy binding that matches cluster-scoped \
             resources"
                .to_owned(),
        ),
        (Scope::Namespaced, "", own) => Ok(own.to_owned()),
        (Scope::Namespaced, given, _) => Ok(given.to_owned()),
    }
}

fn named(call: &Call<'_>, kind: &Descriptor, namespace: &str, name: &str) -> Vec<Stored> {
    let key = ObjectKey::new(kind.storage.clone(), namespace, name);
    call.find(&key).cloned().into_iter().collect()
}

fn selected(
    call: &Call<'_>,
    kind: &Descriptor,
    namespace: &str,
    reference: &ParamRef,
) -> Result<Vec<Stored>, String> {
    let Some(selector) = &reference.selector else {
        return Err("one of name or selector must be provided".to_owned());
    };
    let selector = meta::selector(selector);
    let within = (kind.scope == Scope::Namespaced).then_some(namespace);
    let prefix = ObjectKey::prefix(&kind.storage, within);
    let all = call.snapshot.range(&prefix, None);
    let chosen = all.filter(|(_, stored)| selector.matches(&stored.value.summary().labels));
    Ok(chosen.map(|(_, stored)| stored.clone()).collect())
}
