//! A pod of a runtime class pays that class's overhead, and runs where the class is available.

use serde_json::Value;

use gantry_api::{GroupResource, Object, ObjectKey, Rejection};

use crate::admission::{Admission, is_on};
use crate::call::Call;

const OVERHEAD: &[&str] = &["spec", "overhead"];
const SELECTOR: &[&str] = &["spec", "nodeSelector"];
const TOLERATIONS: &[&str] = &["spec", "tolerations"];

pub(super) struct RuntimeClass;

impl Admission for RuntimeClass {
    fn mutate(
        &self,
        call: &mut Call<'_>,
        object: &mut Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        if old.is_some() || !is_on(call, "", "pods") {
            return Ok(());
        }
        let refuse = |why: String| Rejection::forbidden(call.resource(), object.name(), why);
        *object = class(call, object)
            .and_then(|class| with_class(object, &class))
            .map_err(refuse)?;
        Ok(())
    }
}

/// The class that the pod names; one without any wishes when it names none.
fn class(call: &Call<'_>, pod: &Object) -> Result<Object, String> {
    let name = pod.text(&["spec", "runtimeClassName"]);
    if name.is_empty() {
        return Ok(Object::default());
    }
    let classes = GroupResource::new("node.k8s.io", "runtimeclasses");
    let found = call.look_up(&ObjectKey::new(classes, "", name));
    found.ok_or_else(|| format!("pod rejected: RuntimeClass {name:?} not found"))
}

/// The pod as its class wants it, or why that cannot be.
fn with_class(pod: &Object, class: &Object) -> Result<Object, String> {
    let mut pod = pod.clone();
    match (class.at(&["overhead", "podFixed"]), pod.at(OVERHEAD)) {
        (Some(fixed), None) => pod.set(OVERHEAD, fixed.clone()),
        (Some(fixed), Some(own)) if fixed == own => {}
        (Some(_), Some(_)) => {
            let why = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
            return Err(why.to_owned());
        }
        (None, Some(_)) => {
            let why = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined \
                       Overhead";
            return Err(why.to_owned());
        }
        (None, None) => {}
    }
    select(&mut pod, class)?;
    tolerate(&mut pod, class);
    Ok(pod)
}

/// The pod goes only where both of them want it.
fn select(pod: &mut Object, class: &Object) -> Result<(), String> {
    let labels = |value: Option<&Value>| value.and_then(Value::as_object).cloned();
    let Some(wanted) = labels(class.at(&["scheduling", "nodeSelector"])) else {
        return Ok(());
    };
    let mut selector = labels(pod.at(SELECTOR)).unwrap_or_default();
    for (key, value) in wanted {
        let shown = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if let Some(own) = selector.get(&key).filter(|own| **own != value) {
            let (class, own) = (shown(&value), shown(own));
            return Err(format!(
                "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {class}; \
                 pod.spec.nodeSelector[{key}] = {own}"
            ));
        }
        selector.insert(key, value);
    }
    pod.set(SELECTOR, Value::from(selector));
    Ok(())
}

/// The pod bears what it bears anyway, and what nodes of the class are marked with.
fn tolerate(pod: &mut Object, class: &Object) {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned();
    let Some(wanted) = list(class.at(&["scheduling", "tolerations"])) else {
        return;
    };
    let mut tolerations = list(pod.at(TOLERATIONS)).unwrap_or_default();
    for toleration in wanted {
        if !tolerations.contains(&toleration) {
            tolerations.push(toleration);
        }
    }
    pod.set(TOLERATIONS, Value::from(tolerations));
}
