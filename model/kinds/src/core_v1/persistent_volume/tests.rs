//! Volumes: what they must be made of, and what stays.

use expect_test::expect;
use gantry_api::{Caller, Object};
use serde_json::{Value, json};

use super::PersistentVolumes;
use crate::testing::{
    NOW, check_create, check_defaults, check_row, check_update, created, warnings,
};
use crate::{Author, describe};

fn volume(fields: &Value) -> Value {
    let mut spec = json!({
        "accessModes": ["ReadWriteOnce"],
        "capacity": { "storage": "1Gi" },
        "hostPath": { "path": "/data" },
    });
    for (name, value) in fields.as_object().unwrap() {
        spec[name] = value.clone();
    }
    json!({ "spec": spec })
}

#[test]
fn a_volume_is_kept_and_seen_as_files_unless_it_says_otherwise() {
    check_defaults::<PersistentVolumes>(
        volume(&json!({ "capacity": { "storage": "1024Mi" } })),
        &expect![[r#"
            spec.capacity.storage = "1Gi"
            spec.hostPath.type = ""
            spec.persistentVolumeReclaimPolicy = "Retain"
            spec.volumeMode = "Filesystem"
            status.phase = "Pending"
        "#]],
    );
    let exotic =
        json!({ "hostPath": null, "iscsi": {}, "rbd": {}, "azureDisk": {}, "scaleIO": {} });
    check_defaults::<PersistentVolumes>(
        volume(&exotic),
        &expect![[r#"
        spec.azureDisk.cachingMode = "ReadWrite"
        spec.azureDisk.diskName = ""
        spec.azureDisk.diskURI = ""
        spec.azureDisk.fsType = "ext4"
        spec.azureDisk.kind = "Shared"
        spec.azureDisk.readOnly = false
        spec.iscsi.iqn = ""
        spec.iscsi.iscsiInterface = "default"
        spec.iscsi.lun = 0
        spec.iscsi.targetPortal = ""
        spec.persistentVolumeReclaimPolicy = "Retain"
        spec.rbd.image = ""
        spec.rbd.keyring = "/etc/ceph/keyring"
        spec.rbd.pool = "rbd"
        spec.rbd.user = "admin"
        spec.scaleIO.fsType = "xfs"
        spec.scaleIO.gateway = ""
        spec.scaleIO.secretRef = {}
        spec.scaleIO.storageMode = "ThinProvisioned"
        spec.scaleIO.system = ""
        spec.volumeMode = "Filesystem"
        status.phase = "Pending"
    "#]],
    );
}

#[test]
fn a_volume_is_made_of_one_thing() {
    check_create::<PersistentVolumes>(
        json!({}),
        &expect![[r#"
        spec.accessModes: Required value
        spec.capacity: Required value
        spec.capacity: Unsupported value: {}: supported values: "storage"
        spec: Required value: must specify a volume type
    "#]],
    );
    check_create::<PersistentVolumes>(
        volume(&json!({ "nfs": { "server": "", "path": "a" }, "csi": {} })),
        &expect![[r#"
            spec.nfs: Forbidden: may not specify more than 1 volume type
            spec.csi: Forbidden: may not specify more than 1 volume type
        "#]],
    );
    check_create::<PersistentVolumes>(
        volume(&json!({ "hostPath": null, "nfs": { "server": "", "path": "a" } })),
        &expect![[r#"
            spec.nfs.server: Required value
            spec.nfs.path: Invalid value: "a": must be an absolute path
        "#]],
    );
    check_create::<PersistentVolumes>(
        volume(&json!({ "hostPath": null, "local": { "path": "/a/../b" } })),
        &expect![[r#"
            spec.local.path: Invalid value: "/a/../b": must not contain '..'
            spec.nodeAffinity: Required value: Local volume requires node affinity
        "#]],
    );
    check_create::<PersistentVolumes>(
        volume(&json!({ "hostPath": null, "iscsi": { "lun": 0 } })),
        &expect![[r#"
            spec.iscsi.targetPortal: Required value
            spec.iscsi.iqn: Required value
        "#]],
    );
    let driver = json!({ "driver": "A b", "nodePublishSecretRef": { "namespace": "A" } });
    check_create::<PersistentVolumes>(
        volume(&json!({ "hostPath": null, "csi": driver })),
        &expect![[r#"
            spec.csi.driver: Invalid value: "A b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            spec.csi.volumeHandle: Required value
            spec.csi.nodePublishSecretRef.name: Required value
            spec.csi.nodePublishSecretRef.namespace: Invalid value: "A": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')
        "#]],
    );
}

#[test]
fn the_rest_of_a_volume_is_checked() {
    check_create::<PersistentVolumes>(
        volume(&json!({
            "accessModes": ["ReadWriteOncePod", "ReadWriteMany", "Sometimes"],
            "capacity": { "storage": "0", "cpu": "1" },
            "hostPath": { "path": "/./" },
            "nodeAffinity": {},
            "persistentVolumeReclaimPolicy": "Recycle",
            "storageClassName": "A",
            "volumeAttributesClassName": "",
            "volumeMode": "Tape",
        })),
        &expect![[r#"
            spec.accessModes: Unsupported value: "Sometimes": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"
            spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes
            spec.capacity: Unsupported value: {"cpu":"1","storage":"0"}: supported values: "storage"
            spec.capacity[storage]: Invalid value: "0": must be greater than zero
            spec.nodeAffinity.required: Required value: must specify required node constraints
            spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'
            spec.storageClassName: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"
            spec.volumeAttributesClassName: Required value: an empty string is disallowed
            spec.csi: Required value: has to be specified when using volumeAttributesClassName
        "#]],
    );
    let terms = json!({ "required": { "nodeSelectorTerms": [] } });
    check_create::<PersistentVolumes>(
        volume(&json!({ "nodeAffinity": terms })),
        &expect![[r#"
        spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node selector term
    "#]],
    );
}

#[test]
fn what_a_volume_is_made_of_stays() {
    let required = json!({ "nodeSelectorTerms": [{ "matchExpressions": [
        { "key": "zone", "operator": "Exists" },
    ] }] });
    let affinity = json!({ "required": required });
    let old = json!({ "nodeAffinity": affinity, "volumeAttributesClassName": "gold" });
    check_update::<PersistentVolumes>(
        volume(&old),
        volume(&json!({ "hostPath": { "path": "/other" }, "volumeMode": "Block" })),
        &expect![[r#"
            spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation
            changed: spec.hostPath.path
            volumeMode: Invalid value: "Block": field is immutable
            nodeAffinity: Invalid value: null: field is immutable
            spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden
        "#]],
    );
    let driver = json!({ "driver": "example.com", "volumeHandle": "a" });
    let old = volume(&json!({ "hostPath": null, "csi": driver }));
    let mut new = old.clone();
    new["spec"]["csi"]["controllerExpandSecretRef"] = json!({ "name": "a", "namespace": "b" });
    new["spec"]["capacity"]["storage"] = "2Gi".into();
    new["spec"]["nodeAffinity"] = affinity;
    new["spec"]["claimRef"] = json!({ "namespace": "default", "name": "data" });
    check_update::<PersistentVolumes>(old, new, &expect![[""]]);
}

#[test]
fn a_phase_is_dated_when_it_begins() {
    let hooks = describe::<PersistentVolumes>().hooks;
    let caller = Caller::anonymous();
    let at = |now: &str| Author {
        caller: &caller,
        now: now.parse().unwrap(),
    };
    let since = |volume: &Object| volume.text(super::PHASE_SINCE).to_owned();

    let mut old = created::<PersistentVolumes>(volume(&json!({})));
    hooks.sign(&mut old, None, &at("2026-01-01T00:00:00Z"));
    assert_eq!(since(&old), "2026-01-01T00:00:00Z");
    let mut same = old.clone();
    hooks.sign(&mut same, Some(&old), &at(NOW));
    assert_eq!(same, old);
    let mut bound = old.clone();
    bound.set(super::PHASE, "Bound".into());
    hooks.sign(&mut bound, Some(&old), &at(NOW));
    assert_eq!(since(&bound), NOW);
}

#[test]
fn old_ways_are_remarked_on() {
    let mut volume = volume(&json!({ "persistentVolumeReclaimPolicy": "Recycle" }));
    volume["metadata"] = json!({ "annotations": { super::CLASS_ANNOTATION: "a" } });
    let told = warnings::<PersistentVolumes>(volume);
    expect![[r#"
        metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead
        spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning."#]].assert_eq(&told.join("\n"));
}

#[test]
fn the_row_shows_whose_it_is() {
    let mut fields = volume(&json!({
        "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
        "claimRef": { "namespace": "default", "name": "data" },
        "storageClassName": "fast",
        "volumeMode": "Block",
    }));
    fields["status"] = json!({ "phase": "Bound" });
    check_row::<PersistentVolumes>(
        fields,
        &expect![[r#"
        Name: web
        Capacity: 1Gi
        Access Modes: RWO,RWX
        Reclaim Policy: 
        Status: Bound
        Claim: default/data
        StorageClass: fast
        VolumeAttributesClass: <unset>
        Reason: 
        Age: <unknown>
        VolumeMode: Block
    "#]],
    );
    check_row::<PersistentVolumes>(
        json!({ "metadata": { "deletionTimestamp": NOW } }),
        &expect![[r#"
            Name: web
            Capacity: 0
            Access Modes: 
            Reclaim Policy: 
            Status: Terminating
            Claim: 
            StorageClass: 
            VolumeAttributesClass: <unset>
            Reason: 
            Age: <unknown>
            VolumeMode: <unset>
        "#]],
    );
}
