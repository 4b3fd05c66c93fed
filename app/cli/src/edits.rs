//! What all commands that write have in common: dry runs, who writes, why, and what is said after.

use clap::Args;
use serde_json::{Value, json};

use crate::discovery::Resource;
use crate::failure::{Failure, said};
use crate::fields::text;
use crate::print::{Format, without_managers};
use crate::session::Session;
use gantry_client::paths::Query;

/// Where the reason for a change is kept.
pub(crate) const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

/// The flags of commands that write.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Writing {
    /// Must be "none", "server", or "client"
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "client")]
    pub(crate) dry_run: Option<String>,
    /// Output format
    #[arg(short, long)]
    pub(crate) output: Option<String>,
    /// Name of the manager used to track field ownership
    #[arg(long)]
    pub(crate) field_manager: Option<String>,
    /// Keep the managedFields when printing objects in JSON or YAML format
    #[arg(long)]
    pub(crate) show_managed_fields: bool,
    /// Record the current command in the resource annotation
    #[arg(long)]
    pub(crate) record: bool,
}

/// How much of a command is only pretence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DryRun {
    No,
    Client,
    Server,
}

impl Writing {
    /// What `--dry-run` says.
    pub(crate) fn dry_run(&self) -> Result<DryRun, Failure> {
        match self.dry_run.as_deref() {
            None | Some("none") => Ok(DryRun::No),
            Some("client") => Ok(DryRun::Client),
            Some("server") => Ok(DryRun::Server),
            Some(other) => said(format!(
                "Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."
            )),
        }
    }

    /// What to add to the request; `manager` is the command's own name for itself.
    pub(crate) fn query(&self, manager: &str) -> Result<Query, Failure> {
        let dry_run = if self.dry_run()? == DryRun::Server {
            "All"
        } else {
            ""
        };
        Ok(Query::default()
            .with(
                "fieldManager",
                self.field_manager.as_deref().unwrap_or(manager),
            )
            .with("dryRun", dry_run))
    }

    /// Notes the command line on the object, when that was asked for.
    pub(crate) fn note_cause(&self, session: &Session, object: &mut Value) {
        if self.record {
            object["metadata"]["annotations"][CHANGE_CAUSE] = json!(session.cause);
        }
    }

    /// Says what was done to an object, or shows it.
    pub(crate) fn report(
        &self,
        session: &Session,
        resource: &Resource,
        object: &Value,
        done: &str,
    ) -> Result<(), Failure> {
        let format = Format::parse(self.output.as_deref())?;
        let name = text(object, "metadata.name");
        if format.is_table() {
            let dry = match self.dry_run()? {
                DryRun::No => "",
                DryRun::Client => " (dry run)",
                DryRun::Server => " (server dry run)",
            };
            return session
                .out
                .line(format!("{}/{name} {done}{dry}", resource.label()));
        }
        let mut object = object.clone();
        if !self.show_managed_fields {
            object = without_managers(object);
        }
        session.out.write(format.render(&object, &resource.label()))
    }

    /// Warns of `--record`, which will go one day.
    pub(crate) fn begin(&self, session: &Session) {
        if self.record {
            session.out.remark(
                "Flag --record has been deprecated, --record will be removed in the future",
            );
        }
    }
}
