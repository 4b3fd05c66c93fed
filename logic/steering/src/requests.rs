//! Requests as in-process parts write them: by address.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use gantry_api::{ObjectKey, Rejection};
use gantry_registry::request::{Body, Format, Request, Resource, Verb};

/// A request for one object at `version`; without a name, for its collection.
#[must_use]
pub fn request(verb: Verb, key: &ObjectKey, version: &str) -> Request {
    let mut resource = Resource::default();
    resource.version.group.clone_from(&key.resource.group);
    version.clone_into(&mut resource.version.version);
    resource.plural.clone_from(&key.resource.resource);
    let mut request = Request::new(verb, resource);
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    request.namespace = some(&key.namespace);
    request.name = some(&key.name);
    request
}

/// The bytes of a body.
#[must_use]
pub fn body(content: &impl Serialize) -> Option<Body> {
    let bytes = serde_json::to_vec(content).expect("API objects are plain data");
    Some(Body {
        bytes: bytes.into(),
        format: Format::Json,
    })
}

/// Reads an answer.
pub fn decode<T: DeserializeOwned>(answer: &Bytes) -> Result<T, Rejection> {
    serde_json::from_slice(answer)
        .map_err(|error| Rejection::internal(format!("read the server's answer: {error}")))
}
