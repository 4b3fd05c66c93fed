//! A device as its driver describes it: properties, amounts, taints, and what it shares.

use std::collections::{BTreeMap, BTreeSet};

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::resource::v1::{
    CapacityRequestPolicy, Counter, Device, DeviceAttribute, DeviceTaint,
};

use super::names;
use crate::parts::{affinity, check};

const PROPERTIES_MAX: usize = 32;
const VALUE_MAX: usize = 64;
const TAINTS_MAX: usize = 16;
const CONSUMED_SETS_MAX: usize = 2;
const COUNTERS_MAX: usize = 32;
const EFFECTS: [&str; 2] = ["NoExecute", "NoSchedule"];

/// Checks a device; `chooses` says whether it says itself from where it can be reached.
pub(super) fn validate(own: &Device, chooses: bool, path: &FieldPath, errors: &mut FieldErrors) {
    errors.named(&path.field("name"), &own.name, name::dns_label);
    properties(own, path, errors);
    let taints = own.taints.as_deref().unwrap_or(&[]);
    let at = path.field("taints");
    check::at_most(taints.len(), TAINTS_MAX, &at, errors);
    for (index, own) in taints.iter().enumerate() {
        taint(own, &at.index(index), errors);
    }
    let sets = own.consumes_counters.as_deref().unwrap_or(&[]);
    let at = path.field("consumesCounters");
    check::at_most(sets.len(), CONSUMED_SETS_MAX, &at, errors);
    let mut seen = BTreeSet::new();
    for (index, set) in sets.iter().enumerate() {
        let at = at.index(index);
        counters(&set.counter_set, "counterSet", &set.counters, &at, errors);
        if !seen.insert(&set.counter_set) {
            errors.duplicate(&at, &set.counter_set);
        }
    }
    if chooses {
        reach(own, path, errors);
    } else if own.node_name.is_some() || own.node_selector.is_some() || own.all_nodes.is_some() {
        let detail = "`nodeName`, `nodeSelector` and `allNodes` can only be set if \
                      `perDeviceNodeSelection` is set to true in the ResourceSlice spec";
        errors.invalid(path, None::<()>, detail);
    }
}

fn properties(own: &Device, path: &FieldPath, errors: &mut FieldErrors) {
    let count = own.attributes.as_ref().map_or(0, BTreeMap::len)
        + own.capacity.as_ref().map_or(0, BTreeMap::len);
    if count > PROPERTIES_MAX {
        let detail = format!(
            "the total number of attributes and capacities must not exceed {PROPERTIES_MAX}"
        );
        errors.invalid(path, count, detail);
    }
    for (key, own) in own.attributes.iter().flatten() {
        let at = path.field("attributes").key(key);
        names::qualified(key, &at, errors);
        attribute(own, &at, errors);
    }
    let is_shared = own.allow_multiple_allocations == Some(true);
    for (key, own) in own.capacity.iter().flatten() {
        let at = path.field("capacity").key(key);
        names::qualified(key, &at, errors);
        let at = at.field("requestPolicy");
        match &own.request_policy {
            Some(_) if !is_shared => {
                errors.forbidden(&at, "allowMultipleAllocations must be true");
            }
            Some(own) => policy(own, &at, errors),
            None => {}
        }
    }
}

fn attribute(own: &DeviceAttribute, path: &FieldPath, errors: &mut FieldErrors) {
    let values = [
        own.bool.is_some(),
        own.int.is_some(),
        own.string.is_some(),
        own.version.is_some(),
    ];
    let version = own.version.as_deref();
    if version.is_some_and(|version| !is_version(version)) {
        let detail = "must be a string compatible with semver.org spec 2.0.0";
        errors.invalid(&path.field("version"), version, detail);
    }
    for (field, text) in [("string", own.string.as_deref()), ("version", version)] {
        if text.is_some_and(|text| text.len() > VALUE_MAX) {
            errors.too_long(&path.field(field), VALUE_MAX);
        }
    }
    match values.iter().filter(|given| **given).count() {
        0 => errors.invalid(path, "", "exactly one value must be specified"),
        1 => {}
        _ => errors.invalid(path, own, "exactly one value must be specified"),
    }
}

