//! What is known of a request, and what of it an event says.

use std::collections::BTreeMap;

use gantry_api::Caller;
use gantry_base::Timestamp;
use gantry_base::time::rfc3339_micro;
use serde_json::{Map, Value, json};

use super::{Judged, Level, Stage};

/// What is known of a request so far.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The identifier of the request.
    pub id: String,
    /// The path and the query, as they were sent.
    pub uri: String,
    /// The permission's word for what is asked.
    pub verb: String,
    /// Who asks, if that is known.
    pub caller: Option<Caller>,
    /// As whom they act.
    pub acts_as: Option<Caller>,
    /// From where, the client's own address last.
    pub sources: Vec<String>,
    /// What the client calls itself.
    pub agent: String,
    /// What object it is about.
    pub object: Option<ObjectRef>,
    /// When it was received.
    pub received: Timestamp,
    /// What was sent.
    pub request: Option<Value>,
    /// What was answered.
    pub response: Option<Value>,
    /// How it went.
    pub status: Option<Value>,
    /// What else was noted.
    pub annotations: BTreeMap<String, String>,
}

/// An object, in parts; empty ones are not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectRef {
    /// The plural name of the resource.
    pub resource: String,
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The part of the object.
    pub subresource: String,
}

impl Record {
    /// What is written down at a stage.
    #[must_use]
    pub fn event(&self, judged: &Judged, stage: Stage, now: Timestamp) -> Value {
        let mut event = json!({
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": judged.level.as_str(),
            "auditID": self.id,
            "stage": stage.as_str(),
            "requestURI": self.uri,
            "verb": self.verb,
            "user": self.caller.as_ref().map_or_else(|| json!({}), |caller| json!(caller)),
        });
        let object = self.object.as_ref().map(ObjectRef::to_value);
        let objects = [
            ("requestObject", Level::Request, &self.request),
            ("responseObject", Level::RequestResponse, &self.response),
        ];
        let mut add = |field: &str, value: Option<Value>| {
            if let Some(value) = value {
                event[field] = value;
            }
        };
        add(
            "impersonatedUser",
            self.acts_as.as_ref().map(|own| json!(own)),
        );
        add("sourceIPs", some(&self.sources));
        add("userAgent", some(&self.agent));
        add("objectRef", object);
        let is_over = stage != Stage::RequestReceived;
        add("responseStatus", self.status.clone().filter(|_| is_over));
        for (field, level, value) in objects {
            let value = value.clone().filter(|_| is_over && level <= judged.level);
            add(field, value.map(|value| unmanaged(value, judged)));
        }
        add(
            "requestReceivedTimestamp",
            Some(rfc3339_micro(self.received).into()),
        );
        add("stageTimestamp", Some(rfc3339_micro(now).into()));
        if is_over && !self.annotations.is_empty() {
            add("annotations", Some(json!(self.annotations)));
        }
        event
    }
}

fn some<T: Default + PartialEq + serde::Serialize>(value: &T) -> Option<Value> {
    (*value != T::default()).then(|| json!(value))
}

impl ObjectRef {
    fn to_value(&self) -> Value {
        let all = [
            ("resource", &self.resource),
            ("namespace", &self.namespace),
            ("name", &self.name),
            ("apiGroup", &self.group),
            ("apiVersion", &self.version),
            ("subresource", &self.subresource),
        ];
        let said = all.into_iter().filter(|(_, value)| !value.is_empty());
        let said: Map<String, Value> = said
            .map(|(field, value)| (field.to_owned(), Value::from(value.as_str())))
            .collect();
        Value::Object(said)
    }
}

/// The same object, or list of objects, without who manages which field, if that is to be left out.
fn unmanaged(mut value: Value, judged: &Judged) -> Value {
    if judged.omit_managed_fields {
        let items = value.get_mut("items").and_then(Value::as_array_mut);
        items.into_iter().flatten().for_each(forget_managers);
        forget_managers(&mut value);
    }
    value
}

fn forget_managers(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
}
