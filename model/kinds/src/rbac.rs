//! Who may do what: roles, and who has them.

mod bindings;
mod columns;
mod roles;

pub use bindings::{ClusterRoleBindings, RoleBindings};
pub use roles::{ClusterRoles, Roles};

/// The group that all of these belong to.
const GROUP: &str = "rbac.authorization.k8s.io";
