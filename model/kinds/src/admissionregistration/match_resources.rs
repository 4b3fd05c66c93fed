//! Which requests a policy, or its binding, is about.

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use k8s_openapi::api::admissionregistration::v1::MatchResources;

use super::{MATCH_POLICIES, rules};
use crate::parts::container_default::fill;
use crate::parts::{check, label_selector};

/// Fills in what may be left out.
pub(super) fn default(resources: &mut MatchResources) {
    fill(&mut resources.match_policy, "Equivalent");
    resources.namespace_selector.get_or_insert_default();
    resources.object_selector.get_or_insert_default();
    let rules = resources.resource_rules.iter_mut().flatten();
    let excluded = resources.exclude_resource_rules.iter_mut().flatten();
    rules.chain(excluded).for_each(rules::default_named);
}

/// Checks what has its defaults.
pub(super) fn validate(resources: &MatchResources, path: &FieldPath, errors: &mut FieldErrors) {
    let policy = resources.match_policy.as_deref();
    check::one_of(policy, &MATCH_POLICIES, &path.field("matchPolicy"), errors);
    let selectors = [
        ("namespaceSelector", &resources.namespace_selector),
        ("objectSelector", &resources.object_selector),
    ];
    for (field, selector) in selectors {
        if let Some(selector) = selector {
            label_selector::validate(selector, &path.field(field), errors);
        }
    }
    let lists = [
        ("resourceRules", &resources.resource_rules),
        ("excludeResourceRules", &resources.exclude_resource_rules),
    ];
    for (field, list) in lists {
        for (index, rule) in list.iter().flatten().enumerate() {
            rules::validate_named(rule, &path.field(field).index(index), errors);
        }
    }
}
