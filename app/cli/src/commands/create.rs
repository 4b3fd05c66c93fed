//! `create`: from files as they are written, or from a few words.

mod configmap;
mod deployment;
mod namespace;
mod secret;
mod service;
mod service_account;
pub(super) mod sources;

use clap::{Args, Subcommand};
use gantry_api::Object;
use gantry_client::Call;
use http::Method;
use serde_json::{Value, json};

use super::apply::last_applied;
use crate::edits::{DryRun, Writing};
use crate::failure::{Failure, said};
use crate::fields::text;
use crate::manifest::{Files, Manifest};
use crate::selection::Filter;
use crate::session::Session;
use gantry_client::paths::Query;

/// Create a resource from a file or from stdin
#[derive(Args, Debug)]
#[command(subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
pub(crate) struct Create {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    how: How,
    #[command(subcommand)]
    generator: Option<Generator>,
}

/// How objects are created.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct How {
    #[command(flatten)]
    pub(crate) writing: Writing,
    /// Must be one of: strict (or true), warn, ignore (or false)
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "strict", default_value = "strict")]
    pub(crate) validate: String,
    /// Keep the configuration in an annotation, for a later apply
    #[arg(long)]
    pub(crate) save_config: bool,
}

/// What can be made from a few words.
#[derive(Debug, Subcommand)]
enum Generator {
    /// Create a config map from a local file, directory or literal value
    #[command(alias = "cm")]
    Configmap(configmap::ConfigMap),
    /// Create a deployment with the specified name
    #[command(alias = "deploy")]
    Deployment(deployment::Deployment),
    /// Create a namespace with the specified name
    #[command(alias = "ns")]
    Namespace(namespace::Namespace),
    /// Create a secret using a specified subcommand
    Secret(secret::Secret),
    /// Create a service using a specified subcommand
    #[command(alias = "svc")]
    Service(service::Service),
    /// Create a service account with the specified name
    #[command(alias = "sa")]
    Serviceaccount(service_account::ServiceAccount),
}

impl Create {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        match self.generator {
            Some(Generator::Configmap(it)) => it.how.generate(session, it.object()?).await,
            Some(Generator::Deployment(it)) => it.how.generate(session, it.object()?).await,
            Some(Generator::Namespace(it)) => it.how.generate(session, it.object()).await,
            Some(Generator::Secret(it)) => it.run(session).await,
            Some(Generator::Service(it)) => it.run(session).await,
            Some(Generator::Serviceaccount(it)) => it.how.generate(session, it.object()).await,
            None if self.files.is_empty() => said("must specify one of -f and -k"),
            None => self.all_files(session).await,
        }
    }

    async fn all_files(&self, session: &Session) -> Result<(), Failure> {
        self.how.writing.begin(session);
        let mut failures = Vec::new();
        for manifest in self.files.read()? {
            if !selects(&self.filter, &manifest.object)? {
                continue;
            }
            match self.how.create(session, &manifest).await {
                Ok(()) => {}
                Err(failure) => failures.push(failure),
            }
        }
        Failure::all(failures)
    }
}

/// Whether a label selector takes an object of a file.
pub(crate) fn selects(filter: &Filter, object: &Object) -> Result<bool, Failure> {
    let Some(selector) = &filter.selector else {
        return Ok(true);
    };
    let selector = gantry_base::selector::Selector::parse(selector);
    let selector = selector.map_err(|error| Failure::Said(error.to_string()))?;
    Ok(selector.matches(&object.labels()))
}

/// The value of `fieldValidation` that `--validate` means.
pub(crate) fn validation(flag: &str) -> Result<&'static str, Failure> {
    match flag {
        "strict" | "true" => Ok("Strict"),
        "warn" => Ok("Warn"),
        "ignore" | "false" => Ok("Ignore"),
        other => said(format!(
            "invalid - validate option {other:?}; must be one of: strict (or true), warn, ignore (or false)"
        )),
    }
}

impl How {
    fn query(&self) -> Result<Query, Failure> {
        let query = self.writing.query("kubectl-create")?;
        Ok(query.with("fieldValidation", validation(&self.validate)?))
    }

