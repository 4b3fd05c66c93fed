//! What a custom kind is called.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::Metadata;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionNames,
};

use crate::parts::check;
use crate::parts::container_default::fill;

/// The annotation without which nobody defines kinds in groups of the project's own.
const APPROVED: &str = "api-approved.kubernetes.io";
/// Where the annotation is explained.
const POLICY: &str = "see https://github.com/kubernetes/enhancements/pull/1111";

/// Derives the names that follow from the kind.
pub(super) fn default(names: &mut CustomResourceDefinitionNames) {
    if names.kind.is_empty() {
        return;
    }
    let singular = names.kind.to_lowercase();
    fill(&mut names.singular, &singular);
    let list = format!("{}List", names.kind);
    fill(&mut names.list_kind, &list);
}

/// Checks the group, and whether it may be extended.
pub(super) fn group(
    definition: &CustomResourceDefinition,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let group = definition.spec.group.as_str();
    if group.is_empty() {
        errors.required(path, "");
    } else if !name::dns_subdomain(group).is_empty() {
        check::named(group, name::dns_subdomain, path, errors);
    } else if !group.contains('.') {
        errors.invalid(path, group, "should be a domain with at least one dot");
    }
    let protects = |domain: &str| {
        let rest = group.strip_suffix(domain);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if !protects("k8s.io") && !protects("kubernetes.io") {
        return;
    }
    let annotations = definition.metadata().annotations.as_ref();
    let approval = annotations.and_then(|all| all.get(APPROVED));
    let at = FieldPath::new("metadata")
        .field("annotations")
        .key(APPROVED);
    match approval.map_or("", String::as_str) {
        "" => {
            let detail =
                format!("protected groups must have approval annotation {APPROVED:?}, {POLICY}");
            errors.required(&at, detail);
        }
        url if url.starts_with("https://") || url.starts_with("http://") => {}
        reason if reason.starts_with("unapproved") => {}
        other => {
            let detail = format!(
                "protected groups must have approval annotation {APPROVED:?} with either a URL or \
                 a reason starting with \"unapproved\", {POLICY}"
            );
            errors.invalid(&at, other, detail);
        }
    }
}

/// Checks that all names are there, and how they are written.
pub(super) fn validate(
    names: &CustomResourceDefinitionNames,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let required = [
        ("plural", Some(&names.plural)),
        ("singular", names.singular.as_ref()),
        ("kind", Some(&names.kind)),
        ("listKind", names.list_kind.as_ref()),
    ];
    for (field, own) in required {
        check::given(own.map(String::as_str), &path.field(field), errors);
    }
    notation(names, path, errors);
}

/// Checks how those names are written that are there.
pub(super) fn notation(
    names: &CustomResourceDefinitionNames,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let given = |own: Option<&String>| own.cloned().filter(|own| !own.is_empty());
    for (field, own) in [
        ("plural", given(Some(&names.plural))),
        ("singular", given(names.singular.as_ref())),
    ] {
        if let Some(own) = own {
            check::named(&own, name::dns1035_label, &path.field(field), errors);
        }
    }
    for (field, own) in [
        ("kind", given(Some(&names.kind))),
        ("listKind", given(names.list_kind.as_ref())),
    ] {
        if let Some(own) = own {
            check::kind_name(&own, &path.field(field), errors);
        }
    }
    if !names.kind.is_empty() && names.list_kind.as_ref() == Some(&names.kind) {
        let detail = "kind and listKind may not be the same";
        errors.invalid(&path.field("listKind"), &names.list_kind, detail);
    }
    for (field, list) in [
        ("shortNames", &names.short_names),
        ("categories", &names.categories),
    ] {
        for (index, own) in list.iter().flatten().enumerate() {
            let at = path.field(field).index(index);
            check::named(own, name::dns1035_label, &at, errors);
        }
    }
}
