//! Nobody gives away permissions that they do not hold themselves.

use k8s_openapi::api::rbac::v1::{PolicyRule, RoleRef};

use gantry_access::escalation;
use gantry_access::{Attributes, attributes::ResourceTarget, attributes::Target};
use gantry_api::{Object, Rejection};

use crate::admission::Admission;
use crate::call::Call;

const GROUP: &str = "rbac.authorization.k8s.io";

pub(super) struct RbacEscalation;

impl Admission for RbacEscalation {
    fn validate(
        &self,
        call: &mut Call<'_>,
        object: &Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        let names = &call.kind.names;
        if names.group != GROUP {
            return Ok(());
        }
        let is_same = |path: &[&str]| old.is_some_and(|old| old.at(path) == object.at(path));
        match names.plural.as_ref() {
            "roles" | "clusterroles" if !is_same(&["rules"]) => role(call, object),
            "rolebindings" | "clusterrolebindings"
                if !is_same(&["roleRef"]) || !is_same(&["subjects"]) =>
            {
                binding(call, object)
            }
            _ => Ok(()),
        }
    }
}

fn role(call: &Call<'_>, object: &Object) -> Result<(), Rejection> {
    let rules = object.at(&["rules"]).cloned().unwrap_or_default();
    let rules: Vec<PolicyRule> = serde_json::from_value(rules).unwrap_or_default();
    let plural = call.kind.names.plural.as_ref();
    judge(call, object, ("escalate", plural, object.name()), &rules)
}

fn binding(call: &Call<'_>, object: &Object) -> Result<(), Rejection> {
    let reference = object.at(&["roleRef"]).cloned().unwrap_or_default();
    let Ok(reference) = serde_json::from_value::<RoleRef>(reference) else {
        return Ok(());
    };
    let plural = if reference.kind == "Role" {
        "roles"
    } else {
        "clusterroles"
    };
    let rules = call.access.rules_of(&reference, object.namespace());
    let Some(rules) = rules else {
        // A role that is not there may turn out to be anything: only who may bind it may name it.
        let target = ResourceTarget {
            group: GROUP,
            resource: plural,
            namespace: object.namespace(),
            name: &reference.name,
            ..ResourceTarget::default()
        };
        if call.may("bind", target).is_allowed()
            || call.request.caller.is_in(gantry_api::caller::MASTERS)
        {
            return Ok(());
        }
        let resource = gantry_api::GroupResource::new(GROUP, plural);
        return Err(Rejection::not_found(resource, &reference.name));
    };
    judge(call, object, ("bind", plural, &reference.name), &rules)
}

/// Refuses to give away `rules` unless the caller holds them, or has the verb that waives this.
fn judge(
    call: &Call<'_>,
    object: &Object,
    (verb, resource, name): (&str, &str, &str),
    rules: &[PolicyRule],
) -> Result<(), Rejection> {
    let attributes = Attributes {
        caller: &call.request.caller,
        verb,
        target: Target::Resource(ResourceTarget {
            group: GROUP,
            resource,
            namespace: object.namespace(),
            name,
            ..ResourceTarget::default()
        }),
    };
    escalation::check(call.access, call.snapshot, &attributes, rules)
        .map_err(|why| Rejection::forbidden(call.resource(), object.name(), why))
}
