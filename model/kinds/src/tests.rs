//! What holds for all kinds, and the awkward cases of the small ones.

use std::collections::BTreeSet;

use expect_test::expect;
use serde_json::json;

use crate::core_v1::{ConfigMaps, Namespaces, Secrets};
use crate::rbac::RoleBindings;
use crate::testing::{check_create, check_defaults, check_update, created};
use crate::{Verbs, builtin};

#[test]
fn kinds_are_listed_in_order_and_only_once() {
    let kinds = builtin();
    let names: Vec<String> = kinds
        .iter()
        .map(|kind| kind.names.resource().to_string())
        .collect();
    let distinct: BTreeSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
}

#[test]
fn subresources_are_in_alphabetical_order() {
    for kind in builtin() {
        let names: Vec<&str> = kind.subresources.iter().map(|sub| sub.name()).collect();
        assert!(names.is_sorted(), "{names:?}");
    }
}

#[test]
fn the_hash_of_the_stored_version_is_the_published_one() {
    let kinds = builtin();
    let hash = |group: &str, kind: &str| {
        let found = kinds
            .iter()
            .find(|known| known.names.kind == kind && known.names.group == group);
        found.unwrap().storage_version_hash.clone()
    };
    assert_eq!(hash("", "Pod"), "xPOwRZ+Yhw8=");
    assert_eq!(hash("apps", "Deployment"), "8aSe+NMegvE=");
    assert_eq!(hash("events.k8s.io", "Event"), "r2yiGXH7wu8=");
    assert_eq!(hash("authentication.k8s.io", "TokenReview"), "");
}

#[test]
fn what_is_never_stored_can_only_be_asked() {
    for kind in builtin()
        .iter()
        .filter(|kind| kind.names.kind.ends_with("Review"))
    {
        assert_eq!(kind.verbs, Verbs::CreateOnly, "{kind:?}");
    }
}

#[test]
fn metadata_is_checked_for_every_kind() {
    let map = json!({ "metadata": {
        "name": "Web",
        "labels": { "a b": "c d" },
        "annotations": { "/x": "" },
        "finalizers": ["odd"],
        "ownerReferences": [
            { "apiVersion": "v1", "kind": "Pod", "name": "a", "uid": "1", "controller": true },
            { "apiVersion": "v1", "kind": "Pod", "name": "b", "uid": "", "controller": true },
        ],
    } });
    check_create::<ConfigMaps>(map, &expect![[]]);
}

#[test]
fn what_is_immutable_stays_so() {
    let old = json!({ "immutable": true, "data": { "a": "b" } });
    check_update::<ConfigMaps>(old, json!({ "data": { "a": "c" } }), &expect![[]]);
    check_update::<Secrets>(json!({}), json!({ "type": "x" }), &expect![[]]);
}

#[test]
fn texts_of_a_secret_become_bytes() {
    let secret = created::<Secrets>(json!({ "stringData": { "a": "b" }, "data": { "a": "eA==" } }));
    assert_eq!(secret.at(&["data"]), Some(&json!({ "a": "Yg==" })));
    assert_eq!(secret.at(&["stringData"]), None);
    check_create::<Secrets>(
        json!({ "type": "kubernetes.io/tls", "data": { "": "" } }),
        &expect![[]],
    );
}

#[test]
fn a_namespace_is_born_active_and_held() {
    check_defaults::<Namespaces>(json!({ "status": { "phase": "Odd" } }), &expect![[]]);
}

#[test]
fn a_binding_keeps_its_role() {
    let binding = |role: &str| {
        json!({
            "roleRef": { "kind": "Role", "name": role },
            "subjects": [{ "kind": "User", "name": "jane" }, { "kind": "ServiceAccount", "name": "x" }],
        })
    };
    check_update::<RoleBindings>(binding("a"), binding("b"), &expect![[]]);
}
