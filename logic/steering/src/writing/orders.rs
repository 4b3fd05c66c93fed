//! Writes as requests, and what their refusals mean.

use serde_json::{Value, json};

use gantry_api::{GroupResource, Object, ObjectKey, Rejection};
use gantry_reconcile::Write;
use gantry_registry::request::{PatchType, Request, Verb};

use crate::outcome::End;
use crate::requests;

/// Whichever version it is stored in: what is only named does not depend on it.
const VERSION: &str = "";

/// The request that makes a write; a note has none, it is recorded.
pub(super) fn request(write: &Write) -> Option<Request> {
    Some(match write {
        Write::Create { key, object } => create(key, object),
        Write::Update {
            key,
            object,
            subresource,
            seen,
        } => {
            let version = object.api_version().version;
            let mut request = requests::request(Verb::Update, key, &version);
            request.subresource = subresource.map(str::to_owned);
            request.options.seen.clone_from(seen);
            request.body = requests::body(object);
            request
        }
        Write::Patch {
            key,
            uid,
            patch,
            subresource,
        } => {
            let mut request = requests::request(Verb::Patch(PatchType::Merge), key, VERSION);
            request.subresource = subresource.map(str::to_owned);
            request.body = requests::body(&with_uid(patch, uid));
            request
        }
        Write::Delete {
            key,
            uid,
            grace,
            propagation,
        } => {
            let mut request = requests::request(Verb::Delete, key, VERSION);
            request.options.delete.uid = Some(uid.clone()).filter(|uid| !uid.is_empty());
            request.options.delete.grace_period_seconds = grace.map(i64::from);
            request.options.delete.propagation_policy = propagation.map(str::to_owned);
            request
        }
        Write::DeleteAll {
            resource,
            namespace,
        } => {
            let collection = ObjectKey::new(resource.clone(), namespace, "");
            requests::request(Verb::DeleteCollection, &collection, VERSION)
        }
        Write::Bind { key, uid, node } => binding(key, uid, node),
        Write::Note(_) => return None,
    })
}

/// Which resource a write changes.
pub(super) const fn resource(write: &Write) -> Option<&GroupResource> {
    match write {
        Write::Create { key, .. }
        | Write::Update { key, .. }
        | Write::Patch { key, .. }
        | Write::Delete { key, .. }
        | Write::Bind { key, .. } => Some(&key.resource),
        Write::DeleteAll { resource, .. } => Some(resource),
        Write::Note(_) => None,
    }
}

/// What a refusal means for the plan.
pub(super) fn end(write: Write, rejection: &Rejection) -> End<Write> {
    match rejection {
        // A taken name is what a repeated plan meets; its owner may need to know.
        Rejection::AlreadyExists { .. } if matches!(write, Write::Create { .. }) => {
            End::Refused(write, rejection.to_string())
        }
        Rejection::Conflict { .. }
        | Rejection::AlreadyExists { .. }
        | Rejection::NotFound { .. } => End::Stale,
        Rejection::BadRequest { .. }
        | Rejection::Forbidden { .. }
        | Rejection::Invalid { .. }
        | Rejection::Denied { .. } => End::Refused(write, rejection.to_string()),
        Rejection::Unauthorized
        | Rejection::NoSuchPath
        | Rejection::Closing { .. }
        | Rejection::MethodNotAllowed
        | Rejection::NotAcceptable { .. }
        | Rejection::ApplyConflict { .. }
        | Rejection::Expired { .. }
        | Rejection::TooLarge { .. }
        | Rejection::UnsupportedMediaType { .. }
        | Rejection::TooManyRequests { .. }
        | Rejection::Internal { .. }
        | Rejection::Unavailable { .. }
        | Rejection::Timeout { .. } => End::Failed(rejection.to_string()),
    }
}

fn create(key: &ObjectKey, object: &Object) -> Request {
    let collection = ObjectKey::new(key.resource.clone(), &key.namespace, "");
    let version = object.api_version().version;
    let mut request = requests::request(Verb::Create, &collection, &version);
    request.body = requests::body(object);
    request
}

fn with_uid(patch: &Value, uid: &str) -> Value {
    let mut patch = patch.clone();
    if !uid.is_empty() {
        patch["metadata"]["uid"] = Value::from(uid);
    }
    patch
}

fn binding(pod: &ObjectKey, uid: &str, node: &str) -> Request {
    let mut request = requests::request(Verb::Create, pod, "v1");
    request.subresource = Some("binding".to_owned());
    request.body = requests::body(&json!({
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": pod.name, "namespace": pod.namespace, "uid": uid},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    }));
    request
}
