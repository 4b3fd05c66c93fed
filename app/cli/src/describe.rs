//! Objects in words. The general describer shows any kind; a kind that deserves better has a file
//! here that writes its page.
//!
//! Pages are written by pure functions from the object and what belongs to it, which is gathered
//! beforehand.

mod config_map;
mod container;
mod deployment;
mod general;
mod namespace;
mod node;
pub(crate) mod page;
mod pod;
mod pod_set;
mod replica_set;
mod replication_controller;
mod secret;
mod service;
mod service_account;
mod template;
mod volumes;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use gantry_base::Timestamp;
use serde_json::Value;

use crate::discovery::Discovery;
use crate::events;
use crate::failure::Failure;
use crate::fields::text;
use crate::objects::{self, Found};
use crate::pods::selector_of;
use crate::session::Session;
use gantry_client::paths::Query;
use page::Page;

/// What belongs to an object and is shown on its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kin {
    /// The pods that its selector takes.
    Pods,
    /// The pods that run on it.
    PodsOnNode,
    /// The lease of its name.
    Lease,
    /// The replica sets that its selector takes.
    ReplicaSets,
    /// The endpoint slices of its service.
    EndpointSlices,
}

/// All there is to write about.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) object: &'a Value,
    pub(crate) kin: BTreeMap<Kin, Vec<Value>>,
    pub(crate) now: Timestamp,
}

impl Subject<'_> {
    pub(crate) fn kin(&self, kin: Kin) -> &[Value] {
        self.kin.get(&kin).map_or(&[], Vec::as_slice)
    }
}

/// A kind with a page of its own.
struct Chapter {
    group: &'static str,
    kind: &'static str,
    kin: &'static [Kin],
    /// Whether what happened to it is shown.
    with_events: bool,
    write: fn(&mut Page, &Subject<'_>),
}

const CHAPTERS: &[Chapter] = &[
    config_map::CHAPTER,
    deployment::CHAPTER,
    namespace::CHAPTER,
    node::CHAPTER,
    pod::CHAPTER,
    replica_set::CHAPTER,
    replication_controller::CHAPTER,
    secret::CHAPTER,
    service::CHAPTER,
    service_account::CHAPTER,
];

/// The page of an object.
pub(crate) async fn describe(
    session: &Session,
    found: &Found,
    with_events: bool,
) -> Result<String, Failure> {
    let (group, kind) = (&found.resource.group, &found.resource.kind);
    let chapter = CHAPTERS
        .iter()
        .find(|chapter| chapter.group == group && chapter.kind == kind);
    let mut kin = BTreeMap::new();
    for wanted in chapter.map_or(&[][..], |chapter| chapter.kin) {
        kin.insert(*wanted, gather(session, found, *wanted).await?);
    }
    let subject = Subject {
        object: &found.object,
        kin,
        now: Timestamp::now(),
    };
    let with_events = with_events && chapter.is_none_or(|chapter| chapter.with_events);
    let events = if with_events {
        Some(events::about(session, found).await)
    } else {
        None
    };
    Ok(write(chapter, &subject, events.as_deref()))
}

fn write(chapter: Option<&Chapter>, subject: &Subject<'_>, events: Option<&[Value]>) -> String {
    let mut page = Page::default();
    match chapter {
        Some(chapter) => (chapter.write)(&mut page, subject),
        None => general::write(&mut page, subject),
    }
    if let Some(events) = events {
        page.events(events, subject.now);
    }
    page.finish()
}

async fn gather(session: &Session, found: &Found, kin: Kin) -> Result<Vec<Value>, Failure> {
    let discovery = session.discovery().await?;
    let (version, kind) = match kin {
        Kin::Pods | Kin::PodsOnNode => ("v1", "Pod"),
        Kin::Lease => ("coordination.k8s.io/v1", "Lease"),
        Kin::ReplicaSets => ("apps/v1", "ReplicaSet"),
        Kin::EndpointSlices => ("discovery.k8s.io/v1", "EndpointSlice"),
    };
    let Some(resource) = Discovery::of_kind(discovery, version, kind) else {
        return Ok(Vec::new());
    };
    let label = |selector: &str| Query::default().with("labelSelector", selector);
    let field = |selector: &str| Query::default().with("fieldSelector", selector);
    let (namespace, query) = match kin {
        Kin::Pods | Kin::ReplicaSets => {
            let selector = selector_of(&found.object);
            if selector.is_empty() {
                return Ok(Vec::new());
            }
            (found.namespace(), label(&selector))
        }
        Kin::PodsOnNode => (
            "",
            field(&format!(
                "spec.nodeName={},status.phase!=Failed,status.phase!=Succeeded",
                found.name()
            )),
        ),
        Kin::Lease => (
            "kube-node-lease",
            field(&format!("metadata.name={}", found.name())),
        ),
        Kin::EndpointSlices => {
            let selector = format!("kubernetes.io/service-name={}", found.name());
            (found.namespace(), label(&selector))
        }
    };
    let listed = match objects::list(session, resource, namespace, &query).await {
        Ok(listed) => listed,
        // What one may not see is left out; the object itself could be seen.
        Err(failure) if failure.refusal().is_some() => Vec::new(),
        Err(failure) => return Err(failure),
    };
    let is_own = |object: &Value| match kin {
        Kin::ReplicaSets => is_controlled_by(object, text(&found.object, "metadata.uid")),
        Kin::Pods | Kin::PodsOnNode | Kin::Lease | Kin::EndpointSlices => true,
    };
    Ok(listed
        .into_iter()
        .map(|found| found.object)
        .filter(is_own)
        .collect())
}

fn is_controlled_by(object: &Value, uid: &str) -> bool {
    controller(object).is_some_and(|owner| text(owner, "uid") == uid)
}

/// The owner that controls an object.
pub(crate) fn controller(object: &Value) -> Option<&Value> {
    let owners = crate::fields::items(object, "metadata.ownerReferences");
    owners.iter().find(|owner| owner["controller"] == true)
}

/// A pod template in words, for the history of rollouts, which the stock tool does not line up.
pub(crate) fn template_page(template: &Value) -> String {
    let mut page = Page::default();
    template::write(&mut page, template);
    page.unaligned()
}
