//! `/binding`: puts a pod on a node.
//!
//! A pod is bound once and never moves; whoever comes second is told so.

use serde_json::{Value, json};

use gantry_api::{Object, ObjectKey, Rejection};
use gantry_base::time::rfc3339;

use crate::call::Call;
use crate::decode::{self, Expected};
use crate::managers::{self, Writer};
use crate::metadata;
use crate::registry::resource;
use crate::step::{Payload, Reply, Step};

const BINDING: Expected<'static> = Expected {
    group: "",
    version: "v1",
    kind: "Binding",
    schema: None,
};

/// Binds the object that the path names.
pub(super) fn create(call: &mut Call<'_>) -> Result<Step, Rejection> {
    let binding = decode::object_as(call, BINDING)?;
    let name = call.request.name().to_owned();
    if !binding.name().is_empty() && binding.name() != name {
        return Err(Rejection::bad_request(format!(
            "the name of the binding ({}) does not match the name on the URL ({name})",
            binding.name()
        )));
    }
    place(call, &name, &binding)
}

/// Binds the pod that the binding in the body names: the older form, a resource of its own.
pub(crate) fn bind(call: &mut Call<'_>) -> Result<Step, Rejection> {
    let binding = decode::object_as(call, BINDING)?;
    let pods = crate::request::Resource::new("v1", "pods");
    let bindable = call
        .registry
        .kinds()
        .iter()
        .find(|kind| resource(kind) == pods);
    call.kind = bindable.ok_or(Rejection::NoSuchPath)?;
    place(call, binding.name(), &binding)
}

fn place(call: &mut Call<'_>, name: &str, binding: &Object) -> Result<Step, Rejection> {
    let key: ObjectKey = call.key(name);
    let missing = || Rejection::not_found(call.resource(), name);
    let stored = call.find(&key).ok_or_else(missing)?;
    let old = call.read(stored)?;
    let node = target(binding)?;
    check(call, &old, binding, &node)?;
    let mut object = old.clone();
    object.set(&["spec", "nodeName"], Value::from(node));
    for notes in ["labels", "annotations"] {
        let given = binding.at(&["metadata", notes]).and_then(Value::as_object);
        for (note, value) in given.into_iter().flatten() {
            object.set(&["metadata", notes, note], value.clone());
        }
    }
    scheduled(call, &mut object);
    metadata::count(call, &mut object, &old);
    managers::record(call, &mut object, Some(&old), Writer::Update)?;
    let step = call.commit_change(&key, stored, &object);
    Ok(step?.answered(|reply| Reply {
        code: 201,
        payload: Payload::Made(bound()),
        ..reply
    }))
}

fn target(binding: &Object) -> Result<String, Rejection> {
    let kind = binding.text(&["target", "kind"]);
    let name = binding.text(&["target", "name"]);
    if name.is_empty() || !matches!(kind, "" | "Node") {
        return Err(Rejection::bad_request(
            "the binding's target must be a Node with a name",
        ));
    }
    Ok(name.to_owned())
}

fn check(call: &Call<'_>, pod: &Object, binding: &Object, node: &str) -> Result<(), Rejection> {
    let uid = binding.uid();
    if !uid.is_empty() && uid != pod.uid() {
        return Err(metadata::precondition(
            call,
            pod.name(),
            "UID",
            uid,
            pod.uid(),
        ));
    }
    let bound_to = pod.text(&["spec", "nodeName"]);
    let why = if pod.is_terminating() {
        format!(
            "pod {} is being deleted, cannot be assigned to a host",
            pod.name()
        )
    } else if !bound_to.is_empty() {
        format!(
            "pod {} is already assigned to node {bound_to:?}, not to {node:?}",
            pod.name()
        )
    } else if pod
        .at(&["spec", "schedulingGates"])
        .and_then(Value::as_array)
        .is_some_and(|gates| !gates.is_empty())
    {
        format!("pod {} has non-empty .spec.schedulingGates", pod.name())
    } else {
        return Ok(());
    };
    Err(Rejection::Conflict {
        resource: call.resource(),
        name: pod.name().to_owned(),
        why,
    })
}

/// Notes that the pod has its place.
fn scheduled(call: &Call<'_>, pod: &mut Object) {
    let condition = json!({
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": null,
        "lastTransitionTime": rfc3339(call.now),
        "observedGeneration": pod.generation().max(1),
    });
    let known = pod.at(&["status", "conditions"]).and_then(Value::as_array);
    let mut conditions: Vec<Value> = known.cloned().unwrap_or_default();
    conditions.retain(|known| known.get("type") != condition.get("type"));
    conditions.push(condition);
    pod.set(&["status", "conditions"], Value::from(conditions));
}

/// A success that tells at which revision the pod has its node: whoever binds the next one has to
/// wait until it sees that, or two pods get the same place.
fn bound() -> Value {
    let mut status = success(201);
    // The commit fills it in.
    status["metadata"]["resourceVersion"] = Value::from("");
    status
}

/// The `Status` of a request whose success needs no further words.
pub(super) fn success(code: u16) -> Value {
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "code": code,
    })
}
