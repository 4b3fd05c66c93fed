//! Pods as the commands need them that talk to containers: which one is meant, and which container.

use serde_json::Value;

use crate::discovery::Resource;
use crate::failure::{Failure, said};
use crate::fields::{entries, items, shown, text};
use crate::objects::{self, Found};
use crate::selection::{self, Target};
use crate::session::Session;
use gantry_client::paths::Query;

/// The annotation that names the container to take when none is named.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// The kind itself.
pub(crate) async fn resource(session: &Session) -> Result<&Resource, Failure> {
    let known = session.discovery().await?.of_kind("v1", "Pod");
    known.ok_or_else(|| Failure::Said("the server has no pods".to_owned()))
}

/// The pods that `name` means: itself a pod, or something that has pods.
pub(crate) async fn meant(session: &Session, name: &str) -> Result<Vec<Found>, Failure> {
    let pods = resource(session).await?;
    let address = if name.contains('/') {
        name.to_owned()
    } else {
        format!("{}/{name}", pods.plural)
    };
    let targets = selection::targets(session, &[address], false).await?;
    let [
        Target {
            resource,
            namespace,
            name,
        },
    ] = targets.as_slice()
    else {
        return said("expected a single object");
    };
    let found = objects::get(session, resource, namespace, name).await?;
    if resource == pods {
        return Ok(vec![found]);
    }
    let selector = selector_of(&found.object);
    if selector.is_empty() {
        return said(format!("{} selects no pods", found.label()));
    }
    let query = Query::default().with("labelSelector", &selector);
    let mut all = objects::list(session, pods, namespace, &query).await?;
    if all.is_empty() {
        return said(format!(
            "{} has no pods yet: look at its events with describe",
            found.label()
        ));
    }
    all.sort_by_key(|pod| {
        (
            !is_ready(&pod.object),
            text(&pod.object, "status.startTime").to_owned(),
        )
    });
    Ok(all)
}

/// The selector of whatever has one, in the notation of queries.
pub(crate) fn selector_of(object: &Value) -> String {
    let plain = object["spec"]["selector"]["matchLabels"].is_null();
    let has_expressions = !object["spec"]["selector"]["matchExpressions"].is_null();
    let path = if plain && !has_expressions {
        "spec.selector"
    } else {
        "spec.selector.matchLabels"
    };
    let labels = entries(object, path).into_iter();
    let mut terms: Vec<String> = labels
        .map(|(key, value)| format!("{key}={}", shown(value)))
        .collect();
    for expression in items(object, "spec.selector.matchExpressions") {
        let key = text(expression, "key");
        let values: Vec<String> = items(expression, "values").iter().map(shown).collect();
        let values = values.join(",");
        terms.push(match text(expression, "operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    terms.join(",")
}

/// Whether a pod answers requests.
pub(crate) fn is_ready(pod: &Value) -> bool {
    let mut conditions = items(pod, "status.conditions").iter();
    conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// The names of a pod's containers; those that start first come first.
pub(crate) fn containers(pod: &Value, with_init: bool) -> Vec<String> {
    let init: &[&str] = if with_init {
        &["spec.initContainers"]
    } else {
        &[]
    };
    let lists = init.iter().chain(&["spec.containers"]);
    let all = lists.flat_map(|list| items(pod, list));
    all.map(|container| text(container, "name").to_owned())
        .collect()
}

/// The container to take: the one given, the one the pod recommends, or the first.
pub(crate) fn container(
    session: &Session,
    pod: &Found,
    given: Option<&str>,
) -> Result<String, Failure> {
    let names = containers(&pod.object, false);
    if let Some(given) = given {
        let mut all = containers(&pod.object, true);
        let temporary = items(&pod.object, "spec.ephemeralContainers").iter();
        all.extend(temporary.map(|container| text(container, "name").to_owned()));
        if all.iter().any(|name| name == given) {
            return Ok(given.to_owned());
        }
        return said(format!(
            "container {given} is not valid for pod {}, its containers are: {}",
            pod.name(),
            all.join(", ")
        ));
    }
    let recommended = pod.object["metadata"]["annotations"][DEFAULT_CONTAINER].as_str();
    if let Some(name) = recommended.filter(|name| names.iter().any(|known| known == name)) {
        return Ok(name.to_owned());
    }
    match names.as_slice() {
        [] => said(format!("pod {} has no containers", pod.name())),
        [only] => Ok(only.clone()),
        [first, ..] => {
            let all = containers_in_words(&pod.object);
            session
                .out
                .remark(format!("Defaulted container {first:?} out of: {all}"));
            Ok(first.clone())
        }
    }
}

fn containers_in_words(pod: &Value) -> String {
    let mut all = containers(pod, false);
    let init = items(pod, "spec.initContainers").iter();
    all.extend(init.map(|container| format!("{} (init)", text(container, "name"))));
    all.join(", ")
}
