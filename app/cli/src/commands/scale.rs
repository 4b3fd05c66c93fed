//! `scale`: how many there should be, of anything that can be counted.

use clap::Args;
use serde_json::{Value, json};

use crate::edits::{DryRun, Writing};
use crate::failure::{Failure, said};
use crate::fields::{number, text};
use crate::merge::{MERGE, Patch};
use crate::objects::{self, Found};
use crate::selection::Selection;
use crate::session::Session;

/// Set a new size for a deployment, replica set, or replication controller
#[derive(Args, Debug)]
pub(crate) struct Scale {
    #[command(flatten)]
    selection: Selection,
    /// The new desired number of replicas
    #[arg(long, required = true, allow_hyphen_values = true)]
    replicas: i32,
    /// Precondition for current size
    #[arg(long, allow_hyphen_values = true)]
    current_replicas: Option<i64>,
    /// Precondition for resource version
    #[arg(long)]
    resource_version: Option<String>,
    /// Accepted for the sake of scripts: the size is set at once
    #[arg(long, hide = true)]
    timeout: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

impl Scale {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        if self.replicas < 0 {
            return said(format!(
                "The --replicas={} flag must be 0 or greater",
                self.replicas
            ));
        }
        self.writing.begin(session);
        let found = self.selection.objects(session).await?;
        if found.is_empty() {
            return said("no objects passed to scale");
        }
        let mut failures = Vec::new();
        for object in &found {
            failures.extend(self.scale(session, object).await.err());
        }
        Failure::all(failures)
    }

    async fn scale(&self, session: &Session, found: &Found) -> Result<(), Failure> {
        if !found
            .resource
            .subresources
            .iter()
            .any(|part| part == "scale")
        {
            return said(format!(
                "cannot scale {}: it has no number of replicas",
                found.label()
            ));
        }
        let current = session.get(format!("{}/scale", found.path())).await?;
        self.check(&current)?;
        if self.writing.dry_run()? != DryRun::Client {
            let mut body = json!({"spec": {"replicas": self.replicas}});
            if let Some(version) = &self.resource_version {
                body["metadata"] = json!({"resourceVersion": version});
            }
            let patch = Patch {
                media_type: MERGE,
                body,
            };
            let query = self.writing.query("kubectl-scale")?;
            objects::patch(session, found, "scale", &patch, &query).await?;
        }
        let shown = if self.writing.record {
            let now = found.again(session).await?;
            let note = |object: &mut Value| {
                self.writing.note_cause(session, object);
                Ok(())
            };
            objects::modify(session, &now, &self.writing.query("kubectl-scale")?, note)
                .await?
                .1
        } else {
            found.object.clone()
        };
        self.writing
            .report(session, &found.resource, &shown, "scaled")
    }

    fn check(&self, current: &Value) -> Result<(), Failure> {
        let there = number(current, "spec.replicas");
        match self.current_replicas {
            Some(expected) if expected >= 0 && expected != there => {
                return said(format!("Expected replicas to be {expected}, was {there}"));
            }
            _ => {}
        }
        let version = text(current, "metadata.resourceVersion");
        match &self.resource_version {
            Some(expected) if expected != version => said(format!(
                "Expected resource version to be {expected}, was {version}"
            )),
            _ => Ok(()),
        }
    }
}
