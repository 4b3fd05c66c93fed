//! `run`: one pod, made from a few words.

use std::ops::ControlFlow;

use clap::Args;
use serde_json::{Value, json};

use super::attach;
use super::create::How;
use super::delete;
use super::logs::Logs;
use crate::edits::DryRun;
use crate::failure::{Failure, said};
use crate::fields::{items, number, text};
use crate::limits::POD_START_MAX;
use crate::objects::{self, Found};
use crate::pods;
use crate::selection::Target;
use crate::session::Session;
use crate::streams::Streams;
use crate::watching;

/// Create and run a particular image in a pod
#[derive(Args, Debug)]
pub(crate) struct Run {
    /// The name of the pod
    name: String,
    /// The image for the container to run
    #[arg(long)]
    image: String,
    /// Arguments of the container
    args: Vec<String>,
    /// Use the arguments as the command, and not as its arguments
    #[arg(long)]
    command: bool,
    /// Environment variables to set in the container
    #[arg(long)]
    env: Vec<String>,
    /// Comma separated labels to apply to the pod
    #[arg(short, long, value_delimiter = ',')]
    labels: Vec<String>,
    /// Annotations to apply to the pod
    #[arg(long)]
    annotations: Vec<String>,
    /// The port that this container exposes
    #[arg(long)]
    port: Option<u16>,
    /// If true, create a ClusterIP service associated with the pod. Requires --port
    #[arg(long)]
    expose: bool,
    /// The restart policy for this Pod: Always, OnFailure, Never
    #[arg(long, default_value = "Always")]
    restart: String,
    /// The image pull policy for the container
    #[arg(long)]
    image_pull_policy: Option<String>,
    /// An inline JSON override for the generated object
    #[arg(long)]
    overrides: Option<String>,
    /// If true, run the container in privileged mode
    #[arg(long)]
    privileged: bool,
    /// Keep stdin open on the container in the pod
    #[arg(short = 'i', long)]
    stdin: bool,
    /// Allocate a TTY for the container in the pod
    #[arg(short, long)]
    tty: bool,
    /// Wait for the pod to start running, and then attach to it
    #[arg(long)]
    attach: bool,
    /// If true, delete the pod after it exits
    #[arg(long)]
    rm: bool,
    /// If true, suppress prompt messages
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    how: How,
    /// Arguments of the container, after two dashes
    #[arg(last = true)]
    rest: Vec<String>,
}

