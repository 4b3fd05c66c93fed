//! Rollouts of deployments: each revision is a replica set.

use std::ops::ControlFlow;

use serde_json::Value;

use crate::edits::CHANGE_CAUSE;
use crate::failure::{Failure, said};
use crate::fields::{items, number, text};
use crate::objects::{self, Found};
use crate::pods::selector_of;
use crate::print::tabs::Stops;
use crate::selection::Target;
use crate::session::{Session, duration};
use crate::watching;
use gantry_client::paths::Query;

/// Group and kind.
pub(crate) const KIND: (&str, &str) = ("apps", "Deployment");
const REVISION: &str = "deployment.kubernetes.io/revision";
const TEMPLATE_HASH: &str = "pod-template-hash";
/// Annotations that belong to a replica set and do not go back to the deployment.
const NOT_RESTORED: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
];

/// The replica set with the template that the deployment has now.
pub(crate) fn newest<'s>(deployment: &Value, sets: &'s [Value]) -> Option<&'s Value> {
    let wanted = &deployment["spec"]["template"];
    let mut same = sets
        .iter()
        .filter(|set| without_hash(&set["spec"]["template"]) == without_hash(wanted));
    let first = same.next()?;
    Some(same.fold(first, |oldest, set| {
        let created = |set: &Value| text(set, "metadata.creationTimestamp").to_owned();
        if created(set) < created(oldest) {
            set
        } else {
            oldest
        }
    }))
}

fn without_hash(template: &Value) -> Value {
    let mut template = template.clone();
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        labels.remove(TEMPLATE_HASH);
    }
    if let Some(metadata) = template["metadata"].as_object_mut() {
        metadata.retain(|_, value| !value.is_null());
    }
    template
}

