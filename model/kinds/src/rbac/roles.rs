//! `Role` and `ClusterRole`: lists of what may be done.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, Role};

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::label_selector;
use crate::rules::Rules;

/// What may be done within one namespace.
#[derive(Debug)]
pub struct Roles;

impl Kind for Roles {
    type Object = Role;

    const COLUMNS: &'static [Column<Role>] = Column::NAME_AND_CREATED_AT;
    const RULES: Rules = Rules::new().created_by_update();
    const NAME: name::Rule = name::path_segment;

    fn validate(role: &Role, _old: Option<&Role>, errors: &mut FieldErrors) {
        for (index, rule) in role.rules.iter().flatten().enumerate() {
            let path = FieldPath::new("rules").index(index);
            if let Some(urls) = rule
                .non_resource_urls
                .as_ref()
                .filter(|urls| !urls.is_empty())
            {
                let detail = "namespaced rules cannot apply to non-resource URLs";
                errors.invalid(&path.field("nonResourceURLs"), urls, detail);
            }
            validate(rule, &path, errors);
        }
    }
}

/// What may be done everywhere.
#[derive(Debug)]
pub struct ClusterRoles;

impl Kind for ClusterRoles {
    type Object = ClusterRole;

    const COLUMNS: &'static [Column<ClusterRole>] = Column::NAME_AND_CREATED_AT;
    const RULES: Rules = Rules::new().created_by_update();
    const NAME: name::Rule = name::path_segment;

    fn validate(role: &ClusterRole, _old: Option<&ClusterRole>, errors: &mut FieldErrors) {
        for (index, rule) in role.rules.iter().flatten().enumerate() {
            validate(rule, &FieldPath::new("rules").index(index), errors);
        }
        let Some(aggregation) = &role.aggregation_rule else {
            return;
        };
        let path = FieldPath::new("aggregationRule").field("clusterRoleSelectors");
        let selectors = aggregation.cluster_role_selectors.as_deref().unwrap_or(&[]);
        if selectors.is_empty() {
            let detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
            errors.required(&path, detail);
        }
        for (index, selector) in selectors.iter().enumerate() {
            label_selector::validate(selector, &path.index(index), errors);
        }
    }
}

fn validate(rule: &PolicyRule, path: &FieldPath, errors: &mut FieldErrors) {
    let empty = |list: &Option<Vec<String>>| list.as_ref().is_none_or(Vec::is_empty);
    if rule.verbs.is_empty() {
        errors.required(
            &path.field("verbs"),
            "verbs must contain at least one value",
        );
    }
    if !empty(&rule.non_resource_urls) {
        if !empty(&rule.api_groups) || !empty(&rule.resources) || !empty(&rule.resource_names) {
            let detail = "rules cannot apply to both regular resources and non-resource URLs";
            errors.invalid(
                &path.field("nonResourceURLs"),
                &rule.non_resource_urls,
                detail,
            );
        }
        return;
    }
    if empty(&rule.api_groups) {
        let detail = "resource rules must supply at least one api group";
        errors.required(&path.field("apiGroups"), detail);
    }
    if empty(&rule.resources) {
        let detail = "resource rules must supply at least one resource";
        errors.required(&path.field("resources"), detail);
    }
}
