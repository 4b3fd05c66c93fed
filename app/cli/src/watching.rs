//! Following objects as they change.

use std::ops::ControlFlow;
use std::time::Duration;

use gantry_client::Call;
use gantry_client::remote::Lines;
use serde_json::Value;

use crate::failure::{Failure, said};
use crate::fields::{items, text};
use crate::objects::Found;
use crate::selection::Target;
use crate::session::Session;
use gantry_client::paths::Query;

/// Events as they come.
#[derive(Debug)]
pub(crate) struct Watch {
    lines: Lines,
}

/// One change.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// `ADDED`, `MODIFIED`, `DELETED`.
    pub(crate) event: String,
    pub(crate) object: Value,
}

impl Watch {
    /// Asks for changes of a collection after `revision`.
    pub(crate) async fn begin(
        session: &Session,
        path: &str,
        query: &Query,
        revision: &str,
        accept: &str,
    ) -> Result<Self, Failure> {
        let query = query
            .clone()
            .flag("watch", true)
            .with("resourceVersion", revision);
        let body = session
            .stream(Call::get(query.on(path)).accept(accept))
            .await?;
        Ok(Self {
            lines: body.lines(),
        })
    }

    /// The next change; nothing when the server has closed the watch.
    pub(crate) async fn next(&mut self) -> Result<Option<Change>, Failure> {
        while let Some(line) = self.lines.next().await? {
            if line.is_empty() {
                continue;
            }
            let mut event: Value = serde_json::from_slice(&line)
                .map_err(|error| Failure::Said(format!("read an event: {error}")))?;
            let kind = text(&event, "type").to_owned();
            let object = event["object"].take();
            match kind.as_str() {
                "BOOKMARK" => {}
                "ERROR" => return said(text(&object, "message")),
                _ => {
                    return Ok(Some(Change {
                        event: kind,
                        object,
                    }));
                }
            }
        }
        Ok(None)
    }
}

/// Follows one object until `judge` has seen enough; it is given nothing when there is no object.
pub(crate) async fn until<T>(
    session: &Session,
    target: &Target,
    timeout: Option<Duration>,
    mut judge: impl FnMut(Option<&Value>) -> Result<ControlFlow<T>, Failure>,
) -> Result<Option<T>, Failure> {
    let following = follow(session, target, &mut judge);
    match timeout {
        None => following.await.map(Some),
        Some(most) => match tokio::time::timeout(most, following).await {
            Ok(outcome) => outcome.map(Some),
            Err(_) => Ok(None),
        },
    }
}

async fn follow<T>(
    session: &Session,
    target: &Target,
    judge: &mut impl FnMut(Option<&Value>) -> Result<ControlFlow<T>, Failure>,
) -> Result<T, Failure> {
    let path = target.resource.path(&target.namespace, "");
    let only = format!("metadata.name={}", target.name);
    let query = Query::default().with("fieldSelector", &only);
    loop {
        let list = session.get(query.on(&path)).await?;
        let object = items(&list, "items").first();
        let named = object.map(|object| Found::named(&target.resource, object.clone()).object);
        if let ControlFlow::Break(outcome) = judge(named.as_ref())? {
            return Ok(outcome);
        }
        let revision = text(&list, "metadata.resourceVersion");
        let json = "application/json";
        let mut watch = Watch::begin(session, &path, &query, revision, json).await?;
        while let Some(change) = watch.next().await? {
            let object = Some(&change.object).filter(|_| change.event != "DELETED");
            if let ControlFlow::Break(outcome) = judge(object)? {
                return Ok(outcome);
            }
        }
    }
}
