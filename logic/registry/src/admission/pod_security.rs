//! Pods are as harmless as their namespace wants them: what it enforces is refused, what it warns
//! of is told to whoever writes a pod or something that makes pods.
//!
//! Nothing is made harmless here: pods stay as they were sent. A namespace whose labels cannot be
//! understood enforces everything.

mod baseline;
mod checks;
mod configuration;
mod existing;
pub mod policy;
mod restricted;
mod subject;
#[cfg(test)]
mod tests;

use gantry_api::field_error::FieldErrors;
use gantry_api::{GroupResource, Object, ObjectKey, Rejection};
use gantry_base::selector::Labels;
use serde_json::Value;

use crate::admission::Admission;
use crate::call::Call;
use crate::validate;

use checks::Violations;
use policy::{Exemptions, Level, Policy, Standard};
use subject::Subject;

/// Parts of pods through which nothing comes in that runs.
const HARMLESS_PARTS: [&str; 8] = [
    "attach",
    "binding",
    "eviction",
    "exec",
    "log",
    "portforward",
    "proxy",
    "status",
];

/// What makes pods, and where its template is.
const TEMPLATES: &[(&str, &str, &[&str])] = &[
    ("", "podtemplates", &["template"]),
    ("", "replicationcontrollers", &["spec", "template"]),
    ("apps", "daemonsets", &["spec", "template"]),
    ("apps", "deployments", &["spec", "template"]),
    ("apps", "replicasets", &["spec", "template"]),
    ("apps", "statefulsets", &["spec", "template"]),
    (
        "batch",
        "cronjobs",
        &["spec", "jobTemplate", "spec", "template"],
    ),
    ("batch", "jobs", &["spec", "template"]),
];

pub(super) struct PodSecurity;

/// Under which names it is noted what was wanted of a pod, and what it would have violated.
const ENFORCED: &str = "pod-security.kubernetes.io/enforce-policy";
const VIOLATED: &str = "pod-security.kubernetes.io/audit-violations";

impl Admission for PodSecurity {
    fn plugin(&self) -> Option<&'static str> {
        Some("PodSecurity")
    }

    fn validate(
        &self,
        call: &mut Call<'_>,
        object: &Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        let part = call.request.subresource.as_deref();
        let names = &call.kind.names;
        let resource = (&*names.group, &*names.plural);
        match (resource, part) {
            (("", "pods"), part) => {
                if part.is_some_and(|part| HARMLESS_PARTS.contains(&part)) {
                    return Ok(());
                }
                pod(call, object, old)
            }
            (_, Some(_)) => Ok(()),
            (("", "namespaces"), None) => namespace(call, object, old),
            (resource, None) => {
                let known = TEMPLATES
                    .iter()
                    .find(|(group, plural, _)| (*group, *plural) == resource);
                if let Some(template) = known.and_then(|(.., path)| object.at(path)) {
                    warn_of_template(call, template);
                }
                Ok(())
            }
        }
    }
}

/// Refuses a pod that its namespace does not want, and warns of one that it would rather not have.
fn pod(call: &mut Call<'_>, object: &Object, old: Option<&Object>) -> Result<(), Rejection> {
    let Some(policy) = policy_for(call) else {
        return Ok(());
    };
    let spec = object.at(&["spec"]).unwrap_or(&Value::Null);
    if let Some(old) = old {
        let old = old.at(&["spec"]).unwrap_or(&Value::Null);
        if subject::runs_the_same(spec, old) {
            return Ok(());
        }
    }
    let subject = Subject::new(object.annotations(), spec);
    if exemptions(call).has_class(&subject) {
        return Ok(());
    }
    call.note(ENFORCED, policy.enforce.to_string());
    audit(call, policy.audit, &subject);
    let enforced = checks::violations(policy.enforce, &subject);
    if !enforced.is_empty() {
        let why = format!("violates PodSecurity \"{}\": {enforced}", policy.enforce);
        return Err(Rejection::forbidden(call.resource(), object.name(), why));
    }
    warn(call, policy.warn, &subject);
    Ok(())
}

