//! What `kubectl get rolebindings` and `clusterrolebindings` show: the same.

use std::marker::PhantomData;

use k8s_openapi::Metadata;
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use crate::column::Column;

/// What both kinds of bindings have.
pub(super) trait Binding: Metadata<Ty = ObjectMeta> + 'static {
    fn role(&self) -> &RoleRef;
    fn subjects(&self) -> &[Subject];
}

impl Binding for RoleBinding {
    fn role(&self) -> &RoleRef {
        &self.role_ref
    }

    fn subjects(&self) -> &[Subject] {
        self.subjects.as_deref().unwrap_or(&[])
    }
}

impl Binding for ClusterRoleBinding {
    fn role(&self) -> &RoleRef {
        &self.role_ref
    }

    fn subjects(&self) -> &[Subject] {
        self.subjects.as_deref().unwrap_or(&[])
    }
}

/// The table of either kind.
pub(super) struct Table<T>(PhantomData<T>);

impl<T: Binding> Table<T> {
    pub(super) const COLUMNS: &'static [Column<T>] = &[
        Column::NAME,
        Column::text("Role", "What may be done.", |binding, _| {
            format!("{}/{}", binding.role().kind, binding.role().name).into()
        }),
        Column::AGE,
        Column::text("Users", "The users who may.", |binding, _| {
            named(binding, "User")
        })
        .wide(),
        Column::text("Groups", "The groups who may.", |binding, _| {
            named(binding, "Group")
        })
        .wide(),
        Column::text("ServiceAccounts", "The accounts who may.", |binding, _| {
            named(binding, "ServiceAccount")
        })
        .wide(),
    ];
}

fn named<T: Binding>(binding: &T, kind: &str) -> Value {
    let subjects = binding
        .subjects()
        .iter()
        .filter(|subject| subject.kind == kind);
    let name = |subject: &Subject| match &subject.namespace {
        Some(namespace) => format!("{namespace}/{}", subject.name),
        None => subject.name.clone(),
    };
    subjects.map(name).collect::<Vec<_>>().join(", ").into()
}
