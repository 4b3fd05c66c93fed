//! `replace`: objects become exactly what their manifests say.

use clap::Args;
use gantry_client::Call;
use http::Method;

use super::create::validation;
use super::delete;
use crate::edits::{DryRun, Writing};
use crate::failure::{Failure, said};
use crate::manifest::{Files, Manifest};
use crate::selection::Target;
use crate::session::Session;

/// Replace a resource by file name or stdin
#[derive(Args, Debug)]
pub(crate) struct Replace {
    #[command(flatten)]
    files: Files,
    /// Delete and create the objects anew
    #[arg(long)]
    force: bool,
    /// Must be one of: strict (or true), warn, ignore (or false)
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "strict", default_value = "strict")]
    validate: String,
    #[command(flatten)]
    writing: Writing,
}

impl Replace {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        if self.files.is_empty() {
            return said("must specify one of -f and -k");
        }
        self.writing.begin(session);
        let manifests = self.files.read()?;
        let mut failures = Vec::new();
        for manifest in &manifests {
            let replaced = self.replace(session, manifest).await;
            failures.extend(replaced.err());
        }
        Failure::all(failures)
    }

    async fn replace(&self, session: &Session, manifest: &Manifest) -> Result<(), Failure> {
        let (resource, namespace) = manifest.place(session).await?;
        let target = Target {
            resource: resource.clone(),
            namespace,
            name: manifest.object.name().to_owned(),
        };
        if self.writing.dry_run()? == DryRun::Client {
            let object = manifest.object.clone().into_value();
            return self.writing.report(session, resource, &object, "replaced");
        }
        let query = self.writing.query("kubectl-replace")?;
        let query = query.with("fieldValidation", validation(&self.validate)?);
        let (mut body, mut media_type) = manifest.body();
        if self.writing.record {
            let mut object = manifest.object.clone().into_value();
            self.writing.note_cause(session, &mut object);
            (body, media_type) = (object.to_string().into(), "application/json");
        }
        let what = format!("error when replacing {:?}", manifest.source);
        let (method, path) = if self.force {
            delete::and_wait(session, &target).await?;
            session
                .out
                .line(format!("{} {:?} deleted", resource.label(), target.name))?;
            (Method::POST, resource.path(&target.namespace, ""))
        } else {
            (Method::PUT, target.path())
        };
        let call = Call::new(method, query.on(&path)).body(body, media_type);
        let object = session
            .json(call)
            .await
            .map_err(|failure| failure.during(what))?;
        self.writing.report(session, resource, &object, "replaced")
    }
}