/// The number of a revision; zero when there is none.
fn revision(set: &Value) -> i64 {
    let number = set["metadata"]["annotations"][REVISION].as_str();
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

async fn sets(session: &Session, found: &Found) -> Result<Vec<Value>, Failure> {
    let known = session.discovery().await?.of_kind("apps/v1", "ReplicaSet");
    let resource =
        known.ok_or_else(|| Failure::Said("the server has no replica sets".to_owned()))?;
    let query = Query::default().with("labelSelector", &selector_of(&found.object));
    let listed = objects::list(session, resource, found.namespace(), &query).await?;
    let uid = text(&found.object, "metadata.uid");
    let is_own = |set: &Value| {
        crate::describe::controller(set).is_some_and(|owner| text(owner, "uid") == uid)
    };
    let mut own: Vec<Value> = listed
        .into_iter()
        .map(|found| found.object)
        .filter(is_own)
        .collect();
    own.sort_by_key(revision);
    Ok(own)
}

/// The revisions and their causes, or the template of one of them.
pub(crate) async fn history(
    session: &Session,
    found: &Found,
    wanted: i64,
) -> Result<String, Failure> {
    let sets = sets(session, found).await?;
    let label = found.label();
    if wanted == 0 {
        let mut lines = "REVISION\tCHANGE-CAUSE\n".to_owned();
        for set in sets.iter().filter(|set| revision(set) > 0) {
            let cause = set["metadata"]["annotations"][CHANGE_CAUSE].as_str();
            let cause = cause.filter(|cause| !cause.is_empty()).unwrap_or("<none>");
            lines = format!("{lines}{}\t{cause}\n", revision(set));
        }
        let stops = Stops {
            least: 0,
            padding: 2,
        };
        return Ok(format!("{label} \n{}\n", stops.align(&lines)));
    }
    let Some(set) = sets.iter().find(|set| revision(set) == wanted) else {
        return said("unable to find the specified revision");
    };
    let mut template = set["spec"]["template"].clone();
    if let Some(cause) = set["metadata"]["annotations"][CHANGE_CAUSE].as_str() {
        template["metadata"]["annotations"][CHANGE_CAUSE] = Value::from(cause);
    }
    let page = crate::describe::template_page(&template);
    Ok(format!("{label} with revision #{wanted}\n{page}\n"))
}

/// What an older revision had; nothing when the deployment has it already.
pub(crate) async fn template_of(
    session: &Session,
    found: &Found,
    wanted: i64,
) -> Result<Option<Value>, Failure> {
    if found.object["spec"]["paused"] == true {
        return said(format!(
            "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume {}' and try again",
            found.label()
        ));
    }
    let sets = sets(session, found).await?;
    let old = if wanted == 0 {
        let mut newest_first = sets.iter().rev();
        newest_first.next();
        newest_first.next()
    } else {
        sets.iter().find(|set| revision(set) == wanted)
    };
    let Some(old) = old else {
        return if wanted == 0 {
            said(format!(
                "no rollout history found for deployment {:?}",
                found.name()
            ))
        } else {
            said(format!(
                "unable to find specified revision {wanted} in history"
            ))
        };
    };
    let is_same =
        without_hash(&old["spec"]["template"]) == without_hash(&found.object["spec"]["template"]);
    Ok(Some(old.clone()).filter(|_| !is_same))
}

/// Gives a deployment the template and the annotations of an older replica set.
pub(crate) fn put_back(deployment: &mut Value, old: &Value) {
    deployment["spec"]["template"] = without_hash(&old["spec"]["template"]);
    let own = deployment["metadata"]["annotations"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let mut annotations = serde_json::Map::new();
    for (key, value) in old["metadata"]["annotations"]
        .as_object()
        .into_iter()
        .flatten()
    {
        if !NOT_RESTORED.contains(&key.as_str()) {
            annotations.insert(key.clone(), value.clone());
        }
    }
    for key in NOT_RESTORED {
        if let Some(value) = own.get(key) {
            annotations.insert(key.to_owned(), value.clone());
        }
    }
    deployment["metadata"]["annotations"] = Value::Object(annotations);
}

/// How far a rollout has come, in words, and whether it is done.
pub(crate) fn progress(deployment: &Value) -> Result<(String, bool), Failure> {
    let name = text(deployment, "metadata.name");
    if number(deployment, "metadata.generation") > number(deployment, "status.observedGeneration") {
        return Ok((
            "Waiting for deployment spec update to be observed...".to_owned(),
            false,
        ));
    }
    let mut conditions = items(deployment, "status.conditions").iter();
    let progressing = conditions.find(|condition| text(condition, "type") == "Progressing");
    if progressing.is_some_and(|condition| text(condition, "reason") == "ProgressDeadlineExceeded")
    {
        return said(format!(
            "deployment {name:?} exceeded its progress deadline"
        ));
    }
    let status = |field: &str| deployment["status"][field].as_i64().unwrap_or_default();
    let wanted = number(deployment, "spec.replicas");
    let (updated, total) = (status("updatedReplicas"), status("replicas"));
    let waiting = |what: String| {
        Ok((
            format!("Waiting for deployment {name:?} rollout to finish: {what}..."),
            false,
        ))
    };
    if updated < wanted {
        return waiting(format!(
            "{updated} out of {wanted} new replicas have been updated"
        ));
    }
    if total > updated {
        return waiting(format!(
            "{} old replicas are pending termination",
            total - updated
        ));
    }
    if status("availableReplicas") < updated {
        let available = status("availableReplicas");
        return waiting(format!(
            "{available} of {updated} updated replicas are available"
        ));
    }
    Ok((format!("deployment {name:?} successfully rolled out"), true))
}

/// Shows how far the rollout has come until it is done.
pub(crate) async fn status(
    session: &Session,
    found: &Found,
    watch: bool,
    timeout: &str,
) -> Result<(), Failure> {
    let target = Target {
        resource: found.resource.clone(),
        namespace: found.namespace().to_owned(),
        name: found.name().to_owned(),
    };
    let mut last = String::new();
    let judge = |object: Option<&Value>| {
        let Some(object) = object else {
            return said(format!("object has been deleted: {}", target.name));
        };
        let (words, is_done) = progress(object)?;
        if words != last {
            session.out.line(&words)?;
            session.out.flush()?;
            last = words;
        }
        Ok(if is_done || !watch {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    };
    let timeout = Some(duration(timeout)?).filter(|most| !most.is_zero());
    match watching::until(session, &target, timeout, judge).await? {
        Some(()) => Ok(()),
        None => said("timed out waiting for the condition"),
    }
}