impl Run {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        self.check()?;
        let object = self.object()?;
        let attaches = self.attach || self.stdin;
        if !attaches || self.how.writing.dry_run()? != DryRun::No {
            self.how.generate(session, object).await?;
            return self.expose(session).await;
        }
        let pods = pods::resource(session).await?;
        let namespace = session.namespace().await?;
        let query = self.how.writing.query("kubectl-run")?;
        let created = objects::post(session, &pods.path(&namespace, ""), &object, &query).await?;
        let pod = Found::named(pods, created);
        self.expose(session).await?;
        let outcome = self.follow(session, &pod).await;
        if self.rm {
            let target = Target {
                resource: pods.clone(),
                namespace,
                name: self.name.clone(),
            };
            delete::and_wait(session, &target).await?;
            if !self.quiet {
                session.out.line(format!("pod {:?} deleted", self.name))?;
            }
        }
        outcome
    }

    fn check(&self) -> Result<(), Failure> {
        let attaches = self.attach || self.stdin;
        if self.rm && !attaches {
            return said("--rm should only be used for attached containers");
        }
        if self.tty && !self.stdin {
            return said("-i/--stdin is required for containers with -t/--tty=true");
        }
        if attaches && self.how.writing.dry_run()? != DryRun::No {
            return said(
                "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)",
            );
        }
        if self.expose && self.port.is_none() {
            return said("--port must be set when exposing a service");
        }
        if !matches!(self.restart.as_str(), "Always" | "OnFailure" | "Never") {
            return said(format!(
                "invalid restart policy: {}\nSee 'kubectl run -h' for help and examples",
                self.restart
            ));
        }
        Ok(())
    }

    fn labels(&self) -> Result<Value, Failure> {
        if self.labels.is_empty() {
            return Ok(json!({"run": self.name}));
        }
        pairs(&self.labels, "label")
    }

    fn object(&self) -> Result<Value, Failure> {
        let mut object = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"creationTimestamp": null, "labels": self.labels()?, "name": self.name},
            "spec": {
                "containers": [self.container()?],
                "dnsPolicy": "ClusterFirst",
                "restartPolicy": self.restart,
            },
            "status": {},
        });
        if !self.annotations.is_empty() {
            object["metadata"]["annotations"] = pairs(&self.annotations, "annotation")?;
        }
        if let Some(overrides) = &self.overrides {
            let overrides: Value = serde_json::from_str(overrides)
                .map_err(|error| Failure::Said(format!("read --overrides: {error}")))?;
            object = gantry_schema::patch::merge(object, &overrides);
        }
        Ok(object)
    }

    fn container(&self) -> Result<Value, Failure> {
        let mut container = json!({"image": self.image, "name": self.name, "resources": {}});
        let words: Vec<&String> = self.args.iter().chain(&self.rest).collect();
        if !words.is_empty() {
            let field = if self.command { "command" } else { "args" };
            container[field] = json!(words);
        }
        if !self.env.is_empty() {
            let variables = self.env.iter().map(|pair| match pair.split_once('=') {
                Some((name, value)) if !name.is_empty() => {
                    Ok(json!({"name": name, "value": value}))
                }
                _ => said(format!("invalid env: {pair}")),
            });
            container["env"] = Value::Array(variables.collect::<Result<_, Failure>>()?);
        }
        if let Some(port) = self.port {
            container["ports"] = json!([{"containerPort": port}]);
        }
        if let Some(policy) = &self.image_pull_policy {
            container["imagePullPolicy"] = json!(policy);
        }
        if self.privileged {
            container["securityContext"] = json!({"privileged": true});
        }
        if self.stdin {
            container["stdin"] = json!(true);
            container["stdinOnce"] = json!(true);
        }
        if self.tty {
            container["tty"] = json!(true);
        }
        Ok(container)
    }

    async fn expose(&self, session: &Session) -> Result<(), Failure> {
        let Some(port) = self.port.filter(|_| self.expose) else {
            return Ok(());
        };
        let service = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"creationTimestamp": null, "name": self.name},
            "spec": {
                "ports": [{"port": port, "protocol": "TCP", "targetPort": port}],
                "selector": self.labels()?,
            },
            "status": {"loadBalancer": {}},
        });
        self.how.generate(session, service).await
    }

    /// Attaches to the pod once it runs; shows the log of one that has already ended.
    async fn follow(&self, session: &Session, pod: &Found) -> Result<(), Failure> {
        let target = Target {
            resource: pod.resource.clone(),
            namespace: pod.namespace().to_owned(),
            name: self.name.clone(),
        };
        let started = |pod: Option<&Value>| {
            let Some(pod) = pod else {
                return said("the pod was deleted before it started");
            };
            Ok(match text(pod, "status.phase") {
                "Running" | "Succeeded" | "Failed" => ControlFlow::Break(pod.clone()),
                _ => ControlFlow::Continue(()),
            })
        };
        let running = watching::until(session, &target, Some(POD_START_MAX), started).await?;
        let Some(running) = running else {
            return said(format!(
                "timed out waiting for pod {:?} to start: look at its events with describe",
                self.name
            ));
        };
        let pod = Found::named(&pod.resource, running);
        if text(&pod.object, "status.phase") == "Running" {
            let streams = Streams {
                stdin: self.stdin,
                tty: self.tty,
                hint: !self.quiet,
            };
            match attach::to(session, &pod, &self.name, streams.checked(session)).await {
                Err(failure) if failure.refusal().is_some() => {
                    Logs::whole().show(session, &pod, &self.name).await?;
                }
                attached => attached?,
            }
        } else {
            Logs::whole().show(session, &pod, &self.name).await?;
        }
        if self.restart == "Always" {
            return Ok(());
        }
        self.verdict(session, &target).await
    }

    /// The exit status of the container becomes the command's.
    async fn verdict(&self, session: &Session, target: &Target) -> Result<(), Failure> {
        let ended = |pod: Option<&Value>| {
            let Some(pod) = pod else {
                return Ok(ControlFlow::Break(0));
            };
            let status = items(pod, "status.containerStatuses")
                .first()
                .cloned()
                .unwrap_or_default();
            Ok(match text(pod, "status.phase") {
                "Succeeded" => ControlFlow::Break(0),
                "Failed" => ControlFlow::Break(number(&status, "state.terminated.exitCode")),
                _ => ControlFlow::Continue(()),
            })
        };
        match watching::until(session, target, Some(POD_START_MAX), ended).await? {
            Some(0) | None => Ok(()),
            Some(code) => Err(Failure::Exit(u8::try_from(code).unwrap_or(1))),
        }
    }
}

fn pairs(pairs: &[String], what: &str) -> Result<Value, Failure> {
    let pairs = pairs.iter().map(|pair| match pair.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), json!(value))),
        None => said(format!("unexpected {what} spec: {pair}")),
    });
    Ok(Value::Object(pairs.collect::<Result<_, Failure>>()?))
}
