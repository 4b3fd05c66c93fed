//! A pod's priority is a number that its class decides, never the pod itself.

use serde_json::Value;

use gantry_api::{GroupResource, Object, ObjectKey, Rejection};

use crate::admission::{Admission, is_on};
use crate::call::Call;

/// The classes that exist in every cluster, whether or not they are stored.
const SYSTEM: [(&str, i64); 2] = [
    ("system-cluster-critical", 2_000_000_000),
    ("system-node-critical", 2_000_001_000),
];

/// What a pod may push aside when its class does not say.
const PREEMPTS: &str = "PreemptLowerPriority";

pub(super) struct Priority;

/// What a class decides.
struct Class {
    name: String,
    value: i64,
    preemption: String,
}

impl Admission for Priority {
    fn plugin(&self) -> Option<&'static str> {
        Some("Priority")
    }

    fn mutate(
        &self,
        call: &mut Call<'_>,
        object: &mut Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        if old.is_some() || !is_on(call, "", "pods") {
            return Ok(());
        }
        let class = class(call, object)?;
        let given = object.at(&["spec", "priority"]).and_then(Value::as_i64);
        if let Some(given) = given.filter(|given| *given != class.value) {
            let why = format!(
                "the integer value of priority ({given}) must not be provided in pod spec; \
                 priority admission controller computed {} from the given PriorityClass name",
                class.value
            );
            return Err(Rejection::forbidden(call.resource(), object.name(), why));
        }
        if !class.name.is_empty() {
            object.set(&["spec", "priorityClassName"], Value::from(class.name));
        }
        object.set(&["spec", "priority"], Value::from(class.value));
        let given = object.text(&["spec", "preemptionPolicy"]);
        if !given.is_empty() && given != class.preemption {
            let why = format!(
                "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; \
                 priority admission controller computed {} from the given PriorityClass name",
                class.preemption
            );
            return Err(Rejection::forbidden(call.resource(), object.name(), why));
        }
        object.set(&["spec", "preemptionPolicy"], Value::from(class.preemption));
        Ok(())
    }

    fn validate(
        &self,
        call: &mut Call<'_>,
        object: &Object,
        _old: Option<&Object>,
    ) -> Result<(), Rejection> {
        if !is_on(call, "scheduling.k8s.io", "priorityclasses") || !offers_itself(object) {
            return Ok(());
        }
        let offered = offered(call);
        let other = offered.iter().find(|class| class.name() != object.name());
        let Some(other) = other else { return Ok(()) };
        let why = format!(
            "PriorityClass {} is already marked as default. Only one default can exist",
            other.name()
        );
        Err(Rejection::forbidden(call.resource(), object.name(), why))
    }

    fn deleting(&self, call: &Call<'_>, object: &Object) -> Result<(), Rejection> {
        let is_system = SYSTEM.iter().any(|(name, _)| *name == object.name());
        if is_system && is_on(call, "scheduling.k8s.io", "priorityclasses") {
            let why = "this is a system priority class and cannot be deleted";
            return Err(Rejection::forbidden(call.resource(), object.name(), why));
        }
        Ok(())
    }
}

fn class(call: &Call<'_>, pod: &Object) -> Result<Class, Rejection> {
    let name = pod.text(&["spec", "priorityClassName"]);
    if name.is_empty() {
        return Ok(default_class(call));
    }
    let classes = GroupResource::new("scheduling.k8s.io", "priorityclasses");
    if let Some(stored) = call.look_up(&ObjectKey::new(classes, "", name)) {
        return Ok(read(&stored));
    }
    let system = SYSTEM.iter().find(|(known, _)| *known == name);
    let Some((name, value)) = system else {
        let why = format!("no PriorityClass with name {name} was found");
        return Err(Rejection::forbidden(call.resource(), pod.name(), why));
    };
    Ok(Class {
        name: (*name).to_owned(),
        value: *value,
        preemption: PREEMPTS.to_owned(),
    })
}

/// The class of pods that name none: the lowest of those that offer themselves.
fn default_class(call: &Call<'_>) -> Class {
    let lowest = offered(call)
        .iter()
        .map(read)
        .min_by_key(|class| class.value);
    lowest.unwrap_or_else(|| Class {
        name: String::new(),
        value: 0,
        preemption: PREEMPTS.to_owned(),
    })
}

/// The classes that offer themselves to pods that name none.
fn offered(call: &Call<'_>) -> Vec<Object> {
    let classes = GroupResource::new("scheduling.k8s.io", "priorityclasses");
    let prefix = ObjectKey::prefix(&classes, None);
    let stored = call.snapshot.range(&prefix, None);
    let classes = stored.map(|(_, stored)| stored.value.object(stored.modified));
    classes.filter(offers_itself).collect()
}

fn offers_itself(class: &Object) -> bool {
    class.at(&["globalDefault"]) == Some(&Value::Bool(true))
}

fn read(class: &Object) -> Class {
    let preemption = class.text(&["preemptionPolicy"]);
    Class {
        name: class.name().to_owned(),
        value: class.at(&["value"]).and_then(Value::as_i64).unwrap_or(0),
        preemption: if preemption.is_empty() {
            PREEMPTS
        } else {
            preemption
        }
        .to_owned(),
    }
}
