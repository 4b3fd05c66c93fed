//! What a stateful set gets, and what of it may change.

use expect_test::expect;
use serde_json::{Value, json};

use super::StatefulSets;
use crate::testing::{
    check_create, check_defaults, check_row, check_status, check_update, warnings,
};

fn set(spec: Value) -> Value {
    let mut fields = json!({
        "serviceName": "db",
        "selector": { "matchLabels": { "app": "db" } },
        "template": {
            "metadata": { "labels": { "app": "db" } },
            "spec": { "containers": [{ "name": "a", "image": "postgres:17" }] },
        },
    });
    fields
        .as_object_mut()
        .unwrap()
        .extend(spec.as_object().unwrap().clone());
    json!({ "spec": fields })
}

#[test]
fn a_small_set_gets_the_rest() {
    let claims = json!({ "volumeClaimTemplates": [{
        "metadata": { "name": "data" },
        "spec": { "accessModes": ["ReadWriteOnce"] },
    }] });
    check_defaults::<StatefulSets>(
        set(claims),
        &expect![[r#"
        spec.persistentVolumeClaimRetentionPolicy.whenDeleted = "Retain"
        spec.persistentVolumeClaimRetentionPolicy.whenScaled = "Retain"
        spec.podManagementPolicy = "OrderedReady"
        spec.replicas = 1
        spec.revisionHistoryLimit = 10
        spec.template.spec.containers[0].imagePullPolicy = "IfNotPresent"
        spec.template.spec.containers[0].resources = {}
        spec.template.spec.containers[0].terminationMessagePath = "/dev/termination-log"
        spec.template.spec.containers[0].terminationMessagePolicy = "File"
        spec.template.spec.dnsPolicy = "ClusterFirst"
        spec.template.spec.restartPolicy = "Always"
        spec.template.spec.schedulerName = "default-scheduler"
        spec.template.spec.securityContext = {}
        spec.template.spec.terminationGracePeriodSeconds = 30
        spec.updateStrategy.rollingUpdate.maxUnavailable = 1
        spec.updateStrategy.rollingUpdate.partition = 0
        spec.updateStrategy.type = "RollingUpdate"
        spec.volumeClaimTemplates[0].apiVersion = "v1"
        spec.volumeClaimTemplates[0].kind = "PersistentVolumeClaim"
        spec.volumeClaimTemplates[0].spec.volumeMode = "Filesystem"
        spec.volumeClaimTemplates[0].status.phase = "Pending"
        status.replicas = 0
    "#]],
    );
}

#[test]
fn numbers_and_words_are_checked() {
    let spec = json!({
        "replicas": -1,
        "serviceName": "1db",
        "podManagementPolicy": "Random",
        "minReadySeconds": -1,
        "ordinals": { "start": -1 },
        "persistentVolumeClaimRetentionPolicy": { "whenDeleted": "Burn" },
        "updateStrategy": { "rollingUpdate": { "partition": -1, "maxUnavailable": "0%" } },
        "volumeClaimTemplates": [{ "metadata": { "name": "Data" } }],
        "selector": {},
    });
    check_create::<StatefulSets>(
        set(spec),
        &expect![[r#"
            spec.podManagementPolicy: Invalid value: "Random": must be 'OrderedReady' or 'Parallel'
            spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0
            spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "0%": cannot be 0
            spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Burn": supported values: "Delete", "Retain"
            spec.replicas: Invalid value: -1: must be greater than or equal to 0
            spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0
            spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0
            spec.serviceName: Invalid value: "1db": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')
            spec.selector: Required value
            spec.template.metadata.labels: Invalid value: {"app":"db"}: `selector` does not match template `labels`
            spec.volumeClaimTemplates[0].metadata.name: Invalid value: "Data": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')
        "#]],
    );
    let strategy = json!({ "updateStrategy": { "type": "OnDelete", "rollingUpdate": {} } });
    check_create::<StatefulSets>(
        set(strategy),
        &expect![[r#"
        spec.updateStrategy.rollingUpdate: Invalid value: {}: only allowed for updateStrategy 'RollingUpdate'
    "#]],
    );
    let strategy = json!({ "updateStrategy": { "type": "Slowly" } });
    check_create::<StatefulSets>(
        set(strategy),
        &expect![[r#"
        spec.updateStrategy: Invalid value: {"type":"Slowly"}: must be 'RollingUpdate' or 'OnDelete'
    "#]],
    );
    let template = json!({ "template": {
        "metadata": { "labels": { "app": "other" } },
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": 5,
            "containers": [{ "name": "a", "image": "postgres:17" }],
        },
    } });
    check_create::<StatefulSets>(
        set(template),
        &expect![[r#"
        spec.template.metadata.labels: Invalid value: {"app":"other"}: `selector` does not match template `labels`
        spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"
        spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported
    "#]],
    );
}

#[test]
fn only_some_of_it_may_change() {
    let may = json!({
        "replicas": 3,
        "minReadySeconds": 5,
        "ordinals": { "start": 2 },
        "revisionHistoryLimit": 3,
        "updateStrategy": { "type": "OnDelete" },
        "persistentVolumeClaimRetentionPolicy": { "whenScaled": "Delete" },
    });
    check_update::<StatefulSets>(set(json!({})), set(may), &expect![[r#""#]]);
    let may_not = json!({ "serviceName": "other" });
    check_update::<StatefulSets>(
        set(json!({})),
        set(may_not),
        &expect![[r#"
        spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden
    "#]],
    );
}

#[test]
fn a_status_counts_no_more_pods_than_there_are() {
    let mut new = set(json!({}));
    new["status"] = json!({
        "replicas": 2, "readyReplicas": 1, "currentReplicas": 3, "updatedReplicas": -1,
        "availableReplicas": 2, "observedGeneration": -1, "collisionCount": 1,
    });
    let mut old = set(json!({}));
    old["status"] = json!({ "replicas": 0, "collisionCount": 2 });
    check_status::<StatefulSets>(
        old,
        new,
        &expect![[r#"
        status.currentReplicas: Invalid value: 3: cannot be greater than status.replicas
        status.updatedReplicas: Invalid value: -1: must be greater than or equal to 0
        status.observedGeneration: Invalid value: -1: must be greater than or equal to 0
        status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas
        status.collisionCount: Invalid value: 1: cannot be decremented
    "#]],
    );
}

#[test]
fn who_keeps_all_revisions_is_told_so() {
    let told = warnings::<StatefulSets>(set(json!({ "revisionHistoryLimit": -1 })));
    assert_eq!(
        told,
        [
            "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value \
             >= 0 is recommended"
        ]
    );
}

#[test]
fn the_row_counts_pods() {
    let mut fields = set(json!({ "replicas": 3 }));
    fields["status"] = json!({ "replicas": 3, "readyReplicas": 2 });
    check_row::<StatefulSets>(
        fields,
        &expect![[r#"
        Name: web
        Ready: 2/3
        Age: <unknown>
        Containers: a
        Images: postgres:17
    "#]],
    );
}
