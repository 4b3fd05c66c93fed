//! What people send: whole requests, as kubectl would write them.

use serde_json::{Value, json};

use gantry_api::{GroupResource, ObjectKey};
use gantry_registry::Request;
use gantry_registry::request::{PatchType, Verb};
use gantry_steering::requests::{body, request};

use crate::chance::Dice;

/// Where an application lives.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Place {
    fn key(&self, group: &str, resource: &str) -> ObjectKey {
        ObjectKey::new(
            GroupResource::new(group, resource),
            &self.namespace,
            &self.name,
        )
    }
}

fn deployments(place: &Place, verb: Verb) -> Request {
    request(verb, &place.key("apps", "deployments"), "v1")
}

fn apply(key: &ObjectKey, content: &Value) -> Request {
    let mut request = request(Verb::Patch(PatchType::Apply), key, "v1");
    request.options.field_manager = Some("kubectl".to_owned());
    request.options.force = true;
    request.body = body(content);
    request
}

fn merge(mut request: Request, patch: &Value) -> Request {
    request.verb = Verb::Patch(PatchType::Merge);
    request.body = body(patch);
    request
}

fn image(dice: &mut Dice) -> String {
    format!("shop:{}", dice.below(6))
}

/// The pods of an application; every draw is a slightly other one.
fn template(place: &Place, dice: &mut Dice) -> Value {
    let mut container = json!({
        "name": "main",
        "image": image(dice),
        "ports": [{"containerPort": 80}],
        "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}},
    });
    if dice.hits(600_000) {
        container["readinessProbe"] =
            json!({"tcpSocket": {"port": 80}, "periodSeconds": 5, "failureThreshold": 2});
    }
    if dice.hits(200_000) {
        container["livenessProbe"] =
            json!({"tcpSocket": {"port": 80}, "periodSeconds": 10, "initialDelaySeconds": 5});
    }
    let mut spec = json!({
        "containers": [container],
        "terminationGracePeriodSeconds": dice.below(20),
    });
    if dice.hits(150_000) {
        spec["initContainers"] = json!([{"name": "first", "image": image(dice)}]);
    }
    json!({"metadata": {"labels": {"app": place.name}}, "spec": spec})
}

pub(super) fn apply_deployment(place: &Place, dice: &mut Dice, replicas: u64) -> Request {
    let strategy = if dice.hits(150_000) {
        json!({"type": "Recreate"})
    } else {
        let surge = dice.below(3);
        let unavailable = if surge == 0 { 1 } else { dice.below(2) };
        json!({"type": "RollingUpdate", "rollingUpdate": {
            "maxSurge": surge, "maxUnavailable": unavailable,
        }})
    };
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": place.name, "namespace": place.namespace},
        "spec": {
            "replicas": dice.below(replicas + 1),
            "revisionHistoryLimit": 2,
            "selector": {"matchLabels": {"app": place.name}},
            "strategy": strategy,
            "template": template(place, dice),
        },
    });
    apply(&place.key("apps", "deployments"), &deployment)
}

/// An application of which nothing is particular but how many there are.
pub(super) fn fill(place: &Place, replicas: u64) -> Request {
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": place.name, "namespace": place.namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": place.name}},
            "template": {
                "metadata": {"labels": {"app": place.name}},
                "spec": {"containers": [{
                    "name": "main",
                    "image": "shop:1",
                    "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}},
                }]},
            },
        },
    });
    apply(&place.key("apps", "deployments"), &deployment)
}

pub(super) fn apply_replication_controller(place: &Place, dice: &mut Dice) -> Request {
    let controller = json!({
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": place.name, "namespace": place.namespace},
        "spec": {
            "replicas": dice.below(4),
            "selector": {"app": place.name},
            "template": template(place, dice),
        },
    });
    apply(&place.key("", "replicationcontrollers"), &controller)
}

pub(super) fn apply_service(place: &Place, dice: &mut Dice) -> Request {
    let kind = if dice.hits(300_000) {
        "NodePort"
    } else {
        "ClusterIP"
    };
    let service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": place.name, "namespace": place.namespace},
        "spec": {
            "type": kind,
            "selector": {"app": place.name},
            "ports": [{"port": 80, "targetPort": 80}],
        },
    });
    apply(&place.key("", "services"), &service)
}

pub(super) fn delete_service(place: &Place) -> Request {
    request(Verb::Delete, &place.key("", "services"), "v1")
}

