//! Roles and bindings, compiled so that a question looks at its caller's grants only.
//!
//! Cluster roles that aggregate others are put together here, at every compilation; nobody has to
//! keep their rules up to date.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::rbac::v1::{
    ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};
use serde::de::DeserializeOwned;

use gantry_api::views::Meta;
use gantry_api::views::meta::selector;
use gantry_api::{Caller, GroupResource, ObjectKey};
use gantry_store::{Key, Snapshot};

use crate::attributes::{Attributes, Target};
use crate::authorizer::Decision;
use crate::rules;

/// The group of all resources that permissions are made of.
const GROUP: &str = "rbac.authorization.k8s.io";

type Rules = Arc<[PolicyRule]>;

/// Roles and bindings at one revision.
#[derive(Clone, Debug, Default)]
pub struct Rbac {
    /// The rules of each role, by namespace (empty for cluster roles) and name.
    roles: BTreeMap<(String, String), Rules>,
    /// The grants of each holder.
    grants: BTreeMap<Holder, Vec<Grant>>,
}

/// Whom a grant is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    User(String),
    Group(String),
}

/// The rules of one role, granted by one binding.
#[derive(Clone, Debug)]
struct Grant {
    /// The namespace in which it holds; empty for everywhere.
    namespace: String,
    rules: Rules,
    /// Which binding of which role, as denials and permissions name it.
    origin: Arc<str>,
}

impl Rbac {
    /// Compiles the roles and bindings in `snapshot`.
    #[must_use]
    pub fn compile(snapshot: &Snapshot) -> Self {
        let mut rbac = Self::default();
        let cluster_roles: Vec<ClusterRole> = all(snapshot, "clusterroles");
        for role in &cluster_roles {
            let rules = cluster_rules(role, &cluster_roles);
            rbac.roles
                .insert((String::new(), role.name().to_owned()), rules);
        }
        for role in all::<Role>(snapshot, "roles") {
            let key = (role.namespace().to_owned(), role.name().to_owned());
            rbac.roles
                .insert(key, role.rules.unwrap_or_default().into());
        }
        for binding in all::<ClusterRoleBinding>(snapshot, "clusterrolebindings") {
            let origin = origin("ClusterRoleBinding", binding.name(), &binding.role_ref);
            rbac.bind(
                "",
                &binding.role_ref,
                binding.subjects.iter().flatten(),
                &origin,
            );
        }
        for binding in all::<RoleBinding>(snapshot, "rolebindings") {
            let place = format!("{}/{}", binding.name(), binding.namespace());
            let origin = origin("RoleBinding", &place, &binding.role_ref);
            let subjects = binding.subjects.iter().flatten();
            rbac.bind(binding.namespace(), &binding.role_ref, subjects, &origin);
        }
        rbac
    }

    /// Whether roles or bindings are kept at `key`.
    #[must_use]
    pub fn depends_on(key: &Key) -> bool {
        let family = key.as_str().split('/').next().unwrap_or("");
        family.ends_with(GROUP)
    }

