//! Claims: what they must say, how they grow, and where their data comes from.

use expect_test::{Expect, expect};
use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use serde_json::{Value, json};

use super::PersistentVolumeClaims;
use crate::describe;
use crate::testing::{
    check_create, check_defaults, check_row, check_status_change, created, told, updated, warnings,
};

fn claim(fields: &Value) -> Value {
    let mut spec = json!({
        "accessModes": ["ReadWriteOnce"],
        "resources": { "requests": { "storage": "2Gi" } },
    });
    for (name, value) in fields.as_object().unwrap() {
        spec[name] = value.clone();
    }
    json!({ "spec": spec })
}

fn sized(size: &str) -> Value {
    json!({ "resources": { "requests": { "storage": size } } })
}

/// What is wrong with an update of a claim that is in this phase and has this much room.
fn check_change(phase: &str, old: &Value, new: &Value, expect: &Expect) {
    let mut old = created::<PersistentVolumeClaims>(claim(old));
    old.set(&["status", "phase"], phase.into());
    old.set(&["status", "capacity"], json!({ "storage": "1Gi" }));
    let new = updated::<PersistentVolumeClaims>(claim(new), &old);
    let mut errors = FieldErrors::new();
    let hooks = describe::<PersistentVolumeClaims>().hooks;
    hooks.validate(&new, Some(&old), &mut errors).unwrap();
    expect.assert_eq(&told(&errors));
}

