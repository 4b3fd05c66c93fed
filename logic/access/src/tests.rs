//! Permissions as a stored cluster gives them.

use std::collections::BTreeMap;

use gantry_api::{Caller, Encoded, Object, ObjectKey};
use gantry_store::{Key, MemoryStore, Store, Txn};
use serde_json::{Value, json};

use crate::attributes::{Attributes, ResourceTarget, Target};
use crate::{Access, Decision};

const RBAC: &str = "rbac.authorization.k8s.io";

fn put(store: &MemoryStore, path: &str, fields: &[(&str, &str)], object: Value) {
    let key = ObjectKey::from_path(path).unwrap();
    let fields: BTreeMap<String, String> = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut object = Object::from_value(object).unwrap();
    object.set(&["metadata", "name"], Value::from(key.name.as_str()));
    if !key.namespace.is_empty() {
        object.set(
            &["metadata", "namespace"],
            Value::from(key.namespace.as_str()),
        );
    }
    let value = Encoded::new(&object, fields).into();
    store
        .commit_now(&Txn::new().put(Key::from(&key), value))
        .unwrap();
}

fn ask(store: &MemoryStore, caller: &Caller, verb: &str, target: ResourceTarget<'_>) -> Decision {
    let snapshot = store.snapshot();
    let target = Target::Resource(target);
    Access::compile(&snapshot).authorize(
        &Attributes {
            caller,
            verb,
            target,
        },
        &snapshot,
    )
}

fn pods(namespace: &str) -> ResourceTarget<'_> {
    ResourceTarget {
        resource: "pods",
        namespace,
        ..ResourceTarget::default()
    }
}

fn cluster() -> MemoryStore {
    let store = MemoryStore::default();
    let rule = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]);
    put(
        &store,
        "clusterroles.rbac.authorization.k8s.io//part",
        &[],
        json!({
        "metadata": {"labels": {"aggregate": "yes"}}, "rules": rule}),
    );
    put(
        &store,
        "clusterroles.rbac.authorization.k8s.io//whole",
        &[],
        json!({
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"aggregate": "yes"}}]}}),
    );
    put(
        &store,
        "rolebindings.rbac.authorization.k8s.io/team/robots",
        &[],
        json!({
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "whole"},
        "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": "team"}]}),
    );
    store
}

#[test]
fn a_role_that_gathers_others_allows_what_they_allow_where_it_is_bound() {
    let store = cluster();
    let robot = Caller::authenticated("system:serviceaccount:team:robot", &[]);
    assert_eq!(
        ask(&store, &robot, "list", pods("team")),
        Decision::Allow(
            "RBAC: allowed by RoleBinding \"robots/team\" of ClusterRole \"whole\"".to_owned()
        )
    );
    assert!(!ask(&store, &robot, "list", pods("other")).is_allowed());
    assert_eq!(
        ask(&store, &robot, "delete", pods("team")),
        Decision::Deny(
            "the only role bound here does not allow it (RoleBinding \"robots/team\" of \
             ClusterRole \"whole\")"
                .to_owned()
        )
    );
}

#[test]
fn a_node_reads_the_secrets_of_its_own_pods_only() {
    let store = MemoryStore::default();
    put(
        &store,
        "pods/team/web",
        &[("spec.nodeName", "n1")],
        json!({
        "spec": {"nodeName": "n1", "volumes": [{"secret": {"secretName": "key"}}]}}),
    );
    let secret = |name| ResourceTarget {
        resource: "secrets",
        name,
        ..pods("team")
    };
    let node =
        |name: &str| Caller::authenticated(&format!("system:node:{name}"), &["system:nodes"]);
    assert!(ask(&store, &node("n1"), "get", secret("key")).is_allowed());
    assert!(!ask(&store, &node("n1"), "get", secret("other")).is_allowed());
    assert!(!ask(&store, &node("n2"), "get", secret("key")).is_allowed());
    assert!(!ask(&store, &node("n1"), "list", secret("")).is_allowed());
}

#[test]
fn whoever_only_calls_itself_a_node_is_none() {
    let caller = Caller::authenticated("system:node:n1", &[]);
    assert_eq!(crate::node::name(&caller), None);
}