pub(super) fn scale(place: &Place, replicas: u64) -> Request {
    let mut request = deployments(place, Verb::Get);
    request.subresource = Some("scale".to_owned());
    merge(request, &json!({"spec": {"replicas": replicas}}))
}

pub(super) fn set_image(place: &Place, dice: &mut Dice) -> Request {
    let mut request = deployments(place, Verb::Patch(PatchType::StrategicMerge));
    let image = image(dice);
    request.body = body(&json!({"spec": {"template": {"spec": {
        "containers": [{"name": "main", "image": image}],
    }}}}));
    request
}

pub(super) fn pause(place: &Place, is_paused: bool) -> Request {
    merge(
        deployments(place, Verb::Get),
        &json!({"spec": {"paused": is_paused}}),
    )
}

pub(super) fn delete_deployment(place: &Place, how: &str) -> Request {
    let mut request = deployments(place, Verb::Delete);
    request.options.delete.propagation_policy = Some(how.to_owned());
    request
}

pub(super) fn list_pods(field_selector: &str) -> Request {
    let key = ObjectKey::new(GroupResource::new("", "pods"), "default", "");
    let mut request = request(Verb::List, &key, "v1");
    request.options.field_selector =
        Some(field_selector.to_owned()).filter(|text| !text.is_empty());
    request
}

fn pod(object: &Value, verb: Verb) -> Request {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    let key = ObjectKey::new(
        GroupResource::new("", "pods"),
        text("namespace"),
        text("name"),
    );
    request(verb, &key, "v1")
}

pub(super) fn delete_pod(object: &Value) -> Request {
    pod(object, Verb::Delete)
}

pub(super) fn evict_pod(object: &Value) -> Request {
    let mut request = pod(object, Verb::Create);
    request.subresource = Some("eviction".to_owned());
    request.body = body(&json!({
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {
            "name": object["metadata"]["name"],
            "namespace": object["metadata"]["namespace"],
        },
    }));
    request
}

pub(super) fn create_pod(place: &Place, dice: &mut Dice) -> Request {
    let mut content = template(place, dice);
    content["apiVersion"] = json!("v1");
    content["kind"] = json!("Pod");
    content["metadata"]["generateName"] = json!(format!("{}-", place.name));
    let mut key = place.key("", "pods");
    key.name.clear();
    let mut request = request(Verb::Create, &key, "v1");
    request.body = body(&content);
    request
}

/// A quota of so many pods.
pub(super) fn create_quota(place: &Place, pods: u64) -> Request {
    let mut key = place.key("", "resourcequotas");
    key.name.clear();
    let mut request = request(Verb::Create, &key, "v1");
    request.body = body(&json!({
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": place.name},
        "spec": {"hard": {"pods": pods.to_string()}},
    }));
    request
}

/// A budget that lets one pod of an application go at a time.
pub(super) fn apply_budget(place: &Place) -> Request {
    let budget = json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": place.name, "namespace": place.namespace},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": place.name}}},
    });
    apply(&place.key("policy", "poddisruptionbudgets"), &budget)
}

pub(super) fn delete_budget(place: &Place) -> Request {
    request(
        Verb::Delete,
        &place.key("policy", "poddisruptionbudgets"),
        "v1",
    )
}

pub(super) fn create_namespace(name: &str) -> Request {
    let key = ObjectKey::new(GroupResource::new("", "namespaces"), "", "");
    let mut request = request(Verb::Create, &key, "v1");
    request.body =
        body(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    request
}

pub(super) fn delete_namespace(name: &str) -> Request {
    let key = ObjectKey::new(GroupResource::new("", "namespaces"), "", name);
    request(Verb::Delete, &key, "v1")
}

pub(super) fn cordon(node: usize, is_cordoned: bool) -> Request {
    let key = ObjectKey::new(GroupResource::new("", "nodes"), "", &format!("node-{node}"));
    merge(
        request(Verb::Get, &key, "v1"),
        &json!({"spec": {"unschedulable": is_cordoned}}),
    )
}

/// Reads one object and some lists.
pub(super) fn look(place: &Place) -> Vec<Request> {
    let list = |group: &str, resource: &str| {
        let key = ObjectKey::new(GroupResource::new(group, resource), &place.namespace, "");
        request(Verb::List, &key, "v1")
    };
    vec![
        deployments(place, Verb::Get),
        list("apps", "deployments"),
        list("", "services"),
        list_pods(""),
    ]
}
