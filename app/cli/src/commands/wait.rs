//! `wait`: until something is true of objects.

use std::ops::ControlFlow;
use std::time::Instant;

use clap::Args;
use gantry_api::jsonpath::Template;
use serde_json::Value;

use crate::failure::{Failure, said};
use crate::fields::{items, number, shown, text};
use crate::selection::{self, Selection, Target};
use crate::session::{Session, duration};
use crate::watching;

/// Wait for a specific condition on one or many resources
#[derive(Args, Debug)]
pub(crate) struct Wait {
    #[command(flatten)]
    selection: Selection,
    /// The condition to wait on: create, delete, condition=NAME[=VALUE], jsonpath=EXPR[=VALUE]
    #[arg(long = "for", required = true)]
    wanted: String,
    /// The length of time to wait before giving up
    #[arg(long, default_value = "30s")]
    timeout: String,
    /// Output format: name
    #[arg(short, long)]
    output: Option<String>,
}

enum Goal {
    Create,
    Delete,
    Condition(String, String),
    Path(Template, Option<String>),
}

impl Wait {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        self.selection.check()?;
        let goal = goal(&self.wanted)?;
        let deadline = Instant::now() + duration(&self.timeout)?;
        let targets = self.targets(session, &goal).await?;
        if targets.is_empty() {
            return said("no matching resources found");
        }
        let mut failures = Vec::new();
        for target in &targets {
            let left = deadline.saturating_duration_since(Instant::now());
            // A moment is always left, so that what is already true counts.
            let left = left.max(std::time::Duration::from_secs(1));
            let outcome = watching::until(session, target, Some(left), |object| {
                judge(&goal, target, object)
            })
            .await;
            match outcome {
                Ok(Some(())) => self.say(session, target, &goal)?,
                Ok(None) => failures.push(Failure::Said(format!(
                    "timed out waiting for the condition on {}/{}",
                    target.resource.plural, target.name
                ))),
                Err(failure) => failures.push(failure),
            }
        }
        Failure::all(failures)
    }

    async fn targets(&self, session: &Session, goal: &Goal) -> Result<Vec<Target>, Failure> {
        let mut targets = Vec::new();
        for target in self.selection.addresses(session).await? {
            if !target.name.is_empty() {
                targets.push(target);
                continue;
            }
            if self.selection.filter.is_empty() && !self.selection.all {
                return said("resource(s) were provided, but no name was specified");
            }
            let (found, _) = selection::read(
                session,
                std::slice::from_ref(&target),
                &self.selection.filter,
            )
            .await?;
            targets.extend(found.iter().map(|found| Target {
                resource: target.resource.clone(),
                namespace: found.namespace().to_owned(),
                name: found.name().to_owned(),
            }));
        }
        if matches!(goal, Goal::Delete | Goal::Create) {
            return Ok(targets);
        }
        for target in &targets {
            session.get(target.path()).await?;
        }
        Ok(targets)
    }

    fn say(&self, session: &Session, target: &Target, goal: &Goal) -> Result<(), Failure> {
        let label = format!("{}/{}", target.resource.label(), target.name);
        if self.output.as_deref() == Some("name") {
            return session.out.line(label);
        }
        let done = if matches!(goal, Goal::Delete) {
            "deleted"
        } else {
            "condition met"
        };
        session.out.line(format!("{label} {done}"))?;
        session.out.flush()
    }
}

fn goal(text: &str) -> Result<Goal, Failure> {
    let lower = text.to_lowercase();
    if lower == "delete" {
        return Ok(Goal::Delete);
    }
    if lower == "create" {
        return Ok(Goal::Create);
    }
    if let Some(condition) = text.strip_prefix("condition=") {
        let (name, value) = condition.split_once('=').unwrap_or((condition, "True"));
        return Ok(Goal::Condition(name.to_owned(), value.to_owned()));
    }
    if let Some(path) = text.strip_prefix("jsonpath=") {
        let path = path.trim_matches('\'');
        // The sign that counts stands behind the closing brace, if there is one.
        let end = path.rfind('}').map_or(0, |end| end + 1);
        let (expression, value) = match path[end..].find('=') {
            Some(sign) => (&path[..end + sign], Some(path[end + sign + 1..].to_owned())),
            None => (path, None),
        };
        return Ok(Goal::Path(Template::relaxed(expression)?, value));
    }
    said(format!("unrecognized condition: {text:?}"))
}

fn judge(goal: &Goal, target: &Target, object: Option<&Value>) -> Result<ControlFlow<()>, Failure> {
    let is_met = match (goal, object) {
        (Goal::Delete, object) => object.is_none(),
        (Goal::Create, object) => object.is_some(),
        (_, None) => {
            return said(format!(
                "{} {:?} was deleted while it was waited for",
                target.resource.plural, target.name
            ));
        }
        (Goal::Condition(name, value), Some(object)) => has_condition(object, name, value),
        (Goal::Path(path, value), Some(object)) => match (path.find(object).first(), value) {
            (Some(found), Some(value)) => shown(found) == *value,
            (Some(found), None) => !found.is_null(),
            (None, _) => false,
        },
    };
    Ok(if is_met {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    })
}

/// A status that describes an older generation of the object does not count.
fn has_condition(object: &Value, name: &str, value: &str) -> bool {
    let generation = number(object, "metadata.generation");
    let is_stale = |observed: &Value| {
        observed
            .as_i64()
            .is_some_and(|observed| observed < generation)
    };
    if is_stale(&object["status"]["observedGeneration"]) {
        return false;
    }
    let mut conditions = items(object, "status.conditions").iter();
    conditions.any(|condition| {
        text(condition, "type").eq_ignore_ascii_case(name)
            && text(condition, "status").eq_ignore_ascii_case(value)
            && !is_stale(&condition["observedGeneration"])
    })
}
