//! `delete`: politely unless told otherwise, and done only when the objects are gone.

use std::ops::ControlFlow;
use std::time::Duration;

use clap::Args;
use gantry_client::Call;
use http::Method;
use serde_json::{Value, json};

use crate::edits::DryRun;
use crate::failure::{Failure, said};
use crate::fields::text;
use crate::objects;
use crate::selection::{Selection, Target};
use crate::session::{Session, duration};
use crate::watching;

/// Delete resources by file names, stdin, resources and names, or by resources and label selector
#[derive(Args, Debug)]
pub(crate) struct Delete {
    #[command(flatten)]
    selection: Selection,
    /// Must be "background", "orphan", or "foreground"
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "background", default_value = "background")]
    cascade: String,
    /// Seconds given to the resource to terminate gracefully
    #[arg(long, allow_hyphen_values = true)]
    grace_period: Option<i64>,
    /// If true, resources are signaled for immediate shutdown (same as --grace-period=1)
    #[arg(long)]
    now: bool,
    /// If true, immediately remove resources from API and bypass graceful deletion
    #[arg(long)]
    force: bool,
    /// If true, wait for resources to be gone before returning
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "true")]
    wait: String,
    /// The length of time to wait before giving up on a delete
    #[arg(long, default_value = "0")]
    timeout: String,
    /// Treat "resource not found" as a successful delete
    #[arg(long)]
    ignore_not_found: bool,
    /// Output mode. Use "-o name" for shorter output
    #[arg(short, long)]
    output: Option<String>,
    /// Must be "none", "server", or "client"
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "client")]
    dry_run: Option<String>,
}

impl Delete {
    pub(crate) async fn run(mut self, session: &Session) -> Result<(), Failure> {
        self.check()?;
        if self.force && self.grace() == Some(0) {
            session.out.warning(
                "Immediate deletion does not wait for confirmation that the running resource has \
                 been terminated. The resource may continue to run on the cluster indefinitely.",
            );
        }
        let is_chosen = self.selection.all || !self.selection.filter.is_empty();
        self.ignore_not_found |= is_chosen;
        let targets = self.targets(session).await?;
        if targets.is_empty() {
            return session.out.line("No resources found");
        }
        let mut failures = Vec::new();
        let mut waited = Vec::new();
        for target in targets {
            match self.delete(session, &target).await {
                Ok(uid) => waited.push((target, uid)),
                Err(failure) if failure.is_not_found() && self.ignore_not_found => {}
                Err(failure) if failure.refusal().is_some() => failures.push(failure),
                Err(failure) => return Err(failure),
            }
        }
        session.out.flush()?;
        if self.wait != "false" && self.dry_run()? == DryRun::No {
            let timeout = Some(duration(&self.timeout)?).filter(|most| !most.is_zero());
            for (target, uid) in &waited {
                gone(session, target, uid, timeout).await?;
            }
        }
        Failure::all(failures)
    }

    fn check(&self) -> Result<(), Failure> {
        self.selection.check()?;
        if self.grace_period == Some(0) && !self.force {
            // The stock command line waits for a second at least unless it is forced.
            return Ok(());
        }
        if self.now && self.grace_period.is_some_and(|seconds| seconds >= 0) {
            return said("--now and --grace-period cannot be specified together");
        }
        if self.force && self.grace_period.is_some_and(|seconds| seconds > 0) {
            return said("--force and --grace-period greater than 0 cannot be specified together");
        }
        match self.output.as_deref() {
            None | Some("" | "name") => Ok(()),
            Some(other) => said(format!(
                "unexpected -o output mode: {other}. We only support '-o name'"
            )),
        }
    }

    /// Seconds the object has to end; the server decides when there are none.
    const fn grace(&self) -> Option<i64> {
        match self.grace_period {
            Some(0) if !self.force => Some(1),
            Some(seconds) if seconds >= 0 => Some(seconds),
            _ if self.force => Some(0),
            _ if self.now => Some(1),
            _ => None,
        }
    }

