//! The nodes of a small world: what is bound to them runs at once, and what is to end has ended.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use gantry_api::ObjectKey;
use gantry_base::Timestamp;
use gantry_base::time::{after, rfc3339, rfc3339_micro};
use gantry_registry::Request;
use gantry_store::{Key, Revision};

use super::ground::Ground;
use super::script;

/// How often a node says that it lives.
const BEAT: Duration = Duration::from_secs(10);

/// The nodes that live.
#[derive(Debug)]
pub(super) struct Nodes {
    living: BTreeSet<String>,
    beats: bool,
    beat_at: Timestamp,
    /// How many pods were given an address.
    addresses: u32,
    looked: Revision,
}

impl Nodes {
    /// So many nodes; whether they renew their leases.
    pub(super) fn new(count: usize, beats: bool, now: Timestamp) -> Self {
        Self {
            living: (0..count).map(script::node_name).collect(),
            beats,
            beat_at: now,
            addresses: 0,
            looked: Revision::default(),
        }
    }

    /// A node falls silent: it does nothing any more.
    pub(super) fn silence(&mut self, name: &str) {
        self.living.remove(name);
    }

    /// A silent node is back.
    pub(super) fn revive(&mut self, name: &str, now: Timestamp) {
        self.living.insert(name.to_owned());
        self.beat_at = now;
        self.looked = Revision::default();
    }

    /// When leases are renewed next.
    pub(super) fn due_at(&self) -> Option<Timestamp> {
        (self.beats && !self.living.is_empty()).then_some(self.beat_at)
    }

    /// Does one thing, if there is one to do.
    pub(super) fn act(&mut self, ground: &mut Ground) -> bool {
        if self.due_at().is_some_and(|when| when <= ground.now) {
            self.beat(ground);
            return true;
        }
        let snapshot = ground.snapshot();
        if snapshot.revision() == self.looked {
            return false;
        }
        let pods = snapshot.range("pods/", None);
        let mut wishes = pods.filter_map(|(key, stored)| {
            let pod = Value::Object(stored.value.object(stored.modified).0);
            self.wish(key, &pod)
        });
        let Some(request) = wishes.next() else {
            self.looked = snapshot.revision();
            return false;
        };
        self.addresses += 1;
        script::ask(ground, request);
        true
    }

    fn wish(&self, key: &Key, pod: &Value) -> Option<Request> {
        let key = key.object()?;
        let node = pod.pointer("/spec/nodeName")?.as_str()?;
        if !self.living.contains(node) {
            return None;
        }
        if pod.pointer("/metadata/deletionTimestamp").is_some() {
            // A pod that ended and is held by somebody else is not told again.
            let grace = pod.pointer("/metadata/deletionGracePeriodSeconds");
            if grace == Some(&json!(0)) && pod.pointer("/metadata/finalizers").is_some() {
                return None;
            }
            let mut request = script::delete(&key);
            request.options.delete.grace_period_seconds = Some(0);
            return Some(request);
        }
        let phase = pod.pointer("/status/phase").and_then(Value::as_str);
        (phase == Some("Pending")).then(|| self.runs(&key))
    }

    fn runs(&self, pod: &ObjectKey) -> Request {
        let [high, low] = u16::try_from(self.addresses % 65_000)
            .expect("it was cut to size")
            .to_be_bytes();
        let conditions = script::ready_condition(true);
        let status = json!({
            "phase": "Running",
            "podIP": format!("10.244.{high}.{low}"),
            "conditions": conditions,
        });
        script::status(pod, &status)
    }

    fn beat(&mut self, ground: &mut Ground) {
        for node in self.living.clone() {
            let lease = script::lease_key(&node);
            let renewed = rfc3339_micro(ground.now);
            let patch = json!({"spec": {"renewTime": renewed}});
            script::ask(ground, script::merge(&lease, &patch));
            let status = json!({"conditions": script::node_condition(&rfc3339(ground.now))});
            let key = script::key("", "nodes", "", &node);
            let known = ground.snapshot();
            let known = known.get(&Key::from(&key));
            let doubted = known.is_some_and(|stored| {
                let content = Value::Object(stored.value.object(stored.modified).0);
                content.pointer("/status/conditions/0/status") != Some(&json!("True"))
            });
            if doubted {
                script::ask(ground, script::status(&key, &status));
            }
        }
        self.beat_at = after(ground.now, BEAT);
    }
}
