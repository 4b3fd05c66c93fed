//! Classes, drivers and attachments: what stays, what is refused, what is shown.

use expect_test::expect;
use gantry_api::Object;
use serde_json::{Value, json};

use super::{
    CSIDrivers, CSINodes, CSIStorageCapacities, StorageClasses, VolumeAttachments,
    VolumeAttributesClasses,
};
use crate::describe;
use crate::testing::{
    check_create, check_defaults, check_row, check_status_change, check_update, created,
};

#[test]
fn a_storage_class_keeps_what_its_volumes_were_made_with() {
    let class = json!({ "provisioner": "example.com/disk", "parameters": { "a": "b" } });
    check_defaults::<StorageClasses>(
        class.clone(),
        &expect![[r#"
        reclaimPolicy = "Delete"
        volumeBindingMode = "Immediate"
    "#]],
    );
    check_update::<StorageClasses>(
        class,
        json!({
            "provisioner": "example.com/other",
            "reclaimPolicy": "Retain",
            "volumeBindingMode": "WaitForFirstConsumer",
            "allowVolumeExpansion": true,
            "mountOptions": ["ro"],
        }),
        &expect![[r#"
            parameters: Forbidden: updates to parameters are forbidden.
            provisioner: Forbidden: updates to provisioner are forbidden.
            reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.
            volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable
        "#]],
    );
}

#[test]
fn a_storage_class_is_checked() {
    check_create::<StorageClasses>(
        json!({}),
        &expect![[r#"
        provisioner: Required value
    "#]],
    );
    let term = |values: &[&str]| json!({ "key": "zone", "values": values });
    check_create::<StorageClasses>(
        json!({
            "provisioner": "a b",
            "parameters": { "": "x" },
            "reclaimPolicy": "Recycle",
            "volumeBindingMode": "Later",
            "allowedTopologies": [
                { "matchLabelExpressions": [term(&["a", "b"])] },
                { "matchLabelExpressions": [term(&["b", "a"])] },
                { "matchLabelExpressions": [term(&[]), term(&["a", "a"])] },
            ],
        }),
        &expect![[r#"
            provisioner: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')
            parameters: Invalid value: "": field can not be empty.
            reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"
            volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"
            allowedTopologies[1].matchLabelExpressions: Duplicate value: ""
            allowedTopologies[2].matchLabelExpressions[0].values: Required value
            allowedTopologies[2].matchLabelExpressions[1].values[1]: Duplicate value: "a"
            allowedTopologies[2].matchLabelExpressions[1].key: Duplicate value: "zone"
        "#]],
    );
}

#[test]
fn the_default_class_says_so() {
    let marked = |mark: &str| json!({ "metadata": { "annotations": { mark: "true" } }, "provisioner": "a", "driverName": "a" });
    check_row::<StorageClasses>(
        marked("storageclass.kubernetes.io/is-default-class"),
        &expect![[r#"
            Name: web (default)
            Provisioner: a
            ReclaimPolicy: 
            VolumeBindingMode: 
            AllowVolumeExpansion: false
            Age: <unknown>
        "#]],
    );
    check_row::<VolumeAttributesClasses>(
        marked("volumeattributesclass.kubernetes.io/is-default-class"),
        &expect![[r#"
            Name: web (default)
            DriverName: a
            Age: <unknown>
        "#]],
    );
}

#[test]
fn attributes_of_volumes_are_given_and_stay() {
    check_create::<VolumeAttributesClasses>(
        json!({}),
        &expect![[r#"
        driverName: Required value
        parameters: Required value: must contain at least one key/value pair
    "#]],
    );
    check_update::<VolumeAttributesClasses>(
        json!({ "driverName": "a", "parameters": { "speed": "1" } }),
        json!({ "driverName": "b", "parameters": { "speed": "2" } }),
        &expect![[r#"
            driverName: Forbidden: updates to driverName are forbidden.
            parameters: Forbidden: updates to parameters are forbidden.
        "#]],
    );
}

#[test]
fn a_driver_has_all_its_choices_made() {
    check_defaults::<CSIDrivers>(
        json!({}),
        &expect![[r#"
        spec.attachRequired = true
        spec.fsGroupPolicy = "ReadWriteOnceWithFSType"
        spec.podInfoOnMount = false
        spec.requiresRepublish = false
        spec.seLinuxMount = false
        spec.storageCapacity = false
        spec.volumeLifecycleModes[0] = "Persistent"
    "#]],
    );
    let spec = json!({ "spec": { "tokenRequests": [{ "audience": "a" }, { "audience": "b" }] } });
    check_row::<CSIDrivers>(
        spec,
        &expect![[r#"
        Name: web
        AttachRequired: true
        PodInfoOnMount: false
        StorageCapacity: false
        TokenRequests: a,b
        RequiresRepublish: false
        Modes: <none>
        Age: <unknown>
    "#]],
    );
}

#[test]
fn a_driver_is_checked_and_keeps_how_it_is_called() {
    check_create::<CSIDrivers>(
        json!({ "spec": {
            "fsGroupPolicy": "Some",
            "volumeLifecycleModes": ["Forever"],
            "nodeAllocatableUpdatePeriodSeconds": 9,
            "tokenRequests": [
                { "audience": "", "expirationSeconds": 599 },
                { "audience": "" },
                { "audience": "a", "expirationSeconds": 4_294_967_297_i64 },
            ],
        } }),
        &expect![[r#"
            spec.fsGroupPolicy: Unsupported value: "Some": supported values: "File", "None", "ReadWriteOnceWithFSType"
            spec.tokenRequests[0].expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes
            spec.tokenRequests[1].audience: Duplicate value: ""
            spec.tokenRequests[2].expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds
            spec.volumeLifecycleModes: Unsupported value: "Forever": supported values: "Persistent", "Ephemeral"
            spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds
        "#]],
    );
    check_create::<CSIDrivers>(
        json!({ "spec": { "serviceAccountTokenInSecrets": true } }),
        &expect![[r#"
            spec.serviceAccountTokenInSecrets: Invalid value: true: may only be set when `tokenRequests` are specified
        "#]],
    );
    check_update::<CSIDrivers>(
        json!({}),
        json!({ "spec": {
            "attachRequired": false,
            "volumeLifecycleModes": ["Ephemeral"],
            "podInfoOnMount": true,
        } }),
        &expect![[r#"
            spec.attachedRequired: Invalid value: false: field is immutable
            spec.volumeLifecycleModes: Invalid value: ["Ephemeral"]: field is immutable
        "#]],
    );
}

#[test]
fn a_node_keeps_the_names_that_drivers_know_it_by() {
    let node = |id: &str, count: i32| {
        json!({ "spec": { "drivers": [
            { "name": "example.com", "nodeID": id, "allocatable": { "count": count } },
        ] } })
    };
    check_update::<CSINodes>(
        node("a", 1),
        node("b", 2),
        &expect![[r#"
        spec.drivers: Invalid value: {"name":"example.com","nodeID":"b"}: field is immutable
    "#]],
    );
    check_update::<CSINodes>(node("a", 1), node("a", 2), &expect![[r#""#]]);
    let odd = json!({ "name": "", "nodeID": "", "topologyKeys": ["a b", "zone", "zone"] });
    let twin = json!({ "name": "example.com", "nodeID": "a", "allocatable": { "count": -1 } });
    check_create::<CSINodes>(
        json!({ "spec": { "drivers": [odd, twin, twin] } }),
        &expect![[r#"
            spec.drivers[0].name: Required value
            spec.drivers[0].name: Invalid value: "": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            spec.drivers[0].nodeID: Required value
            spec.drivers[0]: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')
            spec.drivers[0]: Duplicate value: "zone"
            spec.drivers[1].allocatable.count: Invalid value: -1: must be greater than or equal to 0
            spec.drivers[2].allocatable.count: Invalid value: -1: must be greater than or equal to 0
            spec.drivers[2].name: Duplicate value: "example.com"
        "#]],
    );
    check_row::<CSINodes>(
        node("a", 1),
        &expect![[r#"
        Name: web
        Drivers: 1
        Age: <unknown>
    "#]],
    );
}

#[test]
fn a_capacity_is_of_one_class_in_one_place() {
    let room =
        |class: &str, capacity: &str| json!({ "storageClassName": class, "capacity": capacity });
    check_row::<CSIStorageCapacities>(
        room("fast", "1Gi"),
        &expect![[r#"
        Name: web
        StorageClassName: fast
        Capacity: 1Gi
    "#]],
    );
    check_row::<CSIStorageCapacities>(
        json!({ "storageClassName": "fast" }),
        &expect![[r#"
        Name: web
        StorageClassName: fast
        Capacity: <unset>
    "#]],
    );
    check_create::<CSIStorageCapacities>(
        room("A", "-1"),
        &expect![[r#"
        storageClassName: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
        capacity: Invalid value: "-1": must be greater than or equal to 0
    "#]],
    );
    let mut moved = room("slow", "2048Mi");
    moved["nodeTopology"] = json!({});
    check_update::<CSIStorageCapacities>(
        room("fast", "1Gi"),
        moved,
        &expect![[r#"
        nodeTopology: Invalid value: {}: field is immutable
        storageClassName: Invalid value: "slow": field is immutable
    "#]],
    );
}

fn attachment(source: &Value) -> Value {
    json!({ "spec": { "attacher": "example.com", "nodeName": "n", "source": source } })
}

#[test]
fn an_attachment_is_for_one_volume_and_stays() {
    check_create::<VolumeAttachments>(
        json!({}),
        &expect![[r#"
        spec.attacher: Required value
        spec.attacher: Invalid value: "": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
        spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName
        spec.nodeName: Invalid value: "": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
    "#]],
    );
    let both = json!({ "persistentVolumeName": "a", "inlineVolumeSpec": {} });
    check_create::<VolumeAttachments>(
        attachment(&both),
        &expect![[r#"
        spec.source: Forbidden: must specify exactly one of inlineVolumeSpec and persistentVolumeName
    "#]],
    );
    let inline = json!({ "inlineVolumeSpec": {
        "accessModes": ["ReadWriteOnce"],
        "capacity": { "storage": "1" },
        "claimRef": { "name": "a" },
        "hostPath": { "path": "/" },
        "nodeAffinity": {},
        "persistentVolumeReclaimPolicy": "Delete",
        "storageClassName": "a",
        "volumeMode": "Block",
    } });
    check_create::<VolumeAttachments>(
        attachment(&inline),
        &expect![[r#"
        spec.source.inlineVolumeSpec.claimRef: Forbidden: may not be specified in the context of inline volumes
        spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified in the context of inline volumes
        spec.source.inlineVolumeSpec.csi: Required value: has to be specified in the context of inline volumes
        spec.source.inlineVolumeSpec.persistentVolumeReclaimPolicy: Forbidden: may only be Retain in the context of inline volumes
        spec.source.inlineVolumeSpec.nodeAffinity: Forbidden: may not be specified in the context of inline volumes
        spec.source.inlineVolumeSpec.storageClassName: Forbidden: may not be specified in the context of inline volumes
        spec.source.inlineVolumeSpec.volumeMode: Forbidden: may not specify volumeMode other than Filesystem in the context of inline volumes
    "#]],
    );
    let [old, new] = ["a", "b"].map(|name| attachment(&json!({ "persistentVolumeName": name })));
    check_update::<VolumeAttachments>(
        old.clone(),
        new,
        &expect![[r#"
        spec: Invalid value: {"attacher":"example.com","nodeName":"n","source":{"persistentVolumeName":"b"}}: field is immutable
    "#]],
    );
    check_defaults::<VolumeAttachments>(
        old.clone(),
        &expect![[r#"
        status.attached = false
    "#]],
    );
    check_row::<VolumeAttachments>(
        old,
        &expect![[r#"
        Name: web
        Attacher: example.com
        PV: a
        Node: n
        Attached: false
        Age: <unknown>
    "#]],
    );
}

#[test]
fn a_status_of_an_attachment_comes_without_metadata() {
    let old = created::<VolumeAttachments>(attachment(&json!({ "persistentVolumeName": "a" })));
    let mut new = old.clone();
    new.set(&["metadata", "labels"], json!({ "a": "b" }));
    new.set(&["status", "attached"], true.into());
    let hooks = describe::<VolumeAttachments>().hooks;
    hooks.prepare_status(&mut new, &old).unwrap();
    assert_eq!(new.at(&["metadata", "labels"]), None);
    assert_eq!(new.at(&["status", "attached"]), Some(&true.into()));
    let failed = |object: &mut Object| {
        let error = json!({ "message": "x".repeat(1025), "errorCode": -1 });
        object.set(&["status", "attachError"], error);
    };
    check_status_change::<VolumeAttachments>(
        &old,
        failed,
        &expect![[r#"
        status.attachError.message: Too long: may not be more than 262144 bytes
        status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive
    "#]],
    );
}
