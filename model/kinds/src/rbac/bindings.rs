//! `RoleBinding` and `ClusterRoleBinding`: who has a role.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding, RoleRef, Subject};

use super::GROUP;
use super::columns::Table;
use crate::column::Column;
use crate::kind::Kind;
use crate::parts::container_default::fill;
use crate::rules::Rules;

/// Who has a role within one namespace.
#[derive(Debug)]
pub struct RoleBindings;

impl Kind for RoleBindings {
    type Object = RoleBinding;

    const COLUMNS: &'static [Column<RoleBinding>] = Table::<RoleBinding>::COLUMNS;
    const RULES: Rules = Rules::new().created_by_update();
    const NAME: name::Rule = name::path_segment;

    fn default(binding: &mut RoleBinding) {
        default(&mut binding.role_ref, binding.subjects.as_deref_mut());
    }

    fn validate(binding: &RoleBinding, old: Option<&RoleBinding>, errors: &mut FieldErrors) {
        role(&binding.role_ref, &["ClusterRole", "Role"], errors);
        subjects(binding.subjects.as_deref(), errors);
        if let Some(old) = old {
            same_role(&binding.role_ref, &old.role_ref, errors);
        }
    }
}

/// Who has a role everywhere.
#[derive(Debug)]
pub struct ClusterRoleBindings;

impl Kind for ClusterRoleBindings {
    type Object = ClusterRoleBinding;

    const COLUMNS: &'static [Column<ClusterRoleBinding>] = Table::<ClusterRoleBinding>::COLUMNS;
    const RULES: Rules = Rules::new().created_by_update();
    const NAME: name::Rule = name::path_segment;

    fn default(binding: &mut ClusterRoleBinding) {
        default(&mut binding.role_ref, binding.subjects.as_deref_mut());
    }

    fn validate(
        binding: &ClusterRoleBinding,
        old: Option<&ClusterRoleBinding>,
        errors: &mut FieldErrors,
    ) {
        role(&binding.role_ref, &["ClusterRole"], errors);
        subjects(binding.subjects.as_deref(), errors);
        if let Some(old) = old {
            same_role(&binding.role_ref, &old.role_ref, errors);
        }
    }
}

fn default(role: &mut RoleRef, subjects: Option<&mut [Subject]>) {
    if role.api_group.is_empty() {
        GROUP.clone_into(&mut role.api_group);
    }
    for subject in subjects.unwrap_or(&mut []) {
        match subject.kind.as_str() {
            "User" | "Group" => fill(&mut subject.api_group, GROUP),
            _ => subject.api_group = subject.api_group.take().filter(|group| !group.is_empty()),
        }
    }
}

fn role(role: &RoleRef, kinds: &[&str], errors: &mut FieldErrors) {
    let path = FieldPath::new("roleRef");
    if role.api_group != GROUP {
        errors.not_supported(&path.field("apiGroup"), &role.api_group, &[GROUP]);
    }
    if !kinds.contains(&role.kind.as_str()) {
        errors.not_supported(&path.field("kind"), &role.kind, kinds);
    }
    if role.name.is_empty() {
        errors.required(&path.field("name"), "");
    } else {
        errors.named(&path.field("name"), &role.name, name::path_segment);
    }
}

fn subjects(subjects: Option<&[Subject]>, errors: &mut FieldErrors) {
    for (index, subject) in subjects.unwrap_or(&[]).iter().enumerate() {
        validate_subject(subject, &FieldPath::new("subjects").index(index), errors);
    }
}

fn validate_subject(subject: &Subject, path: &FieldPath, errors: &mut FieldErrors) {
    if subject.name.is_empty() {
        errors.required(&path.field("name"), "");
    }
    let group = subject.api_group.as_deref().unwrap_or("");
    match subject.kind.as_str() {
        "ServiceAccount" => {
            if !subject.name.is_empty() {
                errors.named(&path.field("name"), &subject.name, name::dns_subdomain);
            }
            if !group.is_empty() {
                errors.not_supported(&path.field("apiGroup"), group, &[""]);
            }
            if subject.namespace.as_deref().unwrap_or("").is_empty() {
                errors.required(&path.field("namespace"), "");
            }
        }
        "User" | "Group" if group == GROUP => {}
        "User" | "Group" => errors.not_supported(&path.field("apiGroup"), group, &[GROUP]),
        kind => {
            errors.not_supported(
                &path.field("kind"),
                kind,
                &["Group", "ServiceAccount", "User"],
            );
        }
    }
}

/// To change the role is to make another binding: who may do that is another question.
fn same_role(new: &RoleRef, old: &RoleRef, errors: &mut FieldErrors) {
    if new != old {
        errors.invalid(&"roleRef".into(), new, "cannot change roleRef");
    }
}
