//! What a webhook is told of a request.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use gantry_api::{Object, Rejection};
use gantry_kinds::Descriptor;

use super::verdict::Asked;
use crate::admission::matching::Deed;
use crate::call::Call;
use crate::decode;
use crate::request::{FieldValidation, PatchType, Verb};

/// The question whether this may be done, in the form that the webhook wants.
pub(super) fn body(
    call: &mut Call<'_>,
    deed: &Deed<'_>,
    form: &Descriptor,
    asked: &Asked<'_>,
) -> Result<Bytes, Rejection> {
    let mut shown = |object: Option<&Object>| {
        let shown = object.map(|object| call.shown_as(form, object));
        let shown = shown.transpose()?.map(Cow::into_owned);
        Ok::<Value, Rejection>(shown.map_or(Value::Null, Object::into_value))
    };
    let (object, old) = (shown(deed.object)?, shown(deed.old)?);
    let request = call.request;
    let mut told = json!({
        "uid": asked.uid,
        "kind": kind(form),
        "resource": resource(form),
        "requestKind": kind(call.kind),
        "requestResource": resource(call.kind),
        "operation": deed.operation.as_str(),
        "userInfo": request.caller,
        "object": object,
        "oldObject": old,
        "dryRun": call.dry_run,
        "options": options(call),
    });
    let is_namespace = call.kind.names.kind == "Namespace" && call.kind.names.group.is_empty();
    let namespace = if is_namespace {
        deed.name()
    } else {
        request.namespace()
    };
    let texts = [
        ("name", deed.name()),
        ("namespace", namespace),
        ("subResource", request.subresource()),
        ("requestSubResource", request.subresource()),
    ];
    for (field, text) in texts {
        if !text.is_empty() {
            told[field] = Value::from(text);
        }
    }
    let review = json!({
        "kind": "AdmissionReview",
        "apiVersion": format!("admission.k8s.io/{}", asked.version),
        "request": told,
    });
    Ok(review.to_string().into())
}

fn kind(of: &Descriptor) -> Value {
    let names = &of.names;
    json!({"group": names.group, "version": names.version, "kind": names.kind})
}

fn resource(of: &Descriptor) -> Value {
    let names = &of.names;
    json!({"group": names.group, "version": names.version, "resource": names.plural})
}

/// The options of the request, as far as they say something.
fn options(call: &Call<'_>) -> Value {
    let given = &call.request.options;
    let mut options = Map::new();
    let kind = match call.request.verb {
        Verb::Patch(_) => "PatchOptions",
        Verb::Update => "UpdateOptions",
        Verb::Delete | Verb::DeleteCollection => "DeleteOptions",
        Verb::Create | Verb::Get | Verb::List | Verb::Watch => "CreateOptions",
    };
    options.insert("kind".to_owned(), kind.into());
    options.insert("apiVersion".to_owned(), "meta.k8s.io/v1".into());
    if call.dry_run {
        options.insert("dryRun".to_owned(), json!(["All"]));
    }
    if kind == "DeleteOptions" {
        deletion(call, &mut options);
        return Value::Object(options);
    }
    if let Some(manager) = &given.field_manager {
        options.insert("fieldManager".to_owned(), manager.as_str().into());
    }
    let validation = match given.field_validation {
        FieldValidation::Ignore => "Ignore",
        FieldValidation::Warn => "Warn",
        FieldValidation::Strict => "Strict",
    };
    options.insert("fieldValidation".to_owned(), validation.into());
    if matches!(call.request.verb, Verb::Patch(PatchType::Apply)) {
        options.insert("force".to_owned(), given.force.into());
    }
    Value::Object(options)
}

fn deletion(call: &Call<'_>, options: &mut Map<String, Value>) {
    // They were read before, or the request would not have come this far.
    let Ok(given) = decode::delete_options(call) else {
        return;
    };
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            options.insert(name.to_owned(), value);
        }
    };
    put(
        "gracePeriodSeconds",
        given.grace_period_seconds.map(Value::from),
    );
    put("orphanDependents", given.orphan_dependents.map(Value::from));
    put(
        "propagationPolicy",
        given.propagation_policy.map(Value::from),
    );
    let mut preconditions = Map::new();
    for (name, text) in [
        ("uid", given.uid),
        ("resourceVersion", given.resource_version),
    ] {
        if let Some(text) = text {
            preconditions.insert(name.to_owned(), text.into());
        }
    }
    put(
        "preconditions",
        (!preconditions.is_empty()).then(|| preconditions.into()),
    );
}
