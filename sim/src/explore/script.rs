//! What people do in a small world, as a literal list.

use std::time::Duration;

use serde_json::{Value, json};

use gantry_api::{GroupResource, ObjectKey};
use gantry_registry::Request;
use gantry_registry::request::{PatchType, Verb};
use gantry_steering::requests::{body, request};

use super::ground::{Ground, master};

/// One step of a story.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// When all is quiet, ask this.
    Ask(Request),
    /// Ask this after so many rounds, whatever is under way.
    Amid(usize, Request),
    /// Let time pass.
    Wait(Duration),
    /// A node falls silent.
    Silence(usize),
    /// A silent node is back.
    Revive(usize),
    /// Somebody deletes the first pod with this label `app`.
    DeletePodOf(&'static str),
    /// The first pod with this label `app` becomes ready or ceases to be.
    SetReady(&'static str, bool),
}

/// A small world around one controller.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// The controller that trouble strikes.
    pub(super) controller: &'static str,
    pub(super) name: &'static str,
    /// The controllers beside it, which nothing strikes.
    pub(super) companions: &'static [&'static str],
    pub(super) nodes: usize,
    /// Whether nodes renew their leases.
    pub(super) beats: bool,
    /// Whether the Events in the end count.
    pub(super) shows_events: bool,
    /// How long to look on after the last step.
    pub(super) patience: Duration,
    pub(super) steps: Vec<Step>,
}

/// Does what nothing prevents in a small world.
pub(super) fn ask(ground: &mut Ground, mut request: Request) {
    request.caller = master();
    let words = crate::wording::request(&request);
    if let Err(rejection) = ground.ask(request) {
        // People and nodes may come too late; that is a part of the story.
        let late = matches!(rejection, gantry_api::Rejection::NotFound { .. });
        assert!(late, "could not {words} in a small world: {rejection}");
    }
}

pub(super) fn node_name(number: usize) -> String {
    format!("node-{number}")
}

pub(super) fn key(group: &str, resource: &str, namespace: &str, name: &str) -> ObjectKey {
    ObjectKey::new(GroupResource::new(group, resource), namespace, name)
}

pub(super) fn lease_key(node: &str) -> ObjectKey {
    key("coordination.k8s.io", "leases", "kube-node-lease", node)
}

/// Creates `content` as one of `resource`.
pub(super) fn create(group: &str, resource: &str, content: &Value) -> Request {
    let namespace = content
        .pointer("/metadata/namespace")
        .and_then(Value::as_str);
    let collection = key(group, resource, namespace.unwrap_or(""), "");
    let mut request = request(Verb::Create, &collection, "v1");
    request.body = body(content);
    request
}

pub(super) fn merge(key: &ObjectKey, patch: &Value) -> Request {
    let mut request = request(Verb::Patch(PatchType::Merge), key, "v1");
    request.body = body(patch);
    request
}

/// Says `status` of the object.
pub(super) fn status(key: &ObjectKey, status: &Value) -> Request {
    let mut request = merge(key, &json!({"status": status}));
    request.subresource = Some("status".to_owned());
    request
}

pub(super) fn delete(key: &ObjectKey) -> Request {
    request(Verb::Delete, key, "v1")
}

pub(super) fn delete_how(key: &ObjectKey, propagation: &str) -> Request {
    let mut request = delete(key);
    request.options.delete.propagation_policy = Some(propagation.to_owned());
    request
}

/// The conditions of a pod that is ready or not.
pub(super) fn ready_condition(is_ready: bool) -> Value {
    let status = if is_ready { "True" } else { "False" };
    json!([
        {"type": "Ready", "status": status, "lastTransitionTime": "2030-01-01T00:00:00Z"},
        {"type": "ContainersReady", "status": status, "lastTransitionTime": "2030-01-01T00:00:00Z"},
        {"type": "Initialized", "status": "True", "lastTransitionTime": "2030-01-01T00:00:00Z"},
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2030-01-01T00:00:00Z"},
    ])
}

/// The conditions of a node that is ready since then.
pub(super) fn node_condition(since: &str) -> Value {
    json!([{
        "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ready",
        "lastHeartbeatTime": since, "lastTransitionTime": since,
    }])
}

/// What makes a node: itself, what it can do, and its lease.
pub(super) fn node(number: usize) -> Vec<Request> {
    let name = node_name(number);
    let content = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}});
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": name, "namespace": "kube-node-lease"},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": 40},
    });
    let room = json!({"cpu": "4", "memory": "8Gi", "pods": "110"});
    let said = json!({
        "capacity": room, "allocatable": room,
        "conditions": node_condition("2030-01-01T00:00:00Z"),
    });
    vec![
        create("", "nodes", &content),
        status(&key("", "nodes", "", &name), &said),
        // Nobody is there yet to see that it is ready.
        merge(
            &key("", "nodes", "", &name),
            &json!({"spec": {"taints": null}}),
        ),
        create("coordination.k8s.io", "leases", &lease),
    ]
}
