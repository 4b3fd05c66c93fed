//! Between the two versions: what the first one has no fields for lies in its annotations, in the
//! notation that its clients know.

mod measured;

use gantry_api::Object;
use k8s_openapi::api::autoscaling::{v1, v2};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";
const CURRENT_METRICS: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";

const TARGET_CPU: [&str; 2] = ["spec", "targetCPUUtilizationPercentage"];
const CURRENT_CPU: [&str; 2] = ["status", "currentCPUUtilizationPercentage"];

/// The tree as a typed object.
pub(super) fn typed<T: DeserializeOwned>(object: &Object) -> Option<T> {
    T::deserialize(&Value::Object(object.0.clone())).ok()
}

/// An object of the first version in the form of the second.
pub(super) fn second(from: &v1::HorizontalPodAutoscaler) -> Option<v2::HorizontalPodAutoscaler> {
    typed(&to_second(object(from)?))
}

/// An object of the second version in the form of the first.
pub(super) fn first(from: &v2::HorizontalPodAutoscaler) -> Option<v1::HorizontalPodAutoscaler> {
    typed(&to_first(object(from)?))
}

fn object<T: Serialize>(from: &T) -> Option<Object> {
    Object::from_value(serde_json::to_value(from).ok()?)
}

/// The notes on a status are not its writer's to change on the main resource.
pub(super) fn keep_status(metadata: &mut ObjectMeta, old: Option<&ObjectMeta>) {
    let known = old.and_then(|old| old.annotations.as_ref());
    for note in [CURRENT_METRICS, CONDITIONS] {
        match known.and_then(|known| known.get(note)) {
            Some(text) => {
                let notes = metadata.annotations.get_or_insert_default();
                notes.insert(note.to_owned(), text.clone());
            }
            None => {
                if let Some(notes) = &mut metadata.annotations {
                    notes.remove(note);
                }
            }
        }
    }
}

/// An object of the first version in the form of the second.
pub(super) fn to_second(mut object: Object) -> Object {
    let mut metrics = Vec::new();
    if let Some(percent) = object.remove(&TARGET_CPU) {
        let target = json!({ "type": "Utilization", "averageUtilization": percent });
        let resource = json!({ "name": "cpu", "target": target });
        metrics.push(json!({ "type": "Resource", "resource": resource }));
    }
    let others = list(take_note(&mut object, METRICS));
    metrics.extend(others.into_iter().map(measured::wanted_in_second));
    put_list(&mut object, &["spec", "metrics"], metrics);
    if let Some(behavior) = take_note(&mut object, BEHAVIOR) {
        let behavior = renamed(behavior, str::to_ascii_lowercase);
        object.set(&["spec", "behavior"], behavior);
    }

    let percent = object.remove(&CURRENT_CPU);
    let current = take_note(&mut object, CURRENT_METRICS);
    // What was noted says more than the percentage.
    let current = match (current, percent) {
        (Some(noted), _) => list(Some(noted))
            .into_iter()
            .map(measured::found_in_second)
            .collect(),
        (None, Some(percent)) => {
            let resource = json!({ "name": "cpu", "current": { "averageUtilization": percent } });
            vec![json!({ "type": "Resource", "resource": resource })]
        }
        (None, None) => Vec::new(),
    };
    put_list(&mut object, &["status", "currentMetrics"], current);
    let conditions = list(take_note(&mut object, CONDITIONS));
    put_list(&mut object, &["status", "conditions"], conditions);
    object.set(&["apiVersion"], "autoscaling/v2".into());
    object
}

/// An object of the second version in the form of the first.
pub(super) fn to_first(mut object: Object) -> Object {
    let metrics = list(object.remove(&["spec", "metrics"]));
    let percent = metrics.iter().find_map(cpu_target).cloned();
    let others = metrics
        .into_iter()
        .filter(|metric| cpu_target(metric).is_none())
        .map(measured::wanted_in_first);
    put_note(&mut object, METRICS, others.collect());
    if let Some(percent) = percent {
        object.set(&TARGET_CPU, percent);
    }
    if let Some(behavior) = object.remove(&["spec", "behavior"]) {
        let behavior = renamed(behavior, str::to_ascii_uppercase);
        let path = ["metadata", "annotations", BEHAVIOR];
        object.set(&path, behavior.to_string().into());
    }

    let current = list(object.remove(&["status", "currentMetrics"]));
    let percent = current.iter().find_map(cpu_found).cloned();
    let current = current.into_iter().map(measured::found_in_first);
    put_note(&mut object, CURRENT_METRICS, current.collect());
    if let Some(percent) = percent {
        object.set(&CURRENT_CPU, percent);
    }
    let conditions = list(object.remove(&["status", "conditions"]));
    put_note(&mut object, CONDITIONS, conditions);
    object.set(&["apiVersion"], "autoscaling/v1".into());
    object
}

fn cpu_target(metric: &Value) -> Option<&Value> {
    let resource = metric
        .get("resource")
        .filter(|resource| resource["name"] == "cpu")?;
    resource.get("target")?.get("averageUtilization")
}

fn cpu_found(metric: &Value) -> Option<&Value> {
    let resource = metric
        .get("resource")
        .filter(|resource| resource["name"] == "cpu")?;
    resource.get("current")?.get("averageUtilization")
}

/// Removes an annotation that holds JSON. One that does not stays where it is.
fn take_note(object: &mut Object, note: &str) -> Option<Value> {
    let path = ["metadata", "annotations", note];
    let value = serde_json::from_str(object.text(&path)).ok()?;
    object.remove(&path);
    Some(value)
}

fn put_note(object: &mut Object, note: &str, list: Vec<Value>) {
    if !list.is_empty() {
        let text = Value::Array(list).to_string();
        object.set(&["metadata", "annotations", note], text.into());
    }
}

fn list(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    }
}

fn put_list(object: &mut Object, path: &[&str], list: Vec<Value>) {
    if !list.is_empty() {
        object.set(path, list.into());
    }
}

/// The tree with the first letter of each name changed: noted behaviour has large ones.
fn renamed(value: Value, letter: fn(&str) -> String) -> Value {
    match value {
        Value::Object(fields) => {
            let rename = |(name, value): (String, Value)| {
                let (first, rest) = name.split_at(name.chars().next().map_or(0, char::len_utf8));
                (format!("{}{rest}", letter(first)), renamed(value, letter))
            };
            Value::Object(fields.into_iter().map(rename).collect::<Map<_, _>>())
        }
        Value::Array(items) => {
            let items = items.into_iter().map(|item| renamed(item, letter));
            Value::Array(items.collect())
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}
