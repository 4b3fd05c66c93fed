//! Objects of any kind: read, listed, written.

use gantry_client::Call;
use http::Method;
use serde_json::{Value, json};

use crate::discovery::Resource;
use crate::failure::Failure;
use crate::fields::text;
use crate::limits::{CONFLICT_RETRIES, LIST_CHUNK};
use crate::merge::Patch;
use crate::session::Session;
use gantry_client::paths::Query;

/// An object and where it belongs.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) resource: Resource,
    pub(crate) object: Value,
}

impl Found {
    /// The object's own path.
    pub(crate) fn path(&self) -> String {
        self.resource.path(self.namespace(), self.name())
    }

    pub(crate) fn name(&self) -> &str {
        text(&self.object, "metadata.name")
    }

    pub(crate) fn namespace(&self) -> &str {
        text(&self.object, "metadata.namespace")
    }

    /// `deployment.apps/web`.
    pub(crate) fn label(&self) -> String {
        format!("{}/{}", self.resource.label(), self.name())
    }

    /// The object, with its kind named: items of lists do not say what they are.
    pub(crate) fn named(resource: &Resource, mut object: Value) -> Self {
        if object["kind"].is_null() {
            object["kind"] = Value::from(resource.kind.as_str());
            object["apiVersion"] = Value::from(resource.api_version());
        }
        let resource = resource.clone();
        Self { resource, object }
    }

    /// Reads the object again.
    pub(crate) async fn again(&self, session: &Session) -> Result<Self, Failure> {
        let object = session.get(self.path()).await?;
        Ok(Self::named(&self.resource, object))
    }
}

/// Reads one object.
pub(crate) async fn get(
    session: &Session,
    resource: &Resource,
    namespace: &str,
    name: &str,
) -> Result<Found, Failure> {
    let object = session.get(resource.path(namespace, name)).await?;
    Ok(Found::named(resource, object))
}

/// Reads a collection, piece by piece.
pub(crate) async fn list(
    session: &Session,
    resource: &Resource,
    namespace: &str,
    query: &Query,
) -> Result<Vec<Found>, Failure> {
    let mut found = Vec::new();
    let mut token = String::new();
    loop {
        let chunk = query
            .clone()
            .with("limit", &LIST_CHUNK.to_string())
            .with("continue", &token);
        let list = session.get(chunk.on(&resource.path(namespace, ""))).await?;
        let items = list["items"].as_array().cloned().unwrap_or_default();
        found.extend(items.into_iter().map(|item| Found::named(resource, item)));
        text(&list, "metadata.continue").clone_into(&mut token);
        if token.is_empty() {
            return Ok(found);
        }
    }
}

/// Sends a patch; `part` is a subresource, or empty.
pub(crate) async fn patch(
    session: &Session,
    found: &Found,
    part: &str,
    patch: &Patch,
    query: &Query,
) -> Result<Value, Failure> {
    let mut path = found.path();
    if !part.is_empty() {
        path = format!("{path}/{part}");
    }
    let call = Call::new(Method::PATCH, query.on(&path));
    session
        .json(call.body(patch.body.to_string(), patch.media_type))
        .await
}

/// Creates an object in a collection.
pub(crate) async fn post(
    session: &Session,
    path: &str,
    object: &Value,
    query: &Query,
) -> Result<Value, Failure> {
    let call = Call::new(Method::POST, query.on(path));
    session
        .json(call.body(object.to_string(), "application/json"))
        .await
}

/// Changes an object with `change`, again on a newer one when somebody else was faster. Returns the
/// object before and after.
pub(crate) async fn modify(
    session: &Session,
    found: &Found,
    query: &Query,
    change: impl Fn(&mut Value) -> Result<(), Failure>,
) -> Result<(Value, Value), Failure> {
    let mut current = found.clone();
    for _ in 0..CONFLICT_RETRIES {
        let mut modified = current.object.clone();
        change(&mut modified)?;
        let mut delta = crate::merge::two_way(&current.object, &modified);
        if delta.is_empty() {
            return Ok((current.object.clone(), current.object));
        }
        delta.body["metadata"]["resourceVersion"] =
            json!(text(&current.object, "metadata.resourceVersion"));
        match patch(session, &current, "", &delta, query).await {
            Ok(after) => return Ok((current.object, after)),
            Err(failure) if failure.is_conflict() => current = current.again(session).await?,
            Err(failure) => return Err(failure),
        }
    }
    Err(Failure::Said(format!(
        "{} keeps changing: tried {CONFLICT_RETRIES} times",
        found.label()
    )))
}
