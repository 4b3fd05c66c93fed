//! What a converting webhook is asked, and what it may answer.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use gantry_api::{Object, Rejection};
use gantry_base::entropy::{self, Seeded};
use gantry_base::hash::Fnv;
use gantry_base::name;
use gantry_kinds::{Converter, Descriptor};

use crate::question::{Answer, QuestionId};

const KIND: &str = "ConversionReview";

/// What was asked, as far as the answer must fit it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) id: QuestionId,
    pub(super) body: Bytes,
    uid: String,
    review: String,
    /// The version that is asked for.
    to: String,
    /// What the objects are as they are sent, in words.
    from: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Review {
    api_version: String,
    kind: String,
    response: Option<Response>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Response {
    uid: String,
    converted_objects: Vec<Value>,
    result: Value,
}

impl Asked {
    pub(super) fn new(
        kind: &Descriptor,
        converter: &Converter,
        to: &str,
        objects: &[&Object],
    ) -> Self {
        let sent = serde_json::to_string(objects).unwrap_or_default();
        let content = Fnv::default().with(sent.as_bytes()).value();
        let id = format!(
            "convert {} {to} {content:016x} {}",
            kind.names.kind,
            objects.len()
        );
        let uid = entropy::uid(&mut Seeded::new(content));
        let review = format!("apiextensions.k8s.io/{}", converter.review_version);
        let head = json!({"kind": KIND, "apiVersion": review}).to_string();
        let head = head.trim_end_matches('}');
        let body = format!(
            "{head},\"request\":{{\"uid\":\"{uid}\",\"desiredAPIVersion\":\"{to}\",\
             \"objects\":{sent}}}}}"
        );
        let from = objects
            .first()
            .map_or("", |object| object.text(&["apiVersion"]));
        Self {
            id,
            body: body.into(),
            uid,
            review,
            to: to.to_owned(),
            from: format!("{from}, Kind={}", kind.names.kind),
        }
    }

    /// That the webhook did not do what it was asked.
    pub(super) fn failed(&self, why: &str) -> Rejection {
        self.wrong(&format!("failed: {why}"))
    }

    fn wrong(&self, what: &str) -> Rejection {
        Rejection::internal(format!("conversion webhook for {} {what}", self.from))
    }
}

/// The converted objects, in the order in which they were sent.
pub(super) fn read(
    answer: &Answer,
    asked: &Asked,
    originals: &[&Object],
) -> Result<Vec<Object>, Rejection> {
    let body = answer.as_ref().map_err(|why| asked.failed(why))?;
    let review: Review = serde_json::from_slice(body)
        .map_err(|error| asked.failed(&format!("read the answer: {error}")))?;
    let response = accepted(review, asked).map_err(|why| asked.failed(&why))?;
    let (found, expected) = (response.converted_objects.len(), originals.len());
    if found != expected {
        let told = format!("returned {found} objects, expected {expected}");
        return Err(asked.wrong(&told));
    }
    let pairs = response.converted_objects.into_iter().zip(originals);
    let converted = pairs.enumerate().map(|(index, (object, original))| {
        fitting(object, original, asked).map_err(|why| {
            let told = format!("returned invalid converted object at index {index}: {why}");
            asked.wrong(&told)
        })
    });
    converted.collect()
}

fn accepted(review: Review, asked: &Asked) -> Result<Response, String> {
    if review.kind != KIND || review.api_version != asked.review {
        return Err(format!(
            "expected webhook response of {}, Kind={KIND}, got {}, Kind={}",
            asked.review, review.api_version, review.kind
        ));
    }
    let response = review.response.ok_or("no response provided")?;
    if response.uid != asked.uid {
        let (expected, got) = (&asked.uid, &response.uid);
        return Err(format!("expected response.uid={expected:?}, got {got:?}"));
    }
    let said = |field: &str| response.result[field].as_str().unwrap_or("");
    match (said("status"), said("message")) {
        ("Success", _) => Ok(response),
        (status, "") => Err(format!(
            "response.result.status was '{status}', not 'Success'"
        )),
        (_, message) => Err(message.to_owned()),
    }
}

/// A converted object with the metadata of the original, but for what a conversion may change.
fn fitting(converted: Value, original: &Object, asked: &Asked) -> Result<Object, String> {
    let mut object = Object::from_value(converted).ok_or("it is no object")?;
    let texts = [
        (
            "groupVersion",
            asked.to.as_str(),
            object.text(&["apiVersion"]),
        ),
        ("kind", original.kind(), object.kind()),
        ("metadata.name", original.name(), object.name()),
        (
            "metadata.namespace",
            original.namespace(),
            object.namespace(),
        ),
        ("metadata.uid", original.uid(), object.uid()),
    ];
    for (what, expected, received) in texts {
        if expected != received {
            return Err(format!(
                "invalid {what} (expected {expected}, received {received})"
            ));
        }
    }
    let labels = changed(&object, "labels", |key, value| {
        name::qualified(key)
            .into_iter()
            .chain(name::label_value(value))
            .next()
    })?;
    let annotations = changed(&object, "annotations", |key, _| {
        name::qualified(&key.to_lowercase()).into_iter().next()
    })?;
    let metadata = original.0.get("metadata").cloned().unwrap_or_default();
    object.0.insert("metadata".to_owned(), metadata);
    for (field, value) in [("labels", labels), ("annotations", annotations)] {
        match value {
            Some(value) => object.set(&["metadata", field], value.into()),
            None => drop(object.remove(&["metadata", field])),
        }
    }
    Ok(object)
}

/// The labels or annotations that a webhook gave back, which must be such.
fn changed(
    object: &Object,
    field: &str,
    fault: impl Fn(&str, &str) -> Option<String>,
) -> Result<Option<Map<String, Value>>, String> {
    let told = |why: &str| format!("invalid metadata.{field}: {why}");
    let entries = match object.at(&["metadata", field]) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(entries)) => entries,
        Some(_) => return Err(told("it is no map of texts")),
    };
    for (key, value) in entries {
        let value = value
            .as_str()
            .ok_or_else(|| told("it is no map of texts"))?;
        if let Some(why) = fault(key, value) {
            return Err(told(&why));
        }
    }
    Ok(Some(entries.clone()))
}
