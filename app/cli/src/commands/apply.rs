//! `apply`: make objects what their manifests say, on the client's side or on the server's.

use clap::Args;
use gantry_client::Call;
use http::Method;
use serde_json::{Value, json};

use super::create::{as_written, selects, validation};
use super::delete;
use crate::discovery::Resource;
use crate::edits::{DryRun, Writing};
use crate::failure::{Failure, said};
use crate::fields::text;
use crate::limits::CONFLICT_RETRIES;
use crate::manifest::{Files, Manifest};
use crate::merge::three_way;
use crate::objects::{self, Found};
use crate::selection::{Filter, Target};
use crate::session::Session;
use gantry_client::paths::Query;

/// The annotation in which the last applied configuration is kept.
pub(crate) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Apply a configuration to a resource by file name or stdin
#[derive(Args, Debug)]
pub(crate) struct Apply {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    writing: Writing,
    /// If true, apply runs in the server instead of the client
    #[arg(long)]
    server_side: bool,
    /// If true, server-side apply will force the changes against conflicts
    #[arg(long)]
    force_conflicts: bool,
    /// Delete and create objects that cannot be changed in place
    #[arg(long)]
    force: bool,
    /// Delete objects that are not in the files: not supported yet
    #[arg(long)]
    prune: bool,
    /// Must be one of: strict (or true), warn, ignore (or false)
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "strict", default_value = "strict")]
    validate: String,
    /// Accepted for the sake of scripts: maps are always overwritten
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    overwrite: Option<String>,
}

