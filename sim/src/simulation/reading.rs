//! What laws may know of requests and answers, read from the bytes that went over the wire.

use bytes::Bytes;
use serde::Deserialize;

use gantry_api::{ObjectKey, Revision};
use gantry_registry::Request;
use gantry_registry::request::Verb;

use crate::actor::Address;
use crate::fact::{self, Answer, Fact};

/// The part of an object or list that all kinds share.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Head {
    metadata: Metadata,
    items: Vec<Listed>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Listed {
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
}

impl Metadata {
    fn revision(&self) -> Option<Revision> {
        self.resource_version.as_ref()?.parse().ok().map(Revision)
    }
}

pub(super) fn answer(answer: &Bytes) -> Answer {
    // What is no object or list says nothing of any.
    let head: Head = serde_json::from_slice(answer).unwrap_or_default();
    Answer {
        revision: head.metadata.revision(),
        newest: head
            .items
            .iter()
            .filter_map(|item| item.metadata.revision())
            .max(),
        items: head.items.into_iter().filter_map(item).collect(),
        name: head.metadata.name,
        uid: head.metadata.uid,
    }
}

fn item(item: Listed) -> Option<fact::Listed> {
    Some(fact::Listed {
        revision: item.metadata.revision()?,
        name: item.metadata.name?,
        namespace: item.metadata.namespace.unwrap_or_default(),
    })
}

pub(super) fn asked(by: Address, request: &Request) -> Fact {
    Fact::Asked {
        by,
        caller: request.caller.user.clone(),
        verb: request.verb,
        key: ObjectKey::new(
            request.resource.group_resource(),
            request.namespace(),
            request.name(),
        ),
        subresource: request.subresource().to_owned(),
        uid: uid(request),
        may_be_old: request.options.resource_version.is_some(),
    }
}

/// The uid that the object must have: a deletion says it in its options, all others in the body.
fn uid(request: &Request) -> Option<String> {
    if matches!(request.verb, Verb::Get | Verb::List | Verb::Watch) {
        return None;
    }
    let named = request.options.delete.uid.clone();
    let written = || {
        let head: Head = serde_json::from_slice(&request.body.as_ref()?.bytes).ok()?;
        head.metadata.uid.filter(|uid| !uid.is_empty())
    };
    named.or_else(written)
}
