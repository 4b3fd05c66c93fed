//! `describe`: an object in words, with what happened to it.

use clap::Args;

use crate::describe;
use crate::failure::Failure;
use crate::objects::{self, Found};
use crate::selection::{self, Selection, Target};
use crate::session::Session;
use gantry_client::paths::Query;

/// Show details of a specific resource or group of resources
#[derive(Args, Debug)]
pub(crate) struct Describe {
    #[command(flatten)]
    selection: Selection,
    /// If true, display events related to the described object
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "true")]
    show_events: String,
}

impl Describe {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        if self.selection.targets.is_empty() && self.selection.files.is_empty() {
            return Err(Failure::Plain(
                "You must specify the type of resource to describe. Use \"kubectl api-resources\" \
                 for a complete list of supported resources."
                    .to_owned(),
            ));
        }
        let targets = self.selection.addresses(session).await?;
        let (found, failures) = self.find(session, &targets).await?;
        for (index, object) in found.iter().enumerate() {
            if index > 0 {
                session.out.write("\n\n")?;
            }
            let described =
                describe::describe(session, object, self.show_events != "false").await?;
            session.out.write(described)?;
        }
        if found.is_empty() && failures.is_empty() {
            let namespace = session.namespace().await?;
            let is_narrow = targets.iter().any(|target| !target.namespace.is_empty());
            session.out.remark(if is_narrow {
                format!("No resources found in {namespace} namespace.")
            } else {
                "No resources found".to_owned()
            });
        }
        Failure::all(failures)
    }

    /// The objects named; a name that is only the beginning of names means all of those.
    async fn find(
        &self,
        session: &Session,
        targets: &[Target],
    ) -> Result<(Vec<Found>, Vec<Failure>), Failure> {
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for target in targets {
            let one = std::slice::from_ref(target);
            let (more, errors) = selection::read(session, one, &self.selection.filter).await?;
            found.extend(more);
            for failure in errors {
                let others = if failure.is_not_found() {
                    beginning_with(session, target).await?
                } else {
                    Vec::new()
                };
                if others.is_empty() {
                    failures.push(failure);
                }
                found.extend(others);
            }
        }
        Ok((found, failures))
    }
}

async fn beginning_with(session: &Session, target: &Target) -> Result<Vec<Found>, Failure> {
    let all = objects::list(
        session,
        &target.resource,
        &target.namespace,
        &Query::default(),
    )
    .await?;
    Ok(all
        .into_iter()
        .filter(|found| found.name().starts_with(&target.name))
        .collect())
}
