//! What a node tells the API of its pods: a task that ends when the view shows it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use k8s_openapi::api::core::v1::{Pod, PodStatus};

use gantry_api::views::Meta;
use gantry_api::{GroupResource, Rejection, Revision};
use gantry_kubelet::agent::{Mark, find};
use gantry_reconcile::Write;
use gantry_registry::request::Verb;
use gantry_steering::Writing;
use gantry_steering::requests::{body, decode, request};

use super::Node;
use super::jobs::Job;
use crate::actor::Desk;

/// How long to wait until the view shows what was written.
const PATIENCE: Duration = Duration::from_secs(5);

/// What has to be seen before a report is over.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// The view is as new as this.
    Revision(Revision),
    /// The view has another form of the pod, or none.
    News(Arc<Pod>),
    /// The pod is gone.
    Gone,
}

impl Node {
    pub(super) fn report(
        &mut self,
        mark: Mark,
        pod: Arc<Pod>,
        status: PodStatus,
        desk: &mut Desk<'_>,
    ) {
        let mut reported = Pod::clone(&pod);
        reported.status = Some(status);
        let mut request = request(Verb::Update, &pod.key(), "v1");
        request.subresource = Some("status".to_owned());
        request.body = body(&reported);
        self.agent.ask(request, Job::Report(mark, pod), desk);
    }

    pub(super) fn reported(
        &mut self,
        mark: Mark,
        pod: &Arc<Pod>,
        answer: Result<Bytes, Rejection>,
        desk: &mut Desk<'_>,
    ) {
        let written = answer.and_then(|answer| decode::<Pod>(&answer));
        match written {
            Ok(written) => {
                let revision = written.resource_version().parse().map(Revision);
                let wanted = Wanted::Revision(revision.unwrap_or_default());
                self.wait_for(mark, wanted, desk);
            }
            Err(Rejection::Conflict { .. } | Rejection::NotFound { .. }) => {
                self.wait_for(mark, Wanted::News(Arc::clone(pod)), desk);
            }
            Err(_) => self.ended(&mark, false, desk),
        }
    }

    pub(super) fn delete(&mut self, mark: Mark, pod: &Pod, desk: &mut Desk<'_>) {
        let write = Write::Delete {
            key: pod.key(),
            uid: pod.uid().to_owned(),
            grace: Some(0),
            propagation: None,
        };
        let mut writing = Writing::new("kubelet", vec![write]);
        let request = writing.next(desk.now).into_iter().next();
        if let Some(request) = request {
            self.agent.ask(request, Job::Delete(mark), desk);
        }
    }

    pub(super) fn deleted(
        &mut self,
        mark: Mark,
        answer: &Result<Bytes, Rejection>,
        desk: &mut Desk<'_>,
    ) {
        match answer {
            Ok(_) | Err(Rejection::NotFound { .. }) => self.wait_for(mark, Wanted::Gone, desk),
            Err(_) => self.ended(&mark, false, desk),
        }
    }

    fn wait_for(&mut self, mark: Mark, wanted: Wanted, desk: &mut Desk<'_>) {
        if self.is_seen(&mark, &wanted) {
            return self.ended(&mark, true, desk);
        }
        self.agent.later(PATIENCE, Job::Await(mark, wanted), desk);
    }

    fn is_seen(&self, mark: &Mark, wanted: &Wanted) -> bool {
        let view = self.agent.following.view();
        match wanted {
            Wanted::Revision(revision) => {
                view.revision(&GroupResource::of::<Pod>()) >= Some(*revision)
            }
            Wanted::News(pod) => {
                let known = view.get::<Pod>(pod.namespace(), pod.name());
                known.is_none_or(|known| known.resource_version() != pod.resource_version())
            }
            Wanted::Gone => find(view, &mark.key).is_none(),
        }
    }

    /// The view has changed: some reports may be over.
    pub(super) fn news_for_reports(&mut self, desk: &Desk<'_>) {
        let jobs = self.agent.jobs.iter();
        let over: Vec<_> = jobs
            .filter(
                |(_, job)| matches!(job, Job::Await(mark, wanted) if self.is_seen(mark, wanted)),
            )
            .map(|(ticket, _)| *ticket)
            .collect();
        for ticket in over {
            if let Some(Job::Await(mark, _)) = self.agent.jobs.remove(&ticket) {
                self.ended(&mark, true, desk);
            }
        }
    }
}