/// Warns of a template whose pods would be refused.
fn warn_of_template(call: &mut Call<'_>, template: &Value) {
    let Some(policy) = policy_for(call) else {
        return;
    };
    let annotations = template.pointer("/metadata/annotations");
    let annotations = annotations.map(subject::texts).unwrap_or_default();
    let subject = Subject::new(annotations, template.get("spec").unwrap_or(&Value::Null));
    if !exemptions(call).has_class(&subject) {
        audit(call, policy.audit, &subject);
        warn(call, policy.warn, &subject);
    }
}

/// Notes what a standard would have refused.
fn audit(call: &mut Call<'_>, standard: Standard, subject: &Subject<'_>) {
    let violations: Violations = checks::violations(standard, subject);
    if !violations.is_empty() {
        let text = format!("would violate PodSecurity \"{standard}\": {violations}");
        call.note(VIOLATED, text);
    }
}

fn warn(call: &mut Call<'_>, standard: Standard, subject: &Subject<'_>) {
    let violations: Violations = checks::violations(standard, subject);
    if !violations.is_empty() {
        let warning = format!("would violate PodSecurity \"{standard}\": {violations}");
        call.warnings.push(warning);
    }
}

/// What the namespace of this call wants of its pods; nothing when it wants nothing, or when this
/// caller or this namespace may do everything.
fn policy_for(call: &Call<'_>) -> Option<Policy> {
    let exempt = exemptions(call);
    let name = call.request.namespace();
    if exempt.has_namespace(name) || exempt.has_user(&call.request.caller.user) {
        return None;
    }
    let key = ObjectKey::new(GroupResource::new("", "namespaces"), "", name);
    let labels = &call.find(&key)?.value.summary().labels;
    let labels: Labels = labels
        .iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let (policy, _) = Policy::of(
        &labels,
        &call.registry.settings().admission.pod_security.policy,
    );
    (!policy.is_privileged()).then_some(policy)
}

fn exemptions<'a>(call: &Call<'a>) -> &'a Exemptions {
    &call.registry.settings().admission.pod_security.exempt
}

/// Refuses labels that say nothing, and tells which pods would not be let in any more.
fn namespace(call: &mut Call<'_>, object: &Object, old: Option<&Object>) -> Result<(), Rejection> {
    let usual = call.registry.settings().admission.pod_security.policy;
    let labels = object.labels();
    let (policy, faults) = Policy::of(&labels, &usual);
    let before = old.map(|old| Policy::of(&old.labels(), &usual));
    if !faults.is_empty() && before.as_ref().is_none_or(|(_, known)| *known != faults) {
        let mut errors = FieldErrors::new();
        for fault in &faults {
            fault.tell(&mut errors);
        }
        return validate::refuse(call, object, errors);
    }
    let is_exempt = exemptions(call).has_namespace(object.name());
    let Some((before, _)) = before else {
        if is_exempt {
            warn_of_exemption(call, object.name(), &policy, &labels);
        }
        return Ok(());
    };
    if !is_stricter(policy.enforce, before.enforce) {
        return Ok(());
    }
    if is_exempt {
        warn_of_exemption(call, object.name(), &policy, &labels);
    } else {
        let warnings = existing::warnings(call, object.name(), policy.enforce);
        call.warnings.extend(warnings);
    }
    Ok(())
}

/// Whether pods that were welcome may not be any more.
fn is_stricter(now: Standard, before: Standard) -> bool {
    now != before
        && now.level != Level::Privileged
        && (now.version != before.version || before.level < now.level)
}

/// Tells that what the labels say counts for nothing.
fn warn_of_exemption(call: &mut Call<'_>, name: &str, policy: &Policy, labels: &Labels) {
    let usual = call.registry.settings().admission.pod_security.policy;
    if policy.is_privileged() || policy.means_the_same_as(&usual) {
        return;
    }
    let said = policy.said(labels);
    call.warnings.push(format!(
        "namespace {name:?} is exempt from Pod Security, and the policy ({said}) will be ignored"
    ));
}