    /// Creates the object of a manifest.
    pub(crate) async fn create(
        &self,
        session: &Session,
        manifest: &Manifest,
    ) -> Result<(), Failure> {
        let (resource, namespace) = manifest.place(session).await?;
        let mut changed = manifest.object.clone().into_value();
        if resource.namespaced && self.writing.dry_run()? == DryRun::Client {
            changed["metadata"]["namespace"] = json!(namespace);
        }
        self.writing.note_cause(session, &mut changed);
        if self.save_config {
            last_applied(&mut changed);
        }
        if self.writing.dry_run()? == DryRun::Client {
            return self.writing.report(session, resource, &changed, "created");
        }
        let is_as_written = !self.writing.record && !self.save_config;
        let (body, media_type) = if is_as_written {
            manifest.body()
        } else {
            (changed.to_string().into(), "application/json")
        };
        let call = Call::new(
            Method::POST,
            self.query()?.on(&resource.path(&namespace, "")),
        );
        let what = format!("error when creating {:?}", manifest.source);
        match session.json(call.body(body, media_type)).await {
            Ok(object) => self.writing.report(session, resource, &object, "created"),
            Err(failure) => {
                let failure = as_written(session, manifest, failure).await;
                Err(failure.during(what))
            }
        }
    }

    /// Creates an object that was made from a few words.
    pub(crate) async fn generate(&self, session: &Session, object: Value) -> Result<(), Failure> {
        self.generate_as(session, object, "created").await
    }

    /// The same, saying that it was `done` to the object.
    pub(crate) async fn generate_as(
        &self,
        session: &Session,
        mut object: Value,
        done: &str,
    ) -> Result<(), Failure> {
        let is_scoped = object["kind"] != "Namespace";
        if self.save_config {
            last_applied(&mut object);
        }
        if self.writing.dry_run()? == DryRun::Client {
            if let Some(namespace) = session.globals.namespace.as_ref().filter(|_| is_scoped) {
                object["metadata"]["namespace"] = json!(namespace);
            }
            let resource = without_server(&object);
            return self.writing.report(session, &resource, &object, done);
        }
        let whole = Object::from_value(object.clone()).unwrap_or_default();
        let (resource, namespace) = Manifest::generated(whole).place(session).await?;
        let call = Call::new(
            Method::POST,
            self.query()?.on(&resource.path(&namespace, "")),
        );
        let sent = session
            .json(call.body(object.to_string(), "application/json"))
            .await;
        let what = format!("failed to create {}", resource.kind.to_lowercase());
        let created = sent.map_err(|failure| failure.during(what))?;
        self.writing.report(session, resource, &created, done)
    }
}

/// What a kind is probably called, for those who do not want to ask a server.
fn without_server(object: &Value) -> crate::discovery::Resource {
    let version = text(object, "apiVersion");
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    crate::discovery::Resource {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: text(object, "kind").to_owned(),
        ..crate::discovery::Resource::default()
    }
}

/// When the server does not know a field of something that was sent as JSON, asks it about the text
/// as written, so that the answer names the line.
pub(crate) async fn as_written(
    session: &Session,
    manifest: &Manifest,
    failure: Failure,
) -> Failure {
    let is_about_fields = failure.refusal().is_some_and(|refusal| {
        refusal.code == 400
            && refusal.message().contains(" field ")
            && !refusal.message().contains("(line ")
    });
    let Some((body, media_type)) = manifest.written.clone().filter(|_| is_about_fields) else {
        return failure;
    };
    let Ok((resource, namespace)) = manifest.place(session).await else {
        return failure;
    };
    let query = Query::default()
        .with("dryRun", "All")
        .with("fieldValidation", "Strict");
    let call = Call::new(Method::POST, query.on(&resource.path(&namespace, "")));
    match session.json(call.body(body, media_type)).await {
        Err(better) if better.refusal().is_some_and(|refusal| refusal.code == 400) => better,
        _ => failure,
    }
}
