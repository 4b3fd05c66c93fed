//! Taints and tolerations.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::core::v1::{Taint, Toleration};

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
const OPERATORS: [&str; 2] = ["Equal", "Exists"];

/// Checks a pod's tolerations.
pub fn validate(tolerations: &[Toleration], path: &FieldPath, errors: &mut FieldErrors) {
    for (index, toleration) in tolerations.iter().enumerate() {
        one(toleration, &path.index(index), errors);
    }
}

fn one(toleration: &Toleration, path: &FieldPath, errors: &mut FieldErrors) {
    let key = toleration.key.as_deref().unwrap_or("");
    let operator = toleration.operator.as_deref().unwrap_or("");
    let effect = toleration.effect.as_deref().unwrap_or("");
    let value = toleration.value.as_deref().unwrap_or("");
    if !key.is_empty() {
        errors.named(&path.field("key"), key, name::qualified);
    } else if operator != "Exists" {
        let detail = "operator must be Exists when `key` is empty, which means \"match all values \
                      and all keys\"";
        errors.invalid(&path.field("operator"), operator, detail);
    }
    if toleration.toleration_seconds.is_some() && effect != "NoExecute" {
        let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        errors.invalid(&path.field("effect"), effect, detail);
    }
    match operator {
        "Equal" | "" => errors.named(&path.field("operator"), value, name::label_value),
        "Exists" if !value.is_empty() => {
            let detail = "value must be empty when `operator` is 'Exists'";
            errors.invalid(&path.field("operator"), toleration, detail);
        }
        "Exists" => {}
        _ => errors.not_supported(&path.field("operator"), operator, &OPERATORS),
    }
    if !effect.is_empty() && !EFFECTS.contains(&effect) {
        errors.not_supported(&path.field("effect"), effect, &EFFECTS);
    }
}

/// Checks a node's taints: each key and effect at most once.
pub fn validate_taints(taints: &[Taint], path: &FieldPath, errors: &mut FieldErrors) {
    for (index, taint) in taints.iter().enumerate() {
        let path = path.index(index);
        errors.named(&path.field("key"), &taint.key, name::qualified);
        if let Some(value) = &taint.value {
            errors.named(&path.field("value"), value, name::label_value);
        }
        match taint.effect.as_str() {
            "" => errors.required(&path.field("effect"), ""),
            effect if EFFECTS.contains(&effect) => {}
            effect => errors.not_supported(&path.field("effect"), effect, &EFFECTS),
        }
        let same = |other: &&Taint| other.key == taint.key && other.effect == taint.effect;
        if taints[..index].iter().any(|other| same(&other)) {
            errors.duplicate(&path, taint);
        }
    }
}
