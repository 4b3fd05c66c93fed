//! `cordon` and `uncordon`: whether new pods may come to a node.

use clap::Args;
use serde_json::{Value, json};

use crate::edits::{DryRun, Writing};
use crate::failure::{Failure, said};
use crate::objects::{self, Found};
use crate::selection::Filter;
use crate::session::Session;
use gantry_client::paths::Query;

/// Mark node as unschedulable, or as schedulable
#[derive(Args, Debug)]
pub(crate) struct Cordon {
    /// The nodes
    nodes: Vec<String>,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    writing: Writing,
}

impl Cordon {
    pub(crate) async fn run(self, session: &Session, closed: bool) -> Result<(), Failure> {
        for node in nodes(session, &self.nodes, &self.filter).await? {
            set(session, &node, closed, &self.writing).await?;
        }
        Ok(())
    }
}

/// The nodes named, or selected.
pub(crate) async fn nodes(
    session: &Session,
    names: &[String],
    filter: &Filter,
) -> Result<Vec<Found>, Failure> {
    let known = session.discovery().await?.of_kind("v1", "Node");
    let resource = known.ok_or_else(|| Failure::Said("the server has no nodes".to_owned()))?;
    if names.is_empty() {
        if filter.is_empty() {
            return said(
                "USAGE: cordon NODE [flags]\nSee 'kubectl cordon -h' for help and examples",
            );
        }
        return objects::list(session, resource, "", &filter.query()).await;
    }
    let mut found = Vec::new();
    for name in names {
        let bare = name.rsplit('/').next().unwrap_or(name);
        found.push(objects::get(session, resource, "", bare).await?);
    }
    Ok(found)
}

/// Closes a node to new pods, or opens it again.
pub(crate) async fn set(
    session: &Session,
    node: &Found,
    closed: bool,
    writing: &Writing,
) -> Result<(), Failure> {
    let done = if closed { "cordoned" } else { "uncordoned" };
    if (node.object["spec"]["unschedulable"] == true) == closed {
        return writing.report(
            session,
            &node.resource,
            &node.object,
            &format!("already {done}"),
        );
    }
    if writing.dry_run()? != DryRun::Client {
        let change = |object: &mut Value| {
            if closed {
                object["spec"]["unschedulable"] = json!(true);
            } else if let Some(spec) = object["spec"].as_object_mut() {
                spec.remove("unschedulable");
            }
            Ok(())
        };
        let query: Query = writing.query("kubectl-cordon")?;
        objects::modify(session, node, &query, change).await?;
    }
    writing.report(session, &node.resource, &node.object, done)
}