    fn bind<'a>(
        &mut self,
        namespace: &str,
        reference: &RoleRef,
        subjects: impl Iterator<Item = &'a Subject>,
        origin: &Arc<str>,
    ) {
        let Some(rules) = self.role(reference, namespace).cloned() else {
            return;
        };
        for holder in subjects.filter_map(|subject| holder(subject, namespace)) {
            self.grants.entry(holder).or_default().push(Grant {
                namespace: namespace.to_owned(),
                rules: Arc::clone(&rules),
                origin: Arc::clone(origin),
            });
        }
    }

    fn role(&self, reference: &RoleRef, namespace: &str) -> Option<&Rules> {
        let namespace = if reference.kind == "Role" {
            namespace
        } else {
            ""
        };
        self.roles
            .get(&(namespace.to_owned(), reference.name.clone()))
    }

    /// The rules of the role that a binding in `namespace` refers to.
    #[must_use]
    pub fn rules_of(&self, reference: &RoleRef, namespace: &str) -> Option<Vec<PolicyRule>> {
        self.role(reference, namespace).map(|rules| rules.to_vec())
    }

    /// Whether some grant of the caller allows this.
    #[must_use]
    pub fn authorize(&self, attributes: &Attributes<'_>) -> Decision {
        let namespace = match attributes.target {
            Target::Resource(target) => target.namespace,
            Target::Path(_) => "",
        };
        let allows = |grant: &&Grant| {
            let mut rules = grant.rules.iter();
            rules.any(|rule| rules::allows(rule, attributes.verb, &attributes.target))
        };
        match self.grants_of(attributes.caller, namespace).find(allows) {
            Some(grant) => Decision::Allow(format!("RBAC: allowed by {}", grant.origin)),
            None => Decision::Deny(self.missing(attributes.caller, namespace)),
        }
    }

    /// All rules that hold for a caller in a namespace.
    #[must_use]
    pub fn rules_for(&self, caller: &Caller, namespace: &str) -> Vec<PolicyRule> {
        let grants = self.grants_of(caller, namespace);
        grants
            .flat_map(|grant| grant.rules.iter().cloned())
            .collect()
    }

    fn grants_of<'a>(
        &'a self,
        caller: &Caller,
        namespace: &'a str,
    ) -> impl Iterator<Item = &'a Grant> {
        let user = std::iter::once(Holder::User(caller.user.clone()));
        let groups = caller.groups.iter().cloned().map(Holder::Group);
        let holders: Vec<Holder> = user.chain(groups).collect();
        let lists = holders
            .into_iter()
            .filter_map(|holder| self.grants.get(&holder));
        lists
            .flatten()
            .filter(move |grant| grant.namespace.is_empty() || grant.namespace == namespace)
    }

    /// What stands between the caller and a yes.
    fn missing(&self, caller: &Caller, namespace: &str) -> String {
        let mut origins: Vec<&str> = self
            .grants_of(caller, namespace)
            .map(|grant| &*grant.origin)
            .collect();
        origins.sort_unstable();
        origins.dedup();
        match origins.len() {
            0 => "no role is bound to this user or its groups here".to_owned(),
            1 => format!(
                "the only role bound here does not allow it ({})",
                origins[0]
            ),
            count => format!("none of the {count} roles bound here allows it"),
        }
    }
}

fn cluster_rules(role: &ClusterRole, all: &[ClusterRole]) -> Rules {
    let mut rules = role.rules.clone().unwrap_or_default();
    let aggregation = role.aggregation_rule.as_ref();
    let selectors = aggregation.and_then(|rule| rule.cluster_role_selectors.as_ref());
    for wanted in selectors.into_iter().flatten().map(selector) {
        let chosen = all
            .iter()
            .filter(|other| other.name() != role.name() && wanted.matches(other.labels()));
        rules.extend(chosen.flat_map(|other| other.rules.clone().unwrap_or_default()));
    }
    rules.into()
}

fn holder(subject: &Subject, namespace: &str) -> Option<Holder> {
    match subject.kind.as_str() {
        "User" => Some(Holder::User(subject.name.clone())),
        "Group" => Some(Holder::Group(subject.name.clone())),
        "ServiceAccount" => {
            let namespace = subject.namespace.as_deref().unwrap_or(namespace);
            Some(Holder::User(format!(
                "system:serviceaccount:{namespace}:{}",
                subject.name
            )))
        }
        _ => None,
    }
}

fn origin(kind: &str, name: &str, reference: &RoleRef) -> Arc<str> {
    format!("{kind} {name:?} of {} {:?}", reference.kind, reference.name).into()
}

fn prefix(resource: &str) -> String {
    ObjectKey::prefix(&GroupResource::new(GROUP, resource), None)
}

/// All stored objects of a resource that can be read as `T`; validation lets no others in.
fn all<T: DeserializeOwned>(snapshot: &Snapshot, resource: &str) -> Vec<T> {
    let prefix = prefix(resource);
    let stored = snapshot.range(&prefix, None).map(|(_, stored)| stored);
    stored
        .filter_map(|stored| serde_json::from_slice(&stored.value.json(stored.modified)).ok())
        .collect()
}
