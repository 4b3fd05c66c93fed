//! The node's own object and lease: read, decided, written, again and again.

use bytes::Bytes;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node as NodeObject;

use gantry_api::{GroupResource, ObjectKey, Rejection};
use gantry_kubelet::node_status::{Facts, Pressure, Reserved};
use gantry_kubelet::registration::{Beat, LEASES};
use gantry_registry::request::Verb;
use gantry_steering::requests::{decode, request};
use gantry_steering::{End, Writing};

use super::Node;
use super::jobs::Job;
use crate::actor::Desk;

impl Node {
    /// Begins a beat: the node's object is read first.
    pub(super) fn beat(&mut self, desk: &mut Desk<'_>) {
        let key = ObjectKey::new(GroupResource::of::<NodeObject>(), "", &self.name);
        let read = request(Verb::Get, &key, "v1");
        self.agent.ask(read, Job::ReadNode, desk);
    }

    pub(super) fn node_read(&mut self, answer: Result<Bytes, Rejection>, desk: &mut Desk<'_>) {
        let node = match answer.and_then(|answer| decode::<NodeObject>(&answer)) {
            Ok(node) => Some(Box::new(node)),
            Err(Rejection::NotFound { .. }) => None,
            Err(_) => return self.unread(desk),
        };
        let key = ObjectKey::new(GroupResource::of::<Lease>(), LEASES, &self.name);
        let read = request(Verb::Get, &key, "v1");
        self.agent.ask(read, Job::ReadLease(node), desk);
    }

    pub(super) fn lease_read(
        &mut self,
        node: Option<Box<NodeObject>>,
        answer: Result<Bytes, Rejection>,
        desk: &mut Desk<'_>,
    ) {
        let lease = match answer.and_then(|answer| decode::<Lease>(&answer)) {
            Ok(lease) => Some(lease),
            Err(Rejection::NotFound { .. }) => None,
            Err(_) => return self.unread(desk),
        };
        let facts = self.facts(desk);
        let node = node.map(|node| *node);
        let mut beat = self.agent.registration.beat(&facts, node, lease);
        let actions = std::mem::take(&mut beat.plan.actions);
        let writing = Writing::new("kubelet", actions);
        self.write_beat(Box::new(beat), writing, desk);
    }

    fn unread(&mut self, desk: &mut Desk<'_>) {
        let wait = self.agent.registration.unread();
        self.agent.later(wait, Job::Beat, desk);
    }

    fn write_beat(&mut self, beat: Box<Beat>, mut writing: Writing, desk: &mut Desk<'_>) {
        let round = writing.next(desk.now);
        if let Some(request) = round.into_iter().next() {
            // The plan of a beat has no notes and writes in order: rounds of one.
            let job = Job::WriteBeat(beat, writing);
            return self.agent.ask(request, job, desk);
        }
        let well = matches!(writing.into_outcome().end, End::Done);
        let wait = self.agent.registration.ended(&beat, well);
        let wait = self.plant.beat(wait);
        self.agent.later(wait, Job::Beat, desk);
    }

    pub(super) fn beat_written(
        &mut self,
        beat: Box<Beat>,
        mut writing: Writing,
        answer: Result<Bytes, Rejection>,
        desk: &mut Desk<'_>,
    ) {
        writing.answered(vec![answer]);
        self.write_beat(beat, writing, desk);
    }

    fn facts(&self, desk: &Desk<'_>) -> Facts {
        let images = self.machine.images.iter();
        Facts {
            now: desk.now,
            name: self.name.clone(),
            addresses: vec![self.address.to_string()],
            machine: super::facts(&self.name),
            version: "v1.35.0".to_owned(),
            runtime: "hollow://1".to_owned(),
            port: 10250,
            max_pods: 110,
            reserved: Reserved::default(),
            pod_range: self.range.to_string(),
            images: images
                .map(|(name, _)| (vec![name.to_owned()], 1 << 20))
                .collect(),
            pressure: Pressure::default(),
            unready: None,
        }
    }
}