impl Apply {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        if self.prune {
            return said("--prune is not supported yet: delete what is no longer wanted by name");
        }
        if self.force_conflicts && !self.server_side {
            return said("--force-conflicts only works with --server-side");
        }
        if self.server_side && self.writing.dry_run()? == DryRun::Client {
            return said(
                "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)",
            );
        }
        if self.files.is_empty() {
            return said("must specify one of -f and -k");
        }
        self.writing.begin(session);
        let mut failures = Vec::new();
        for manifest in self.files.read()? {
            if !selects(&self.filter, &manifest.object)? {
                continue;
            }
            let applied = self.apply(session, &manifest).await;
            failures.extend(applied.err());
        }
        Failure::all(failures)
    }

    async fn apply(&self, session: &Session, manifest: &Manifest) -> Result<(), Failure> {
        let (resource, namespace) = manifest.place(session).await?;
        let target = Target {
            resource: resource.clone(),
            namespace,
            name: manifest.object.name().to_owned(),
        };
        if target.name.is_empty() {
            return said(format!(
                "error when applying {:?}: resource name may not be empty (generateName works only with create)",
                manifest.source
            ));
        }
        if self.server_side {
            self.on_server(session, manifest, &target).await
        } else {
            self.on_client(session, manifest, &target).await
        }
    }

    fn query(&self, manager: &str) -> Result<Query, Failure> {
        let query = self.writing.query(manager)?;
        Ok(query.with("fieldValidation", validation(&self.validate)?))
    }

    async fn on_server(
        &self,
        session: &Session,
        manifest: &Manifest,
        target: &Target,
    ) -> Result<(), Failure> {
        let query = self.query("kubectl")?.flag("force", self.force_conflicts);
        let call = Call::new(Method::PATCH, query.on(&target.path()));
        let (body, _) = manifest.body();
        match session
            .json(call.body(body, "application/apply-patch+yaml"))
            .await
        {
            Ok(object) => {
                self.writing
                    .report(session, &target.resource, &object, "serverside-applied")
            }
            Err(failure) if failure.is_conflict() => {
                let advice = "\nPlease review the fields above--they currently have other managers. \
                              To take them over, re-run the apply command with the \
                              `--force-conflicts` flag; to leave them, take them out of the manifest.";
                Err(Failure::Plain(format!(
                    "error: {}{advice}",
                    failure.sentence()
                )))
            }
            Err(failure) => {
                Err(failure.during(format!("error when applying {:?}", manifest.source)))
            }
        }
    }

    async fn on_client(
        &self,
        session: &Session,
        manifest: &Manifest,
        target: &Target,
    ) -> Result<(), Failure> {
        let mut modified = manifest.object.clone().into_value();
        if target.resource.namespaced {
            modified["metadata"]["namespace"] = json!(target.namespace);
        }
        last_applied(&mut modified);
        self.writing.note_cause(session, &mut modified);
        for _ in 0..CONFLICT_RETRIES {
            let current = match session.get(target.path()).await {
                Ok(object) => Found::named(&target.resource, object),
                Err(failure) if failure.is_not_found() => {
                    return self.create(session, manifest, target, &modified).await;
                }
                Err(failure) => {
                    return Err(failure.during(format!(
                        "error when retrieving current configuration of {:?}",
                        manifest.source
                    )));
                }
            };
            match self.patch(session, manifest, &current, &modified).await {
                Err(failure) if failure.is_conflict() => {}
                Err(failure) if self.force && is_immutable(&failure) => {
                    return self.again(session, manifest, target, &modified).await;
                }
                Err(failure) => {
                    let failure = as_written(session, manifest, failure).await;
                    return Err(failure.during(format!(
                        "error when applying patch for {:?}",
                        manifest.source
                    )));
                }
                Ok(()) => return Ok(()),
            }
        }
        said(format!(
            "{}/{} keeps changing: tried {CONFLICT_RETRIES} times",
            target.resource.label(),
            target.name
        ))
    }

    async fn create(
        &self,
        session: &Session,
        manifest: &Manifest,
        target: &Target,
        modified: &Value,
    ) -> Result<(), Failure> {
        if self.writing.dry_run()? == DryRun::Client {
            return self
                .writing
                .report(session, &target.resource, modified, "created");
        }
        let query = self.query("kubectl-client-side-apply")?;
        let path = target.resource.path(&target.namespace, "");
        match objects::post(session, &path, modified, &query).await {
            Ok(object) => self
                .writing
                .report(session, &target.resource, &object, "created"),
            Err(failure) => {
                let failure = as_written(session, manifest, failure).await;
                Err(failure.during(format!("error when creating {:?}", manifest.source)))
            }
        }
    }

    async fn patch(
        &self,
        session: &Session,
        manifest: &Manifest,
        current: &Found,
        modified: &Value,
    ) -> Result<(), Failure> {
        let annotation = current.object["metadata"]["annotations"][LAST_APPLIED].as_str();
        if annotation.is_none() {
            warn_missing(session, &current.resource, current.name());
        }
        let original = annotation.and_then(|text| serde_json::from_str(text).ok());
        let patch = three_way(&original.unwrap_or(Value::Null), modified, &current.object);
        if patch.is_empty() {
            return self
                .writing
                .report(session, &current.resource, &current.object, "unchanged");
        }
        if self.writing.dry_run()? == DryRun::Client {
            return self
                .writing
                .report(session, &current.resource, modified, "configured");
        }
        let query = self.query("kubectl-client-side-apply")?;
        let object = objects::patch(session, current, "", &patch, &query).await?;
        let revision = "metadata.resourceVersion";
        let is_same = text(&object, revision) == text(&current.object, revision);
        let is_real = self.writing.dry_run()? == DryRun::No && !manifest.source.is_empty();
        let done = if is_same && is_real {
            "unchanged"
        } else {
            "configured"
        };
        self.writing
            .report(session, &current.resource, &object, done)
    }

    /// Deletes what cannot be changed, and creates it anew.
    async fn again(
        &self,
        session: &Session,
        manifest: &Manifest,
        target: &Target,
        modified: &Value,
    ) -> Result<(), Failure> {
        delete::and_wait(session, target).await?;
        self.create(session, manifest, target, modified).await
    }
}

fn is_immutable(failure: &Failure) -> bool {
    failure
        .refusal()
        .is_some_and(|refusal| refusal.reason() == "Invalid")
}

/// Puts the configuration itself into the annotation that the next apply compares with.
pub(crate) fn last_applied(object: &mut Value) {
    let mut plain = object.clone();
    if let Some(annotations) = plain["metadata"]["annotations"].as_object_mut() {
        annotations.remove(LAST_APPLIED);
    } else {
        plain["metadata"]["annotations"] = json!({});
    }
    object["metadata"]["annotations"][LAST_APPLIED] = json!(format!("{plain}\n"));
}

fn warn_missing(session: &Session, resource: &Resource, name: &str) {
    session.out.warning(format!(
        "resource {}/{name} is missing the {LAST_APPLIED} annotation which is required by kubectl \
         apply. kubectl apply should only be used on resources created declaratively by either \
         kubectl create --save-config or kubectl apply. The missing annotation will be patched \
         automatically.",
        resource.plural
    ));
}
