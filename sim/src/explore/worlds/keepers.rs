//! Stories of those who count what there is, and of those who hold what is still needed.

use serde_json::{Value, json};

use gantry_api::ObjectKey;

use super::super::script::{Step, World, create, key, status};
use super::objects::{change, here, made, pod, remove, replica_set, scale};
use super::{calmly, world};

pub(super) fn all() -> Vec<World> {
    vec![
        healthy(),
        expected(),
        taken(),
        used(),
        bound(),
        needed(),
        gathered(),
        made_again(),
    ]
}

fn budget(spec: Value) -> Step {
    let mut spec = spec;
    spec["selector"] = json!({"matchLabels": {"app": "web"}});
    made(
        "policy",
        "poddisruptionbudgets",
        "policy/v1",
        "PodDisruptionBudget",
        ("web", json!({}), json!({"spec": spec})),
    )
}

fn healthy() -> World {
    let steps = [
        budget(json!({"minAvailable": 1})),
        pod("one", "web", Some("node-0")),
        pod("two", "web", Some("node-0")),
        Step::SetReady("web", false),
        remove(&here("", "pods", "one"), "Background"),
    ];
    world(
        "disruption-controller",
        "counts who is healthy",
        calmly(steps),
    )
}

fn expected() -> World {
    let steps = [
        replica_set("web", 2),
        budget(json!({"maxUnavailable": 1})),
        scale(&here("apps", "replicasets", "web"), 3),
    ];
    World {
        companions: &["replicaset-controller", "default-scheduler"],
        ..world("disruption-controller", "asks for the size", calmly(steps))
    }
}

fn taken() -> World {
    let spec = json!({"hard": {"pods": "5", "requests.cpu": "2"}});
    let quota = made(
        "",
        "resourcequotas",
        "v1",
        "ResourceQuota",
        ("few", json!({}), json!({"spec": spec})),
    );
    let steps = [
        pod("one", "web", Some("node-0")),
        pod("two", "web", Some("node-0")),
        quota,
        remove(&here("", "pods", "one"), "Background"),
        change(
            &here("", "resourcequotas", "few"),
            &json!({"spec": {"hard": {"pods": "6"}}}),
        ),
    ];
    world(
        "resourcequota-controller",
        "counts what is left",
        calmly(steps),
    )
}

fn used() -> World {
    let claim = made(
        "",
        "persistentvolumeclaims",
        "v1",
        "PersistentVolumeClaim",
        (
            "data",
            json!({}),
            json!({"spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "",
                "resources": {"requests": {"storage": "1Gi"}},
            }}),
        ),
    );
    let spec = json!({
        "nodeName": "node-0",
        "containers": [{"name": "main", "image": "shop:1"}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
    });
    let user = made(
        "",
        "pods",
        "v1",
        "Pod",
        ("one", json!({}), json!({"spec": spec})),
    );
    let steps = [
        claim,
        user,
        remove(&here("", "persistentvolumeclaims", "data"), "Background"),
        remove(&here("", "pods", "one"), "Background"),
    ];
    world(
        "pvc-protection-controller",
        "kept while it is used",
        calmly(steps),
    )
}

/// Something that is in no namespace.
fn wide((group, resource): (&str, &str), content: &Value) -> Step {
    Step::Ask(create(group, resource, content))
}

fn bound() -> World {
    let volume = key("", "persistentvolumes", "", "disk");
    let content = json!({
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "disk"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Gi"},
            "hostPath": {"path": "/disk"},
        },
    });
    let phase = |phase: &str| Step::Ask(status(&volume, &json!({ "phase": phase })));
    let steps = [
        wide(("", "persistentvolumes"), &content),
        phase("Bound"),
        remove(&volume, "Background"),
        phase("Released"),
    ];
    world(
        "pv-protection-controller",
        "kept while it is bound",
        calmly(steps),
    )
}

fn needed() -> World {
    const GROUP: &str = "networking.k8s.io";
    let range = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "more"},
        "spec": {"cidrs": ["10.97.0.0/24"]},
    });
    let address = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IPAddress",
        "metadata": {"name": "10.97.0.7"},
        "spec": {"parentRef": {"resource": "services", "namespace": "default", "name": "shop"}},
    });
    let named = |resource: &str, name: &str| key(GROUP, resource, "", name);
    let steps = [
        wide((GROUP, "servicecidrs"), &range),
        wide((GROUP, "ipaddresses"), &address),
        remove(&named("servicecidrs", "more"), "Background"),
        remove(&named("ipaddresses", "10.97.0.7"), "Background"),
    ];
    world(
        "service-cidrs-controller",
        "kept while it is needed",
        calmly(steps),
    )
}

fn role(name: &str) -> ObjectKey {
    key("rbac.authorization.k8s.io", "clusterroles", "", name)
}

fn gathered() -> World {
    let rule =
        |verb: &str| json!([{"apiGroups": ["shop"], "resources": ["carts"], "verbs": [verb]}]);
    let content = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {
            "name": "carts",
            "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"},
        },
        "rules": rule("get"),
    });
    let steps = [
        wide(("rbac.authorization.k8s.io", "clusterroles"), &content),
        change(&role("carts"), &json!({"rules": rule("list")})),
        change(&role("view"), &json!({"rules": rule("delete")})),
        remove(&role("carts"), "Background"),
    ];
    world(
        "clusterrole-aggregation-controller",
        "gathers",
        calmly(steps),
    )
}

fn made_again() -> World {
    const GROUP: &str = "flowcontrol.apiserver.k8s.io";
    let named = |resource: &str, name: &str| key(GROUP, resource, "", name);
    let steps = [
        remove(&named("flowschemas", "catch-all"), "Background"),
        remove(
            &named("prioritylevelconfigurations", "catch-all"),
            "Background",
        ),
    ];
    world("flow-schema-controller", "made again", calmly(steps))
}
