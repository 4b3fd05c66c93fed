//! Keeps a hollow node's object and lease as the kubelet decides, one beat after the other.
//!
//! Both are read from the shared view: a beat of good health is a single write.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node as NodeObject;

use gantry_base::time::since;
use gantry_driver::{ApiExecutor, End, Executor};
use gantry_kubelet::hollow::Member;
use gantry_kubelet::registration::{LEASES, PERIOD, Registration};

use super::limits::BEAT_SEEN;
use super::node::Node;

/// Registers the node and tells that it lives, until it is dropped.
pub(super) async fn run(node: Arc<Node>) {
    let parts = &node.parts;
    let executor = ApiExecutor::new(parts.api.clone(), "kubelet", parts.clock.clone());
    let mut registration = Registration::default();
    let mut is_registered = false;
    let started = node.now();
    loop {
        let Ok(turn) = parts.beats.acquire().await else {
            return;
        };
        let wait = beat(&node, &executor, &mut registration).await;
        drop(turn);
        if !is_registered && wait == PERIOD {
            is_registered = true;
            parts.registered.send_modify(|count| *count += 1);
        }
        let now = node.now();
        let next = node.member.next_beat(started, now, wait);
        parts.clock.sleep(since(next, now)).await;
    }
}

/// One beat; how long to wait for the next.
async fn beat(node: &Node, executor: &ApiExecutor, registration: &mut Registration) -> Duration {
    let name = &node.member.name;
    let view = node.parts.cache.view();
    let object = view.get::<NodeObject>("", name);
    let lease = view.get::<Lease>(LEASES, name);
    let facts = node.member.facts(node.now());
    let owned = (
        object.map(|object| object.as_ref().clone()),
        lease.map(|lease| lease.as_ref().clone()),
    );
    let beat = registration.beat(&facts, owned.0, owned.1);
    let actions = beat.plan.actions.iter().cloned().map(Member::marked);
    let outcome = executor.carry_out(actions.collect()).await;
    let well = matches!(outcome.end, End::Done);
    if let End::Refused(_, why) | End::Failed(why) = &outcome.end {
        node.parts.troubles.note("report a node", why);
    }
    // The next beat must not decide on what this one has just changed.
    if !node.parts.cache.reaches(&outcome.written, BEAT_SEEN).await {
        node.parts.troubles.note("see a beat", "the view is late");
    }
    registration.ended(&beat, well)
}
