//! Tells the API what became of a pod. Shared by agents of every sort.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, PodStatus};

use gantry_api::views::Meta;
use gantry_api::{GroupResource, Rejection, Revision};
use gantry_client::{Access, Api};
use gantry_driver::{ApiExecutor, Cache, End, Executor};
use gantry_gateway::Clock;
use gantry_kubelet::agent::find;
use gantry_kubelet::sandbox::PodRef;
use gantry_reconcile::Write;

/// How long to wait until the view shows what was written.
const PATIENCE: Duration = Duration::from_secs(5);

/// The API, and the view in which what was written there is seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reports<'a> {
    pub(crate) api: &'a Arc<dyn Api>,
    pub(crate) clock: &'a Arc<dyn Clock>,
    pub(crate) cache: &'a Cache,
}

impl Reports<'_> {
    /// Writes a pod's status; done when the view shows it, or that somebody else was first.
    pub(crate) async fn report(
        self,
        (key, pod): (&PodRef, &Pod),
        status: PodStatus,
    ) -> Result<(), Rejection> {
        let mut reported = pod.clone();
        reported.status = Some(status);
        let access = Access(self.api.as_ref());
        match access.update(&reported, Some("status")).await {
            Ok(written) => {
                let revision = Pod::resource_version(&written).parse().map(Revision);
                let resource = GroupResource::of::<Pod>();
                let seen = BTreeMap::from([(resource, revision.unwrap_or_default())]);
                if !self.cache.reaches(&seen, PATIENCE).await {
                    tracing::warn!(pod = %key, "the view does not show a status that was written");
                }
                Ok(())
            }
            // Somebody else wrote first, or removed it: the view will show that in a moment.
            Err(Rejection::Conflict { .. } | Rejection::NotFound { .. }) => {
                self.wait_for_news(pod).await;
                Ok(())
            }
            Err(rejection) => Err(rejection),
        }
    }

    /// Waits until the view has another form of the pod, or none.
    async fn wait_for_news(self, pod: &Pod) {
        let mut changes = self.cache.changes();
        let seen = pod.resource_version();
        let is_news = |view: &gantry_reconcile::View| {
            let known = view.get::<Pod>(pod.namespace(), pod.name());
            known.is_none_or(|known| known.resource_version() != seen)
        };
        let waited = tokio::time::timeout(PATIENCE, changes.wait_for(is_news)).await;
        drop(waited);
    }

    /// Removes a pod of which nothing is left; done when the view no longer has it.
    pub(crate) async fn delete(self, (key, pod): (&PodRef, &Pod)) -> End<Write> {
        let write = Write::Delete {
            key: pod.key(),
            uid: pod.uid().to_owned(),
            grace: Some(0),
            propagation: None,
        };
        let executor = ApiExecutor::new(self.api.clone(), "kubelet", self.clock.clone());
        let outcome = executor.carry_out(vec![write]).await;
        if matches!(outcome.end, End::Done) {
            let mut changes = self.cache.changes();
            let gone = changes.wait_for(|view| find(view, key).is_none());
            let waited = tokio::time::timeout(PATIENCE, gone).await;
            drop(waited);
        }
        outcome.end
    }
}
