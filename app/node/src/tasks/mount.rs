//! Puts the volumes of a pod in place, or makes them what they should be by now.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use gantry_api::views::Meta;
use gantry_base::Timestamp;
use gantry_base::backoff::Backoff;
use gantry_base::time::after;
use gantry_kubelet::pod::Volumes;
use gantry_kubelet::sandbox::PodRef;
use gantry_kubelet::volume_content::{Content, content, fingerprint};
use gantry_reconcile::View;

use super::note;
use crate::agent::Agent;
use crate::state::Mounted;
use crate::tokens;

/// How long to wait after a failure.
const DELAYS: Backoff = Backoff {
    first: Duration::from_millis(500),
    longest: Duration::from_secs(122),
};

/// Puts the volumes of a pod in place, and notes how that ended.
pub(super) async fn mount(agent: &Agent, (key, pod): (&PodRef, &Pod)) {
    // What is used must be as new as what it is compared with later.
    let view = agent.view();
    let pod = crate::agent::find(&view, key).unwrap_or_else(|| Arc::new(pod.clone()));
    let outcome = put_all(agent, &pod, &view).await;
    let mut state = agent.state.lock();
    let known = state.pod(key);
    match outcome {
        Ok(mounted) => {
            known.mounted = Some(mounted);
            known.mount_failures = 0;
            known.volumes = Volumes::Ready;
        }
        Err(why) => {
            let delay = DELAYS.delay(known.mount_failures);
            known.mount_failures = known.mount_failures.saturating_add(1);
            let retry_at = after(agent.clock.now(), delay);
            known.volumes = Volumes::Failed {
                why: why.clone(),
                retry_at,
            };
            drop(state);
            agent.tell(note((&pod, ""), (true, "FailedMount"), why));
        }
    }
}

async fn put_all(agent: &Agent, pod: &Pod, view: &View) -> Result<Mounted, String> {
    let fingerprint = fingerprint(pod, view);
    let (tokens, renew_at) = tokens::of_pod(agent, pod).await?;
    let (addresses, hosts) = (Vec::new(), agent.host_addresses());
    let seccomp_dir = agent.seccomp_dir();
    let on = agent.surroundings((pod, view), (&addresses, &hosts), &seccomp_dir);
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
