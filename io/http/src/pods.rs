//! What the front must know about a pod before it bothers its node.
//!
//! The sentences are those that users of kubectl know.

use gantry_api::caller::MASTERS;
use gantry_api::{Caller, Object, Rejection};
use gantry_registry::{Request, Resource, Verb};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use crate::front::Front;
use crate::nodes::PodRef;

/// The pod `name`, read in our own name: who asks was authorized for the part they use.
pub(crate) async fn find(front: &Front, namespace: &str, name: &str) -> Result<Pod, Rejection> {
    let mut request = Request::new(Verb::Get, Resource::new("v1", "pods"));
    request.namespace = Some(namespace.to_owned());
    request.name = Some(name.to_owned());
    object(front, request).await
}

/// The typed object that `request` reads in our own name.
pub(crate) async fn object<T: serde::de::DeserializeOwned>(
    front: &Front,
    mut request: Request,
) -> Result<T, Rejection> {
    request.caller = Caller::authenticated("system:apiserver", &[MASTERS]);
    let response = front.gateway.try_call(request).await?;
    let failed = |error: &dyn std::error::Error| Rejection::internal(gantry_base::chain(error));
    let object: Object =
        serde_json::from_slice(&response.content.concat()).map_err(|error| failed(&error))?;
    object.to_typed().map_err(|error| failed(&error))
}

fn name(pod: &Pod) -> &str {
    pod.metadata.name.as_deref().unwrap_or("")
}

/// The node that the pod is bound to.
pub(crate) fn node(pod: &Pod) -> Option<&str> {
    let node = pod.spec.as_ref()?.node_name.as_deref();
    node.filter(|node| !node.is_empty())
}

/// The pod as nodes know it; refused while it is bound to none.
pub(crate) fn reference(pod: &Pod) -> Result<PodRef, Rejection> {
    let node = node(pod).ok_or_else(|| {
        Rejection::bad_request(format!("pod {} does not have a host assigned", name(pod)))
    })?;
    Ok(PodRef {
        namespace: pod.metadata.namespace.clone().unwrap_or_default(),
        name: name(pod).to_owned(),
        uid: pod.metadata.uid.clone().unwrap_or_default(),
        node: node.to_owned(),
    })
}

/// Names of the pod's containers, of its init containers, and of those added for debugging.
fn names(pod: &Pod) -> [Vec<&str>; 3] {
    let Some(spec) = &pod.spec else {
        return Default::default();
    };
    let plain = spec
        .containers
        .iter()
        .map(|container| container.name.as_str());
    let init = spec.init_containers.iter().flatten();
    let added = spec.ephemeral_containers.iter().flatten();
    [
        plain.collect(),
        init.map(|container| container.name.as_str()).collect(),
        added.map(|container| container.name.as_str()).collect(),
    ]
}

/// The container that is meant: the one named, or the only one.
pub(crate) fn container(pod: &Pod, wanted: Option<&str>) -> Result<String, Rejection> {
    let [plain, init, added] = names(pod);
    if let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) {
        if plain
            .iter()
            .chain(&init)
            .chain(&added)
            .any(|known| *known == wanted)
        {
            return Ok(wanted.to_owned());
        }
        let message = format!("container {wanted} is not valid for pod {}", name(pod));
        return Err(Rejection::bad_request(message));
    }
    if let [only] = plain.as_slice() {
        return Ok((*only).to_owned());
    }
    let mut message = format!(
        "a container name must be specified for pod {}, choose one of: [{}]",
        name(pod),
        plain.join(" ")
    );
    if !init.is_empty() {
        message.push_str(&format!(
            " or one of the init containers: [{}]",
            init.join(" ")
        ));
    }
    Err(Rejection::bad_request(message))
}

/// What the pod's node last told about a container.
fn status<'a>(pod: &'a Pod, container: &str) -> Option<&'a ContainerStatus> {
    let status = pod.status.as_ref()?;
    let lists = [
        &status.container_statuses,
        &status.init_container_statuses,
        &status.ephemeral_container_statuses,
    ];
    lists
        .into_iter()
        .flatten()
        .flatten()
        .find(|status| status.name == container)
}