#[test]
fn a_claim_waits_for_files() {
    check_defaults::<PersistentVolumeClaims>(
        claim(&sized("1024Mi")),
        &expect![[r#"
        spec.resources.requests.storage = "1Gi"
        spec.volumeMode = "Filesystem"
        status.phase = "Pending"
    "#]],
    );
}

#[test]
fn a_claim_says_how_much_and_for_whom() {
    check_create::<PersistentVolumeClaims>(
        json!({}),
        &expect![[r#"
        spec.accessModes: Required value: at least 1 access mode is required
        spec.resources[storage]: Required value
    "#]],
    );
    check_create::<PersistentVolumeClaims>(
        claim(&json!({
            "accessModes": ["Sometimes"],
            "resources": { "requests": { "storage": "-1" } },
            "selector": { "matchExpressions": [{ "key": "a", "operator": "Like" }] },
            "storageClassName": "A",
            "volumeAttributesClassName": "B",
            "volumeMode": "Tape",
        })),
        &expect![[r#"
            spec.selector.matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator
            spec.accessModes: Unsupported value: "Sometimes": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"
            spec.resources[storage]: Invalid value: "-1": must be greater than zero
            spec.storageClassName: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            spec.volumeAttributesClassName: Invalid value: "B": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"
        "#]],
    );
    check_create::<PersistentVolumeClaims>(
        claim(&json!({ "storageClassName": "" })),
        &expect![[""]],
    );
}

#[test]
fn only_a_bound_claim_grows_and_none_shrinks_below_what_it_has() {
    let class = |class: &str| json!({ "storageClassName": class });
    check_change("Bound", &sized("2Gi"), &sized("3Gi"), &expect![[""]]);
    check_change("Bound", &sized("3Gi"), &sized("2Gi"), &expect![[""]]);
    check_change(
        "Bound",
        &sized("2Gi"),
        &sized("1Gi"),
        &expect![[r#"
        spec.resources.requests.storage: Forbidden: field can not be less than status.capacity
    "#]],
    );
    check_change(
        "Pending",
        &sized("2Gi"),
        &sized("3Gi"),
        &expect![[r#"
        spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims
        changed: spec.resources.requests.storage
    "#]],
    );
    check_change(
        "Bound",
        &class("a"),
        &class("b"),
        &expect![[r#"
        spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims
        changed: spec.storageClassName
    "#]],
    );
    check_change("Bound", &json!({}), &class("a"), &expect![[""]]);
}

#[test]
fn a_claim_gets_its_volume_once() {
    let volume = |name: &str| json!({ "volumeName": name });
    check_change("Pending", &json!({}), &volume("a"), &expect![[""]]);
    check_change(
        "Pending",
        &volume("a"),
        &volume("b"),
        &expect![[r#"
        spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims
        changed: spec.volumeName
    "#]],
    );
    let attributes = |class: &str| json!({ "volumeAttributesClassName": class });
    check_change("Bound", &attributes("a"), &attributes("b"), &expect![[""]]);
    check_change(
        "Bound",
        &attributes("a"),
        &attributes(""),
        &expect![[r#"
            spec.volumeAttributesClassName: Forbidden: update from non-nil value to an empty string is forbidden
        "#]],
    );
    check_change(
        "Bound",
        &attributes("a"),
        &json!({}),
        &expect![[r#"
        spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden
    "#]],
    );
    let mode = |mode: &str| json!({ "volumeMode": mode });
    check_change(
        "Bound",
        &mode("Block"),
        &mode("Filesystem"),
        &expect![[r#"
            spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims
            changed: spec.volumeMode
            volumeMode: Invalid value: "Filesystem": field is immutable
        "#]],
    );
}

fn data(claim: &Object) -> Value {
    let at = |field: &str| claim.at(&["spec", field]).cloned().unwrap_or_default();
    json!([at("dataSource"), at("dataSourceRef")])
}

#[test]
fn both_fields_say_where_data_comes_from() {
    let other = json!({ "kind": "PersistentVolumeClaim", "name": "other" });
    let made = created::<PersistentVolumeClaims>(claim(&json!({ "dataSource": other })));
    assert_eq!(data(&made), json!([other, other]));
    let made = created::<PersistentVolumeClaims>(claim(&json!({ "dataSourceRef": other })));
    assert_eq!(data(&made), json!([other, other]));
    // A client that knows only the older field does not take the newer one away.
    let again = updated::<PersistentVolumeClaims>(claim(&json!({ "dataSource": other })), &made);
    assert_eq!(data(&again), data(&made));

    let odd = json!({ "apiGroup": "example.com", "kind": "Tape", "name": "x" });
    let made = created::<PersistentVolumeClaims>(claim(&json!({ "dataSource": odd })));
    assert_eq!(data(&made), json!([null, null]));
    let far = json!({ "kind": "PersistentVolumeClaim", "name": "x", "namespace": "b" });
    let made = created::<PersistentVolumeClaims>(claim(&json!({ "dataSourceRef": far })));
    assert_eq!(data(&made), json!([null, null]));
}

#[test]
fn data_sources_are_checked() {
    let odd = json!({ "kind": "Tape", "name": "" });
    let other = json!({ "apiGroup": "A", "kind": "Tape", "name": "x" });
    check_create::<PersistentVolumeClaims>(
        claim(&json!({ "dataSource": odd, "dataSourceRef": other })),
        &expect![[r#"
            spec.dataSource.name: Required value
            spec.dataSource: Invalid value: "Tape": must be 'PersistentVolumeClaim' when referencing the default apiGroup
            spec.dataSourceRef.apiGroup: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            spec: Invalid value: "spec.dataSource": must match dataSourceRef
        "#]],
    );
}

#[test]
fn a_status_is_checked() {
    let old = created::<PersistentVolumeClaims>(claim(&json!({})));
    let change = |object: &mut Object| {
        let status = json!({
            "phase": "Bound",
            "capacity": { "storage": "-1" },
            "allocatedResources": { "cpu": "1", "example.com/a": "1" },
            "allocatedResourceStatuses": { "storage": "Soon" },
        });
        object.set(&["status"], status);
    };
    check_status_change::<PersistentVolumeClaims>(
        &old,
        change,
        &expect![[r#"
        status.capacity[storage]: Invalid value: "-1": must be greater than or equal to 0
        status.allocatedResourceStatus: Unsupported value: "storage": supported values: "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"
        status.allocatedResources: Unsupported value: "cpu": supported values: "storage"
    "#]],
    );
}

#[test]
fn fractions_and_old_ways_are_remarked_on() {
    let mut fields = claim(&sized("1500m"));
    fields["metadata"] = json!({ "annotations": { super::CLASS_ANNOTATION: "a" } });
    let told = warnings::<PersistentVolumeClaims>(fields);
    expect![[r#"
        metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead
        spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer"#]].assert_eq(&told.join("\n"));
}

#[test]
fn the_row_shows_the_volume_and_what_it_gives() {
    check_row::<PersistentVolumeClaims>(
        claim(&json!({})),
        &expect![[r#"
        Name: web
        Status: 
        Volume: 
        Capacity: 
        Access Modes: 
        StorageClass: 
        VolumeAttributesClass: <unset>
        Age: <unknown>
        VolumeMode: <unset>
    "#]],
    );
    let mut fields = claim(&json!({ "volumeName": "a", "storageClassName": "fast" }));
    fields["status"] = json!({
        "phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": { "storage": "4Gi" },
    });
    check_row::<PersistentVolumeClaims>(
        fields,
        &expect![[r#"
        Name: web
        Status: Bound
        Volume: a
        Capacity: 4Gi
        Access Modes: RWO
        StorageClass: fast
        VolumeAttributesClass: <unset>
        Age: <unknown>
        VolumeMode: <unset>
    "#]],
    );
}
