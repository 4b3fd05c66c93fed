//! `edit`: objects in the user's editor.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use clap::Args;
use gantry_schema::decode;
use serde_json::Value;

use crate::edits::Writing;
use crate::failure::{Failure, said};
use crate::merge::two_way;
use crate::objects::{self, Found};
use crate::print::without_managers;
use crate::selection::Selection;
use crate::session::Session;

const INTRODUCTION: &str = "\
# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
";

/// Edit a resource on the server
#[derive(Args, Debug)]
pub(crate) struct Edit {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    writing: Writing,
}

impl Edit {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        self.writing.begin(session);
        session.out.flush()?;
        let found = self.selection.objects(session).await?;
        if found.is_empty() {
            return said("edit cancelled, no objects found");
        }
        for object in &found {
            self.edit(session, object).await?;
        }
        Ok(())
    }

    async fn edit(&self, session: &Session, found: &Found) -> Result<(), Failure> {
        let original = without_managers(found.object.clone());
        let draft = tempfile::Builder::new()
            .prefix("kubectl-edit-")
            .suffix(".yaml")
            .tempfile()?;
        let mut content = gantry_api::yaml::write(&original);
        let mut complaint = String::new();
        loop {
            let shown = format!("{INTRODUCTION}{complaint}{content}");
            let edited = in_editor(draft.path(), &shown)?;
            if edited == shown {
                return Self::unchanged(session, &complaint, draft);
            }
            content = edited
                .lines()
                .filter(|line| !line.starts_with('#'))
                .flat_map(|line| [line, "\n"])
                .collect();
            if content.trim().is_empty() {
                session.out.remark("Edit cancelled, saved file was empty.");
                return Ok(());
            }
            match self.save(session, found, &original, &content).await {
                Ok(()) => return Ok(()),
                Err(Failure::ClosedPipe) => return Err(Failure::ClosedPipe),
                Err(failure) => {
                    session.out.remark(format!("error: {}", failure.sentence()));
                    let lines = failure.sentence().replace('\n', "\n# ");
                    complaint = format!("# {} was not valid:\n# * {lines}\n#\n", found.label());
                }
            }
        }
    }

    /// Nothing was changed: fine at first, the end of trying after an error.
    fn unchanged(
        session: &Session,
        complaint: &str,
        draft: tempfile::NamedTempFile,
    ) -> Result<(), Failure> {
        if complaint.is_empty() {
            session.out.remark("Edit cancelled, no changes made.");
            return Ok(());
        }
        let (_, path) = draft.keep().map_err(|error| Failure::from(error.error))?;
        said(format!(
            "Edit cancelled, no valid changes were saved. A copy of your changes has been stored to {:?}",
            path.display().to_string()
        ))
    }

    async fn save(
        &self,
        session: &Session,
        found: &Found,
        original: &Value,
        content: &str,
    ) -> Result<(), Failure> {
        let parsed = decode::parse(content.as_bytes(), decode::Format::Yaml);
        let mut modified = match parsed {
            Ok(document) => document.untyped().value,
            Err(error) => return said(error.to_string()),
        };
        if modified == *original {
            session.out.remark("Edit cancelled, no changes made.");
            return Ok(());
        }
        for field in ["kind", "apiVersion"] {
            if modified[field] != original[field] {
                return said("At least one of apiVersion, kind and name was changed");
            }
        }
        if modified["metadata"]["name"] != original["metadata"]["name"] {
            return said("At least one of apiVersion, kind and name was changed");
        }
        self.writing.note_cause(session, &mut modified);
        let patch = two_way(original, &modified);
        let query = self
            .writing
            .query("kubectl-edit")?
            .with("fieldValidation", "Strict");
        let after = objects::patch(session, found, "", &patch, &query).await?;
        self.writing
            .report(session, &found.resource, &after, "edited")
    }
}

/// Lets the user change a text.
fn in_editor(path: &Path, content: &str) -> Result<String, Failure> {
    let mut file = fs::File::create(path)?;
    file.write_all(content.as_bytes())?;
    drop(file);
    let named = ["KUBE_EDITOR", "EDITOR"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    let editor = named
        .filter(|editor| !editor.is_empty())
        .unwrap_or_else(|| "vi".to_owned());
    // The variable may hold arguments; a shell takes it apart as users expect.
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$1\""))
        .arg("sh")
        .arg(path)
        .status();
    match status {
        Ok(status) if status.success() => Ok(fs::read_to_string(path)?),
        Ok(status) => said(format!(
            "there was a problem with the editor {editor:?}: {status}"
        )),
        Err(error) => said(format!("unable to launch the editor {editor:?}: {error}")),
    }
}
