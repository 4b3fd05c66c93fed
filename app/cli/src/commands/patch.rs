//! `patch`: a patch as the user wrote it.

use clap::Args;
use gantry_schema::Schema;
use gantry_schema::decode;
use serde_json::Value;

use crate::edits::{DryRun, Writing};
use crate::failure::{Failure, said};
use crate::fields::text;
use crate::merge::{self, MERGE, STRATEGIC};
use crate::objects::{self, Found};
use crate::selection::Selection;
use crate::session::Session;

/// Update fields of a resource
#[derive(Args, Debug)]
pub(crate) struct Patch {
    #[command(flatten)]
    selection: Selection,
    /// The patch to be applied to the resource JSON file
    #[arg(short, long)]
    patch: Option<String>,
    /// A file containing a patch to be applied to the resource
    #[arg(long)]
    patch_file: Option<String>,
    /// The type of patch being provided; one of [json merge strategic]
    #[arg(long = "type", default_value = "strategic")]
    patch_type: String,
    /// Name of a part of the object, such as status or scale
    #[arg(long)]
    subresource: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

impl Patch {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        let body = self.body()?;
        self.writing.begin(session);
        for found in self.selection.objects(session).await? {
            let patch = merge::Patch {
                media_type: self.media_type(&found)?,
                body: body.clone(),
            };
            if self.writing.dry_run()? == DryRun::Client {
                return said("--dry-run=client is not supported for patches: use --dry-run=server");
            }
            let part = self.subresource.as_deref().unwrap_or_default();
            let query = self.writing.query("kubectl-patch")?;
            let mut after = objects::patch(session, &found, part, &patch, &query).await?;
            if self.writing.record {
                let now = Found::named(&found.resource, after);
                let note = |object: &mut Value| {
                    self.writing.note_cause(session, object);
                    Ok(())
                };
                after = objects::modify(session, &now, &query, note).await?.1;
            }
            let revision = "metadata.resourceVersion";
            let is_same = text(&after, revision) == text(&found.object, revision);
            let done = if is_same {
                "patched (no change)"
            } else {
                "patched"
            };
            self.writing
                .report(session, &found.resource, &after, done)?;
        }
        Ok(())
    }

    fn body(&self) -> Result<Value, Failure> {
        let text = match (&self.patch, &self.patch_file) {
            (Some(text), None) => text.clone(),
            (None, Some(path)) => std::fs::read_to_string(path)
                .map_err(|error| Failure::Said(format!("unable to read patch file: {error}")))?,
            (Some(_), Some(_)) => return said("cannot specify --patch and --patch-file together"),
            (None, None) => {
                return said(
                    "must specify --patch or --patch-file containing the contents of the patch",
                );
            }
        };
        let parsed = decode::parse(text.as_bytes(), decode::Format::Yaml);
        let document =
            parsed.map_err(|error| Failure::Said(format!("unable to parse {text:?}: {error}")))?;
        Ok(document.untyped().value)
    }

    fn media_type(&self, found: &Found) -> Result<&'static str, Failure> {
        let resource = &found.resource;
        let known = Schema::builtin().kind(&resource.group, &resource.version, &resource.kind);
        match self.patch_type.as_str() {
            "json" => Ok("application/json-patch+json"),
            "merge" => Ok(MERGE),
            "strategic" if known.is_none() => said(format!(
                "application/strategic-merge-patch+json is not supported by {} {}",
                resource.api_version(),
                resource.kind
            )),
            "strategic" => Ok(STRATEGIC),
            other => said(format!(
                "--type must be one of [json merge strategic], not {other:?}"
            )),
        }
    }
}
