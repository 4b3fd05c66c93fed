//! Puts the volumes of a pod in place, or makes them what they should be by now.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;

use gantry_api::views::Meta;
use gantry_base::Timestamp;
use gantry_kubelet::agent::{Mounted, find};
use gantry_kubelet::sandbox::PodRef;
use gantry_kubelet::volume_content::{Content, content, fingerprint};
use gantry_reconcile::View;

use super::note;
use crate::agent::Agent;
use crate::tokens;

/// Puts the volumes of a pod in place, and notes how that ended.
pub(super) async fn mount(agent: &Agent, (key, pod): (&PodRef, &Pod)) {
    // What is used must be as new as what it is compared with later.
    let view = agent.view();
    let pod = find(&view, key).unwrap_or_else(|| Arc::new(pod.clone()));
    let outcome = put_all(agent, &pod, &view).await;
    let failure = outcome.as_ref().err().cloned();
    let now = agent.clock.now();
    agent.state.lock().mounted(key, outcome, now);
    if let Some(why) = failure {
        agent.tell(note((&pod, ""), (true, "FailedMount"), why));
    }
}

async fn put_all(agent: &Agent, pod: &Pod, view: &View) -> Result<Mounted, String> {
    let fingerprint = fingerprint(pod, view);
    let (tokens, renew_at) = tokens::of_pod(agent, pod).await?;
    let on = agent.around.surroundings(pod, view, &[]);
    let mut wanted = Vec::new();
    for volume in pod
        .spec
        .iter()
        .flat_map(|spec| spec.volumes.iter().flatten())
    {
        let content =
            content(&on, volume, &tokens).map_err(|error| failed(&volume.name, &error))?;
        wanted.push((volume.name.clone(), content));
    }
    let places = put(agent, pod.uid().to_owned(), wanted).await?;
    Ok(Mounted {
        fingerprint,
        places,
        renew_at: renewal(renew_at),
    })
}

fn renewal(renew_at: Option<Timestamp>) -> Option<Timestamp> {
    renew_at.filter(|at| *at < Timestamp::MAX)
}

async fn put(
    agent: &Agent,
    uid: String,
    wanted: Vec<(String, Content)>,
) -> Result<BTreeMap<String, PathBuf>, String> {
    let volumes = agent.volumes.clone();
    let task = tokio::task::spawn_blocking(move || {
        let mut places = BTreeMap::new();
        for (name, content) in wanted {
            let place = volumes
                .put(&uid, &name, &content)
                .map_err(|error| failed(&name, &error))?;
            places.insert(name, place);
        }
        Ok(places)
    });
    task.await
        .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

fn failed(volume: &str, error: &dyn std::error::Error) -> String {
    let why = gantry_base::chain(error);
    format!("MountVolume.SetUp failed for volume {volume:?} : {why}")
}