/// Whether a text is a version of the second semantic notation.
fn is_version(text: &str) -> bool {
    let (rest, build) = match text.split_once('+') {
        Some((rest, build)) => (rest, Some(build)),
        None => (text, None),
    };
    let (numbers, early) = match rest.split_once('-') {
        Some((numbers, early)) => (numbers, Some(early)),
        None => (rest, None),
    };
    let is_number = |part: &str| {
        let is_plain = !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
        is_plain && (part == "0" || !part.starts_with('0'))
    };
    let is_word = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let has_letter = |part: &str| part.contains(|c: char| !c.is_ascii_digit());
    numbers.split('.').count() == 3
        && numbers.split('.').all(is_number)
        && early.is_none_or(|early| {
            let mut parts = early.split('.');
            parts.all(|part| is_word(part) && (has_letter(part) || is_number(part)))
        })
        && build.is_none_or(|build| build.split('.').all(is_word))
}

/// Of which amounts can be asked for is said in one way.
fn policy(own: &CapacityRequestPolicy, path: &FieldPath, errors: &mut FieldErrors) {
    let values = own.valid_values.as_ref().is_some_and(|own| !own.is_empty());
    let range = own.valid_range.is_some();
    let at = path.field("default");
    if values && range {
        let detail = "exactly one policy can be specified, cannot specify \"validValues\" and \
                      \"validRange\" at the same time";
        errors.forbidden(path, detail);
    } else if own.default.is_none() && values {
        errors.required(&at, "required when validValues is defined");
    } else if own.default.is_none() && range {
        errors.required(&at, "required when validRange is defined");
    }
}

fn taint(own: &DeviceTaint, path: &FieldPath, errors: &mut FieldErrors) {
    errors.named(&path.field("key"), &own.key, name::qualified);
    if let Some(value) = &own.value {
        errors.named(&path.field("value"), value, name::label_value);
    }
    check::one_of(Some(&own.effect), &EFFECTS, &path.field("effect"), errors);
}

/// Checks counters and the name of their set, which is in `field`.
pub(super) fn counters(
    set: &str,
    field: &str,
    own: &BTreeMap<String, Counter>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    if set.is_empty() {
        errors.required(&path.field(field), "");
    } else {
        errors.named(&path.field(field), set, name::dns_label);
    }
    let at = path.field("counters");
    if own.is_empty() {
        errors.required(&at, "");
    }
    check::at_most(own.len(), COUNTERS_MAX, &at, errors);
    for key in own.keys() {
        errors.named(&at.key(key), key, name::dns_label);
    }
}

fn reach(own: &Device, path: &FieldPath, errors: &mut FieldErrors) {
    let one = "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when \
               `perDeviceNodeSelection` is set to true in the ResourceSlice spec";
    let mut ways = Vec::new();
    if let Some(node) = &own.node_name {
        let at = path.field("nodeName");
        if node.is_empty() {
            errors.invalid(&at, node, "must not be empty");
        } else {
            ways.push("`nodeName`");
            errors.named(&at, node, name::dns_subdomain);
        }
    }
    if let Some(selector) = &own.node_selector {
        ways.push("`nodeSelector`");
        affinity::node_selector(selector, &path.field("nodeSelector"), errors);
    }
    match own.all_nodes {
        Some(true) => ways.push("`allNodes`"),
        Some(false) => {
            let detail = "must be either unset or set to true";
            errors.invalid(&path.field("allNodes"), false, detail);
        }
        None => {}
    }
    match ways.len() {
        0 => errors.required(path, one),
        1 => {}
        _ => errors.invalid(path, format!("{{{}}}", ways.join(", ")), one),
    }
}
