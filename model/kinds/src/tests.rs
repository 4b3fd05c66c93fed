//! What holds for all kinds, and the awkward cases of the small ones.

use std::collections::BTreeSet;

use expect_test::expect;
use gantry_api::Object;
use serde_json::json;

use crate::core_v1::{ConfigMaps, Namespaces, Pods, Secrets};
use crate::rbac::RoleBindings;
use crate::testing::{NOW, check_create, check_defaults, check_update, created};
use crate::{Verbs, builtin, describe};

#[test]
fn kinds_are_listed_in_order_and_only_once() {
    let kinds = builtin();
    let names: Vec<String> = kinds
        .iter()
        .map(|kind| format!("{} {}", kind.names.group_version(), kind.names.plural))
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
    check_create::<ConfigMaps>(
        map,
        &expect![[r#"
            metadata.name: Invalid value: "Web": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            metadata.labels: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')
            metadata.labels: Invalid value: "c d": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue', or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')
            metadata.annotations: Invalid value: "/x": prefix part must be non-empty
            metadata.ownerReferences[1].uid: Invalid value: "": uid must not be empty
            metadata.ownerReferences: Invalid value: [{"apiVersion":"v1","controller":true,"kind":"Pod","name":"a","uid":"1"},{"apiVersion":"v1","controller":true,"kind":"Pod","name":"b","uid":""}]: Only one reference can have Controller set to true. Found "true" in references for Pod/a and Pod/b
            metadata.finalizers[0]: Invalid value: "odd": name is neither a standard finalizer name nor is it fully qualified
        "#]],
    );
}

#[test]
fn what_is_immutable_stays_so() {
    let old = json!({ "immutable": true, "data": { "a": "b" } });
    check_update::<ConfigMaps>(
        old,
        json!({ "data": { "a": "c" } }),
        &expect![[r#"
        immutable: Forbidden: field is immutable when `immutable` is set
        data: Forbidden: field is immutable when `immutable` is set
    "#]],
    );
    check_update::<Secrets>(
        json!({}),
        json!({ "type": "x" }),
        &expect![[r#"
        type: Invalid value: "x": field is immutable
    "#]],
    );
}

#[test]
fn texts_of_a_secret_become_bytes() {
    let secret = created::<Secrets>(json!({ "stringData": { "a": "b" }, "data": { "a": "eA==" } }));
    assert_eq!(secret.at(&["data"]), Some(&json!({ "a": "Yg==" })));
    assert_eq!(secret.at(&["stringData"]), None);
    check_create::<Secrets>(
        json!({ "type": "kubernetes.io/tls", "data": { "": "" } }),
        &expect![[r#"
            data[]: Invalid value: "": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')
            data[tls.crt]: Required value
            data[tls.key]: Required value
        "#]],
    );
}

#[test]
fn what_nothing_acts_on_yet_is_called_by_its_kind() {
    let told = "this server does not run Jobs yet: the Job is stored and has no effect";
    assert_eq!(describe::<crate::batch::Jobs>().idle().unwrap(), told);
    assert_eq!(describe::<Secrets>().idle(), None);
}

#[test]
fn a_namespace_is_born_active_and_held() {
    check_defaults::<Namespaces>(
        json!({ "status": { "phase": "Odd" } }),
        &expect![[r#"
        metadata.labels.kubernetes.io/metadata.name = "web"
        spec.finalizers[0] = "kubernetes"
        status.phase = "Active"
    "#]],
    );
}

#[test]
fn a_binding_keeps_its_role() {
    let binding = |role: &str| {
        json!({
            "roleRef": { "kind": "Role", "name": role },
            "subjects": [{ "kind": "User", "name": "jane" }, { "kind": "ServiceAccount", "name": "x" }],
        })
    };
    check_update::<RoleBindings>(
        binding("a"),
        binding("b"),
        &expect![[r#"
        subjects[1].namespace: Required value
        roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"b"}: cannot change roleRef
    "#]],
    );
}

#[test]
fn what_has_its_defaults_gets_no_more_of_them() {
    for kind in builtin() {
        let mut object = Object::default();
        object.set(
            &["apiVersion"],
            kind.names.group_version().to_string().into(),
        );
        object.set(&["kind"], kind.names.kind.as_ref().into());
        kind.hooks.prepare(&mut object, None).unwrap();
        let once = object.clone();
        kind.hooks.default(&mut object).unwrap();
        assert_eq!(object, once);
        kind.hooks.row(&object, NOW.parse().unwrap()).unwrap();
    }
}

#[test]
fn a_status_comes_alone_with_its_metadata() {
    let hooks = describe::<Pods>().hooks;
    let old =
        json!({ "apiVersion": "v1", "kind": "Pod", "spec": { "nodeName": "a" }, "status": {} });
    let new = json!({ "metadata": { "labels": { "a": "b" } }, "spec": { "nodeName": "b" }, "x": 1,
        "status": { "phase": "Running" } });
    let [old, mut new] = [old, new].map(|tree| Object::from_value(tree).unwrap());
    hooks.prepare_status(&mut new, &old).unwrap();
    let expected = json!({ "metadata": { "labels": { "a": "b" } }, "spec": { "nodeName": "a" },
        "status": { "phase": "Running" } });
    assert_eq!(new.into_value(), expected);
}

#[test]
fn a_value_of_another_type_is_an_error_and_not_a_default() {
    let mut map = Object::from_value(json!({ "data": 5 })).unwrap();
    let error = describe::<ConfigMaps>()
        .hooks
        .default(&mut map)
        .unwrap_err();
    assert_eq!(error.to_string(), "read the object as ConfigMap");
}
