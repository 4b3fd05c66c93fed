//! Gets the image of one container.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Pod, Secret};

use gantry_api::views::Meta;
use gantry_images::{Image as Stored, Keyring, Reference, Reporter};
use gantry_kubelet::agent::PullFailure;
use gantry_kubelet::images::{Way, way};
use gantry_kubelet::pod::all_containers;
use gantry_kubelet::sandbox::PodRef;

use super::{field_path, note};
use crate::agent::Agent;

/// Gets the image of one container, and notes how that ended.
pub(super) async fn pull(agent: &Agent, (key, pod): (&PodRef, &Pod), container: &str) {
    let Some(spec) = all_containers(pod).find(|spec| spec.name == container) else {
        return;
    };
    let outcome = get(agent, pod, spec).await;
    let now = agent.clock.now();
    agent.state.lock().pulled(key, spec, outcome, now);
}

async fn get(agent: &Agent, pod: &Pod, spec: &Container) -> Result<String, PullFailure> {
    let name = spec.image.as_deref().unwrap_or("");
    let tell = |warning: bool, reason: &str, message: String| {
        agent.tell(note(
            (pod, &field_path(pod, &spec.name)),
            (warning, reason),
            message,
        ));
    };
    let reference: Reference = name.parse().map_err(|error| {
        let why = format!(
            "Failed to apply default image tag {name:?}: {}",
            gantry_base::chain(&error)
        );
        tell(true, "InspectFailed", why.clone());
        tell(true, "Failed", "Error: InvalidImageName".to_owned());
        PullFailure {
            reason: "InvalidImageName",
            why,
        }
    })?;
    let present = agent.images.get(name).map_err(|error| PullFailure {
        reason: "ImageInspectError",
        why: gantry_base::chain(&error),
    })?;
    match (way(spec, present.is_some()), present) {
        (Way::Use, Some(image)) => {
            let message = format!("Container image {name:?} already present on machine");
            tell(false, "Pulled", message);
            Ok(image.id.to_string())
        }
        (Way::Refuse, _) => {
            let why = format!("Container image {name:?} is not present with pull policy of Never");
            tell(true, "ErrImageNeverPull", why.clone());
            tell(true, "Failed", "Error: ErrImageNeverPull".to_owned());
            Err(PullFailure {
                reason: "ErrImageNeverPull",
                why,
            })
        }
        (Way::Pull | Way::Use, _) => fetch(agent, pod, (name, &reference), &tell).await,
    }
}

async fn fetch(
    agent: &Agent,
    pod: &Pod,
    (name, reference): (&str, &Reference),
    tell: &(dyn Fn(bool, &str, String) + Sync),
) -> Result<String, PullFailure> {
    tell(false, "Pulling", format!("Pulling image {name:?}"));
    let begun = agent.clock.now();
    let keyring = keyring(agent, pod);
    match agent
        .images
        .pull(reference, &keyring, &Reporter::silent())
        .await
    {
        Ok(id) => {
            let took = seconds(gantry_base::time::since(agent.clock.now(), begun));
            let size = size(agent, &id.to_string());
            tell(
                false,
                "Pulled",
                format!(
                    "Successfully pulled image {name:?} in {took} ({took} including waiting). \
                     Image size: {size} bytes."
                ),
            );
            Ok(id.to_string())
        }
        Err(error) => {
            let why = gantry_base::chain(&error);
            tell(
                true,
                "Failed",
                format!("Failed to pull image {name:?}: {why}"),
            );
            tell(true, "Failed", "Error: ErrImagePull".to_owned());
            tell(false, "BackOff", format!("Back-off pulling image {name:?}"));
            let why = format!("failed to pull image {name:?}: {why}");
            Err(PullFailure {
                reason: "ErrImagePull",
                why,
            })
        }
    }
}

fn size(agent: &Agent, id: &str) -> u64 {
    let stored: Option<Stored> = agent.images.get(id).ok().flatten();
    stored.map_or(0, |image| image.size)
}

/// `1.234s`, `12ms`.
fn seconds(took: Duration) -> String {
    let millis = took.as_millis();
    if millis < 1000 {
        return format!("{millis}ms");
    }
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The credentials that the pod brings along. A secret that cannot be read helps nobody, and the
/// registry's answer will say so.
fn keyring(agent: &Agent, pod: &Pod) -> Keyring {
    let view = agent.view();
    let mut keyring = Keyring::default();
    let wanted = pod
        .spec
        .iter()
        .flat_map(|spec| spec.image_pull_secrets.iter().flatten());
    for secret in wanted.filter_map(|wanted| view.get::<Secret>(pod.namespace(), &wanted.name)) {
        let value = |key: &str| secret.data.as_ref().and_then(|data| data.get(key));
        let read = match (value(".dockerconfigjson"), value(".dockercfg")) {
            (Some(json), _) => Keyring::from_docker_config_json(&json.0),
            (None, Some(json)) => Keyring::from_docker_cfg(&json.0),
            (None, None) => continue,
        };
        match read {
            Ok(more) => keyring.extend(more),
            Err(error) => {
                let error = gantry_base::chain(&error);
                tracing::warn!(secret = secret.name(), error, "could not use a pull secret");
            }
        }
    }
    keyring
}