/// Refuses to talk with a container that does not run.
pub(crate) fn check_running(pod: &Pod, container: &str) -> Result<(), Rejection> {
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref())
        .unwrap_or("");
    if matches!(phase, "Succeeded" | "Failed") {
        return Err(Rejection::bad_request(format!(
            "cannot exec into a container in a completed pod; current phase is {phase}"
        )));
    }
    let state = status(pod, container).and_then(|status| status.state.as_ref());
    if reference(pod).is_ok() && state.is_none_or(|state| state.running.is_none()) {
        return Err(Rejection::bad_request(format!(
            "container not found ({container:?})"
        )));
    }
    Ok(())
}

/// Refuses to read a log that cannot exist.
pub(crate) fn check_log(pod: &Pod, container: &str, previous: bool) -> Result<(), Rejection> {
    let status = status(pod, container);
    let last = status.and_then(|status| status.last_state.as_ref());
    let has_ended = last.is_some_and(|last| last.terminated.is_some());
    if previous && !has_ended {
        return Err(Rejection::bad_request(format!(
            "previous terminated container {container:?} in pod {:?} not found",
            name(pod)
        )));
    }
    let state = status.and_then(|status| status.state.as_ref());
    let waiting = state.and_then(|state| state.waiting.as_ref());
    let never_ran = !has_ended && state.is_none_or(|state| state.waiting.is_some());
    if !never_ran {
        return Ok(());
    }
    let reason = waiting
        .and_then(|waiting| waiting.reason.as_deref())
        .unwrap_or("ContainerCreating");
    let why = match reason {
        "ErrImagePull" | "ImagePullBackOff" => "trying and failing to pull image",
        "InvalidImageName" => "trying and failing to pull image with an invalid name",
        reason => reason,
    };
    Err(Rejection::bad_request(format!(
        "container {container:?} in pod {:?} is waiting to start: {why}",
        name(pod)
    )))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::{Value, json};

    use super::*;

    fn pod(containers: &[&str], state: Value) -> Pod {
        let named = |name: &&str| json!({"name": name});
        let told = |name: &&str| {
            let mut status = json!({"name": name, "ready": false, "restartCount": 0, "image": "",
                                    "imageID": ""});
            status["state"] = state.clone();
            status
        };
        serde_json::from_value(json!({
            "metadata": {"name": "web", "namespace": "default", "uid": "u"},
            "spec": {
                "nodeName": "n1",
                "containers": containers.iter().map(named).collect::<Vec<_>>(),
            },
            "status": {
                "phase": "Running",
                "containerStatuses": containers.iter().map(told).collect::<Vec<_>>(),
            },
        }))
        .unwrap()
    }

    #[test]
    fn refusals_say_what_users_of_kubectl_know() {
        let running = json!({"running": {}});
        let two = pod(&["a", "b"], running.clone());
        let waiting = pod(&["a"], json!({"waiting": {"reason": "ImagePullBackOff"}}));
        let mut unbound = pod(&["a"], running.clone());
        unbound.spec.as_mut().unwrap().node_name = None;
        let refusals = [
            container(&two, None).map(drop),
            container(&two, Some("c")).map(drop),
            check_running(&waiting, "a"),
            check_log(&waiting, "a", false),
            check_log(&two, "a", true),
            reference(&unbound).map(drop),
        ];
        let told: Vec<String> = refusals
            .map(|refusal| refusal.unwrap_err().to_string())
            .into();
        expect![[r#"
            a container name must be specified for pod web, choose one of: [a b]
            container c is not valid for pod web
            container not found ("a")
            container "a" in pod "web" is waiting to start: trying and failing to pull image
            previous terminated container "a" in pod "web" not found
            pod web does not have a host assigned"#]]
        .assert_eq(&told.join("\n"));
    }

    #[test]
    fn the_only_container_need_not_be_named() {
        let one = pod(&["a"], json!({"running": {}}));
        assert_eq!(container(&one, None), Ok("a".into()));
        assert_eq!(check_running(&one, "a"), Ok(()));
        assert_eq!(check_log(&one, "a", false), Ok(()));
    }
}
