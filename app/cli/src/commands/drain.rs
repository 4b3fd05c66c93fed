//! `drain`: close a node and move its pods away, politely.

use std::ops::ControlFlow;
use std::time::Duration;

use clap::Args;
use gantry_client::Call;
use http::Method;
use serde_json::{Value, json};

use super::cordon;
use crate::edits::{DryRun, Writing};
use crate::failure::{Failure, said};
use crate::fields::{items, text};
use crate::objects::{self, Found};
use crate::pods;
use crate::selection::{Filter, Target};
use crate::session::{Session, duration};
use crate::watching;
use gantry_client::paths::Query;

/// How long a disruption budget's refusal is respected before asking again.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// Drain node in preparation for maintenance
#[derive(Args, Debug)]
pub(crate) struct Drain {
    /// The nodes
    nodes: Vec<String>,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    writing: Writing,
    /// Continue even if there are pods that do not declare a controller
    #[arg(long)]
    force: bool,
    /// Ignore DaemonSet-managed pods
    #[arg(long)]
    ignore_daemonsets: bool,
    /// Continue even if there are pods using emptyDir
    #[arg(long)]
    delete_emptydir_data: bool,
    /// Seconds given to each pod to terminate gracefully
    #[arg(long, allow_hyphen_values = true, default_value_t = -1)]
    grace_period: i64,
    /// The length of time to wait before giving up, zero means infinite
    #[arg(long, default_value = "0")]
    timeout: String,
    /// Force drain to use delete, even if eviction is supported
    #[arg(long)]
    disable_eviction: bool,
}

impl Drain {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        let nodes = cordon::nodes(session, &self.nodes, &self.filter).await?;
        for node in &nodes {
            cordon::set(session, node, true, &self.writing).await?;
        }
        let timeout = Some(duration(&self.timeout)?).filter(|most| !most.is_zero());
        for node in &nodes {
            let draining = self.drain(session, node);
            match timeout {
                None => draining.await?,
                Some(most) => match tokio::time::timeout(most, draining).await {
                    Ok(drained) => drained?,
                    Err(_) => return said(format!("drain did not complete within {most:?}")),
                },
            }
            let dry = if self.writing.dry_run()? == DryRun::No {
                ""
            } else {
                " (dry run)"
            };
            session
                .out
                .line(format!("node/{} drained{dry}", node.name()))?;
        }
        Ok(())
    }

    async fn drain(&self, session: &Session, node: &Found) -> Result<(), Failure> {
        let resource = pods::resource(session).await?;
        let query =
            Query::default().with("fieldSelector", &format!("spec.nodeName={}", node.name()));
        let all = objects::list(session, resource, "", &query).await?;
        let (leaving, reasons) = self.choose(&all);
        if !reasons.is_empty() {
            return said(format!(
                "unable to drain node {:?} due to error: cannot delete {}",
                node.name(),
                reasons.join(", cannot delete ")
            ));
        }
        for pod in leaving {
            session
                .out
                .line(format!("evicting pod {}/{}", pod.namespace(), pod.name()))?;
            session.out.flush()?;
            if self.writing.dry_run()? == DryRun::No {
                self.evict(session, pod).await?;
            }
        }
        Ok(())
    }

    /// The pods that have to leave, and why some of them cannot.
    fn choose<'p>(&self, all: &'p [Found]) -> (Vec<&'p Found>, Vec<String>) {
        let (mut leaving, mut reasons) = (Vec::new(), Vec::new());
        for pod in all {
            let object = &pod.object;
            let mirror = &object["metadata"]["annotations"]["kubernetes.io/config.mirror"];
            let is_done = matches!(text(object, "status.phase"), "Succeeded" | "Failed");
            let owner = crate::describe::controller(object).map_or("", |owner| text(owner, "kind"));
            let has_data = items(object, "spec.volumes")
                .iter()
                .any(|volume| volume["emptyDir"].is_object());
            let name = format!("{}/{}", pod.namespace(), pod.name());
            if !mirror.is_null() {
                continue;
            }
            if owner == "DaemonSet" && !is_done {
                if !self.ignore_daemonsets {
                    reasons.push(format!(
                        "DaemonSet-managed Pods (use --ignore-daemonsets to ignore): {name}"
                    ));
                }
                continue;
            }
            if owner.is_empty() && !is_done && !self.force {
                reasons.push(format!(
                    "Pods that declare no controller (use --force to override): {name}"
                ));
            } else if has_data && !is_done && !self.delete_emptydir_data {
                reasons.push(format!(
                    "Pods with local storage (use --delete-emptydir-data to override): {name}"
                ));
            } else {
                leaving.push(pod);
            }
        }
        (leaving, reasons)
    }

    /// Asks the pod to leave, again while a budget forbids it, and waits until it is gone.
    async fn evict(&self, session: &Session, pod: &Found) -> Result<(), Failure> {
        let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
        if self.grace_period >= 0 {
            options["gracePeriodSeconds"] = json!(self.grace_period);
        }
        let (method, path, body) = if self.disable_eviction {
            (Method::DELETE, pod.path(), options)
        } else {
            let body = json!({
                "apiVersion": "policy/v1",
                "kind": "Eviction",
                "metadata": {"name": pod.name(), "namespace": pod.namespace()},
                "deleteOptions": options,
            });
            (Method::POST, format!("{}/eviction", pod.path()), body)
        };
        loop {
            let call = Call::new(method.clone(), path.as_str());
            match session
                .send(call.body(body.to_string(), "application/json"))
                .await
            {
                Ok(_) => break,
                Err(failure) if failure.is_not_found() => return Ok(()),
                Err(failure) if failure.refusal().is_some_and(|refusal| refusal.code == 429) => {
                    session.out.remark(format!(
                        "error when evicting pods/{:?} -n {:?} (will retry after 5s): {}",
                        pod.name(),
                        pod.namespace(),
                        failure.sentence()
                    ));
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                Err(failure) => return Err(failure),
            }
        }
        self.gone(session, pod).await
    }

    async fn gone(&self, session: &Session, pod: &Found) -> Result<(), Failure> {
        let target = Target {
            resource: pod.resource.clone(),
            namespace: pod.namespace().to_owned(),
            name: pod.name().to_owned(),
        };
        let uid = text(&pod.object, "metadata.uid");
        let is_gone = |object: Option<&Value>| {
            let is_there = object.is_some_and(|object| text(object, "metadata.uid") == uid);
            Ok(if is_there {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        };
        watching::until(session, &target, None, is_gone).await?;
        Ok(())
    }
}
