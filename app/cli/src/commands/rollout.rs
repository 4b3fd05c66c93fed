//! `rollout`: how a change spreads, and how to take it back.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::edits::Writing;
use crate::failure::{Failure, said};
use crate::objects::{self, Found};
use crate::rollout::{self, deployment};
use crate::selection::Selection;
use crate::session::Session;

/// Manage the rollout of a resource
#[derive(Args, Debug)]
pub(crate) struct Rollout {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// View rollout history
    History {
        #[command(flatten)]
        selection: Selection,
        /// See the details, including the pod template, of this revision
        #[arg(long, default_value_t = 0)]
        revision: i64,
    },
    /// Mark the provided resource as paused
    Pause(Edited),
    /// Restart a resource
    Restart(Edited),
    /// Resume a paused resource
    Resume(Edited),
    /// Show the status of the rollout
    Status {
        #[command(flatten)]
        selection: Selection,
        /// Watch the status of the rollout until it's done
        #[arg(short, long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "true")]
        watch: String,
        /// The length of time to wait before ending watch, zero means never
        #[arg(long, default_value = "0")]
        timeout: String,
    },
    /// Undo a previous rollout
    Undo {
        #[command(flatten)]
        edited: Edited,
        /// The revision to roll back to; 0 means the last one
        #[arg(long, default_value_t = 0)]
        to_revision: i64,
    },
}

#[derive(Args, Debug)]
struct Edited {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    writing: Writing,
}

impl Rollout {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        match self.what {
            What::History {
                selection,
                revision,
            } => {
                for found in chosen(session, &selection).await? {
                    rollout::check(&found, "history viewer")?;
                    let page = deployment::history(session, &found, revision).await?;
                    session.out.write(page)?;
                }
                Ok(())
            }
            What::Pause(edited) => edited.pause(session, true).await,
            What::Resume(edited) => edited.pause(session, false).await,
            What::Restart(edited) => edited.restart(session).await,
            What::Status {
                selection,
                watch,
                timeout,
            } => {
                for found in chosen(session, &selection).await? {
                    rollout::check(&found, "status viewer")?;
                    deployment::status(session, &found, watch != "false", &timeout).await?;
                }
                Ok(())
            }
            What::Undo {
                edited,
                to_revision,
            } => edited.undo(session, to_revision).await,
        }
    }
}

async fn chosen(session: &Session, selection: &Selection) -> Result<Vec<Found>, Failure> {
    if selection.targets.is_empty() && selection.files.is_empty() {
        return said("required resource not specified");
    }
    selection.objects(session).await
}

impl Edited {
    async fn pause(&self, session: &Session, paused: bool) -> Result<(), Failure> {
        let done = if paused { "paused" } else { "resumed" };
        for found in chosen(session, &self.selection).await? {
            rollout::check(&found, if paused { "pauser" } else { "resumer" })?;
            if (found.object["spec"]["paused"] == true) == paused {
                let state = if paused {
                    "already paused"
                } else {
                    "is not paused"
                };
                return said(format!(
                    "{} {:?} {state}",
                    found.resource.full_plural(),
                    found.name()
                ));
            }
            let change = |object: &mut Value| {
                if paused {
                    object["spec"]["paused"] = json!(true);
                } else if let Some(spec) = object["spec"].as_object_mut() {
                    spec.remove("paused");
                }
                Ok(())
            };
            self.change(session, &found, done, change).await?;
        }
        Ok(())
    }

    async fn restart(&self, session: &Session) -> Result<(), Failure> {
        let now = gantry_base::time::rfc3339(gantry_base::Timestamp::now());
        for found in chosen(session, &self.selection).await? {
            rollout::check(&found, "restarter")?;
            if found.object["spec"]["paused"] == true {
                return said(format!(
                    "can't restart paused deployment (run rollout resume first): {}",
                    found.name()
                ));
            }
            let change = |object: &mut Value| {
                let template = &mut object["spec"]["template"];
                template["metadata"]["annotations"][rollout::RESTARTED_AT] = json!(now);
                Ok(())
            };
            self.change(session, &found, "restarted", change).await?;
        }
        Ok(())
    }

    async fn undo(&self, session: &Session, revision: i64) -> Result<(), Failure> {
        for found in chosen(session, &self.selection).await? {
            rollout::check(&found, "rollbacker")?;
            match deployment::template_of(session, &found, revision).await? {
                None => {
                    let why = "skipped rollback (current template already matches revision";
                    let shown = format!("{why} {revision})");
                    self.writing
                        .report(session, &found.resource, &found.object, &shown)?;
                }
                Some(old) => {
                    let change = |object: &mut Value| {
                        deployment::put_back(object, &old);
                        Ok(())
                    };
                    self.change(session, &found, "rolled back", change).await?;
                }
            }
        }
        Ok(())
    }

    async fn change(
        &self,
        session: &Session,
        found: &Found,
        done: &str,
        change: impl Fn(&mut Value) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let query = self.writing.query("kubectl-rollout")?;
        let (_, after) = objects::modify(session, found, &query, change).await?;
        self.writing.report(session, &found.resource, &after, done)
    }
}
