//! Tells the API what became of a pod.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, PodStatus};

use gantry_api::views::Meta;
use gantry_api::{GroupResource, Rejection, Revision};
use gantry_client::Access;
use gantry_driver::{ApiExecutor, Executor};
use gantry_kubelet::agent::find;
use gantry_kubelet::sandbox::PodRef;
use gantry_reconcile::Write;

use crate::agent::Agent;

/// How long to wait until the view shows what was written.
const PATIENCE: Duration = Duration::from_secs(5);

/// Writes a pod's status; done when the view shows it.
pub(super) async fn report(agent: &Agent, (key, pod): (&PodRef, &Pod), status: PodStatus) -> bool {
    let mut reported = pod.clone();
    reported.status = Some(status);
    match Access(agent.api.as_ref())
        .update(&reported, Some("status"))
        .await
    {
        Ok(written) => {
            let revision = Pod::resource_version(&written).parse().map(Revision);
            let seen = BTreeMap::from([(GroupResource::of::<Pod>(), revision.unwrap_or_default())]);
            if !agent.cache.reaches(&seen, PATIENCE).await {
                tracing::warn!(pod = %key, "the view does not show a status that was written");
            }
            true
        }
        // Somebody else wrote first, or removed it: the view will show that in a moment.
        Err(Rejection::Conflict { .. } | Rejection::NotFound { .. }) => {
            wait_for_news(agent, pod).await;
            true
        }
        Err(rejection) => {
            tracing::warn!(pod = %key, %rejection, "could not report a status");
            false
        }
    }
}

/// Waits until the view has another form of the pod, or none.
async fn wait_for_news(agent: &Agent, pod: &Pod) {
    let mut changes = agent.cache.changes();
    let seen = pod.resource_version();
    let is_news = |view: &gantry_reconcile::View| {
        let known = view.get::<Pod>(pod.namespace(), pod.name());
        known.is_none_or(|known| known.resource_version() != seen)
    };
    let waited = tokio::time::timeout(PATIENCE, changes.wait_for(is_news)).await;
    drop(waited);
}

/// Removes a pod of which nothing is left; done when the view no longer has it.
pub(super) async fn delete(agent: &Agent, (key, pod): (&PodRef, &Pod)) -> bool {
    let write = Write::Delete {
        key: pod.key(),
        uid: pod.uid().to_owned(),
        grace: Some(0),
        propagation: None,
    };
    let executor = ApiExecutor::new(agent.api.clone(), "kubelet", agent.clock.clone());
    let outcome = executor.carry_out(vec![write]).await;
    let went_well = matches!(outcome.end, gantry_driver::End::Done);
    if went_well {
        let mut changes = agent.cache.changes();
        let gone = changes.wait_for(|view| find(view, key).is_none());
        let waited = tokio::time::timeout(PATIENCE, gone).await;
        drop(waited);
    }
    went_well
}
