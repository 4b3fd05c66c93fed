//! `/scale`: the number of replicas, in a form that all scalable kinds share.

use serde_json::{Value, json};

use gantry_api::field_error::FieldErrors;
use gantry_api::{GroupKind, Object, Rejection};
use gantry_base::selector::Selector;
use gantry_kinds::Scale;

use crate::call::Call;
use crate::decode::{self, Expected};
use crate::managers::{self, Writer};
use crate::request::{PatchType, Verb};
use crate::step::{Payload, Reply, Step};
use crate::verbs::patch;
use crate::verbs::update::{self, Part};

const SCALE: Expected<'static> = Expected {
    group: "autoscaling",
    version: "v1",
    kind: "Scale",
    schema: None,
};

/// Reads or sets the number of replicas.
pub(super) fn handle(call: &mut Call<'_>) -> Result<Step, Rejection> {
    let paths = call.kind.scale.as_ref().ok_or(Rejection::NoSuchPath)?;
    let stored = call.stored()?;
    let old = call.read(stored)?;
    let mut writer = Writer::Update;
    let scale = match call.request.verb {
        Verb::Get => {
            let shown = show(&old, paths, old.resource_version());
            return Ok(Step::Reply(Reply::ok(Payload::Made(shown))));
        }
        Verb::Update => decode::object_as(call, SCALE)?,
        Verb::Patch(PatchType::Apply) => {
            writer = Writer::Applied;
            decode::object_as(call, SCALE)?
        }
        Verb::Patch(kind) => {
            let shown = show(&old, paths, old.resource_version());
            let tree = patch::patched(call, kind, shown, SCALE)?;
            decode::fitted(call, tree, SCALE)?
        }
        Verb::List | Verb::Watch | Verb::Create | Verb::Delete | Verb::DeleteCollection => {
            return Err(Rejection::MethodNotAllowed);
        }
    };
    check(call, &scale)?;
    let object = match writer {
        Writer::Update => scaled(old.clone(), &scale, paths),
        // What is applied is the number alone; everything else is somebody else's.
        Writer::Applied => {
            let config = scaled(identity(&old), &scale, paths);
            managers::merged(call, Some(&old), config, Part::Main)?
        }
    };
    let step = update::replace(call, stored, &old, object.clone(), (Part::Main, writer))?;
    // What is about to be written has no revision yet; the commit fills it in.
    let is_written = matches!(step, Step::Commit { .. });
    let revision = if is_written {
        ""
    } else {
        old.resource_version()
    };
    let shown = show(&object, paths, revision);
    Ok(step.answered(|reply| Reply {
        payload: Payload::Made(shown),
        ..reply
    }))
}

/// A path as objects take it.
fn names(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

/// What says which object is meant.
fn identity(object: &Object) -> Object {
    let mut identity = Object::default();
    for path in [
        &["apiVersion"][..],
        &["kind"],
        &["metadata", "name"],
        &["metadata", "namespace"],
    ] {
        if let Some(value) = object.at(path) {
            identity.set(path, value.clone());
        }
    }
    identity
}

/// `object` with the number that `scale` asks for, and with what its writer expects to find.
fn scaled(mut object: Object, scale: &Object, paths: &Scale) -> Object {
    for expected in ["resourceVersion", "uid"] {
        let text = scale.text(&["metadata", expected]);
        if !text.is_empty() {
            object.set(&["metadata", expected], Value::from(text));
        }
    }
    let replicas = scale.at(&["spec", "replicas"]).and_then(Value::as_i64);
    object.set(
        &names(&paths.spec_replicas),
        Value::from(replicas.unwrap_or(0)),
    );
    object
}

/// Refuses what cannot be.
fn check(call: &Call<'_>, scale: &Object) -> Result<(), Rejection> {
    if !scale.name().is_empty() && scale.name() != call.request.name() {
        return Err(Rejection::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            scale.name(),
            call.request.name()
        )));
    }
    let mut errors = FieldErrors::new();
    let replicas = scale.at(&["spec", "replicas"]).and_then(Value::as_i64);
    if let Some(replicas) = replicas.filter(|replicas| *replicas < 0) {
        errors.invalid(
            &"spec.replicas".into(),
            replicas,
            "must be greater than or equal to 0",
        );
        return Err(Rejection::Invalid {
            kind: GroupKind::new("autoscaling", "Scale"),
            name: scale.name().to_owned(),
            errors: errors.into_vec(),
        });
    }
    Ok(())
}

fn show(object: &Object, paths: &Scale, revision: &str) -> Value {
    let number = |path: &[String]| object.at(&names(path)).and_then(Value::as_i64).unwrap_or(0);
    let mut metadata = json!({
        "name": object.name(),
        "uid": object.uid(),
        "resourceVersion": revision,
        "creationTimestamp": object.at(&["metadata", "creationTimestamp"]),
    });
    if !object.namespace().is_empty() {
        metadata["namespace"] = Value::from(object.namespace());
    }
    let mut status = json!({"replicas": number(&paths.status_replicas)});
    let selector = selector(object, &names(&paths.selector));
    if !selector.is_empty() {
        status["selector"] = Value::from(selector);
    }
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": {"replicas": number(&paths.spec_replicas)},
        "status": status,
    })
}

/// The object's selector as text, whether it is text, a map of labels or a label selector.
fn selector(object: &Object, path: &[&str]) -> String {
    let Some(value) = object.at(path) else {
        return String::new();
    };
    if let Some(text) = value.as_str() {
        return text.to_owned();
    }
    let typed = serde_json::from_value(value.clone());
    if value.get("matchLabels").is_some() || value.get("matchExpressions").is_some() {
        return typed.map_or_else(
            |_| String::new(),
            |typed| gantry_api::views::meta::selector(&typed).to_string(),
        );
    }
    serde_json::from_value(value.clone()).map_or_else(
        |_| String::new(),
        |labels| Selector::exactly(&labels).to_string(),
    )
}