    fn dry_run(&self) -> Result<DryRun, Failure> {
        let writing = crate::edits::Writing {
            dry_run: self.dry_run.clone(),
            ..crate::edits::Writing::default()
        };
        writing.dry_run()
    }

    async fn targets(&self, session: &Session) -> Result<Vec<Target>, Failure> {
        let selection = &self.selection;
        let addresses = selection.addresses(session).await?;
        let mut targets = Vec::new();
        for target in addresses {
            if !target.name.is_empty() {
                targets.push(target);
                continue;
            }
            if selection.filter.is_empty() && !selection.all {
                return said("resource(s) were provided, but no name was specified");
            }
            let query = selection.filter.query();
            let Target {
                resource,
                namespace,
                ..
            } = &target;
            for found in objects::list(session, resource, namespace, &query).await? {
                targets.push(Target {
                    resource: resource.clone(),
                    namespace: found.namespace().to_owned(),
                    name: found.name().to_owned(),
                });
            }
        }
        Ok(targets)
    }

    /// Asks for the deletion and says so. Returns the uid of the object.
    async fn delete(&self, session: &Session, target: &Target) -> Result<String, Failure> {
        let dry_run = self.dry_run()?;
        let answer = if dry_run == DryRun::Client {
            session.get(target.path()).await?
        } else {
            let call = Call::new(Method::DELETE, target.path());
            session
                .json(call.body(self.options()?.to_string(), "application/json"))
                .await?
        };
        let label = target.resource.label();
        let word = if self.grace() == Some(0) {
            "force deleted"
        } else {
            "deleted"
        };
        let dry = match dry_run {
            DryRun::No => "",
            DryRun::Client => " (dry run)",
            DryRun::Server => " (server dry run)",
        };
        session.out.line(match self.output.as_deref() {
            Some("name") => format!("{label}/{}", target.name),
            _ => format!("{label} {:?} {word}{dry}", target.name),
        })?;
        let uid = text(&answer, "metadata.uid");
        let uid = if uid.is_empty() {
            text(&answer, "details.uid")
        } else {
            uid
        };
        Ok(uid.to_owned())
    }

    fn options(&self) -> Result<Value, Failure> {
        let policy = match self.cascade.as_str() {
            "background" | "true" => "Background",
            "orphan" | "false" => "Orphan",
            "foreground" => "Foreground",
            other => {
                return said(format!(
                    "invalid cascade value ({other}). Must be \"background\", \"foreground\", or \"orphan\""
                ));
            }
        };
        let mut options =
            json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy});
        if let Some(seconds) = self.grace() {
            options["gracePeriodSeconds"] = json!(seconds);
        }
        if self.dry_run()? == DryRun::Server {
            options["dryRun"] = json!(["All"]);
        }
        Ok(options)
    }
}

/// Deletes an object and waits until it is gone. That it is not there is fine.
pub(crate) async fn and_wait(session: &Session, target: &Target) -> Result<(), Failure> {
    let options =
        json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"});
    let call = Call::new(Method::DELETE, target.path());
    match session
        .json(call.body(options.to_string(), "application/json"))
        .await
    {
        Ok(answer) => {
            let uid = text(&answer, "metadata.uid");
            let uid = if uid.is_empty() {
                text(&answer, "details.uid")
            } else {
                uid
            };
            gone(session, target, uid, None).await
        }
        Err(failure) if failure.is_not_found() => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// Waits until the object with this uid is no more.
async fn gone(
    session: &Session,
    target: &Target,
    uid: &str,
    timeout: Option<Duration>,
) -> Result<(), Failure> {
    let judge = |object: Option<&Value>| {
        let is_there =
            object.is_some_and(|object| uid.is_empty() || text(object, "metadata.uid") == uid);
        Ok(if is_there {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    };
    match watching::until(session, target, timeout, judge).await? {
        Some(()) => Ok(()),
        None => said(format!(
            "timed out waiting for the condition on {}/{}",
            target.resource.plural, target.name
        )),
    }
}
