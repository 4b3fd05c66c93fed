use std::sync::Arc;

use serde_json::{Value, json};

use gantry_api::Revision;
use gantry_base::time::after;

use super::*;
use crate::agent::decide;
use crate::hollow::{Announced, Fleet};
use crate::sandbox_config::reference;

/// A hollow node, one pod of it in an API that believes what it is told, and the time.
struct Story {
    host: Host,
    view: View,
    pod: Pod,
    now: Timestamp,
    ends: Vec<(Timestamp, ContainerId)>,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

impl Story {
    fn new(spec: Value) -> Self {
        let announced = Announced {
            max_pods: 110,
            cpus: 16,
            memory_bytes: 64 << 30,
            version: "v1.35.0".to_owned(),
        };
        let fleet = Fleet::new(1, 0, "h-", announced).unwrap();
        let member = fleet.members().next().unwrap();
        let pod = serde_json::from_value(json!({
            "metadata": {"name": "p", "namespace": "n", "uid": "u"},
            "spec": spec,
        }))
        .unwrap();
        Self {
            host: Host::new(member.around(), member.range),
            view: View::default(),
            pod,
            now: at(0),
            ends: Vec::new(),
        }
    }

    /// Turns the wheel until nothing is left to do; the phase of the pod, or nothing when it is gone.
    fn settle(&mut self) -> Option<String> {
        let key = reference(&self.pod);
        for _ in 0..50 {
            self.view.put(Arc::new(self.pod.clone()), Revision(1));
            let observed = self.host.observe((&self.view, true), &key, self.now)?;
            let plan = decide(&observed.turn);
            let steps = plan.actions.into_iter();
            let steps: Vec<_> = steps
                .filter_map(|step| match self.host.begin(&step, self.now) {
                    Begun::Task(mark) => Some((mark, step)),
                    Begun::Nothing | Begun::Tell(_) | Begun::Sooner { .. } => None,
                })
                .collect();
            if steps.is_empty() && self.ends.is_empty() {
                break;
            }
            for (mark, step) in steps {
                if self.carry_out(&mark, step) {
                    return None;
                }
            }
            for (when, id) in std::mem::take(&mut self.ends) {
                self.now = self.now.max(when);
                self.host.end(&id, self.now);
            }
        }
        self.pod.status.clone()?.phase
    }

    /// Carries out a step; whether it was the pod's last.
    fn carry_out(&mut self, mark: &Mark, step: Step) -> bool {
        self.now = after(self.now, takes(&step.action));
        if step.action == PodAction::Delete {
            return true;
        }
        let done = self.host.carry_out(&self.view, &step, self.now);
        let lasting = done.started.and_then(|run| Some((run.lasts?, run.id)));
        let now = self.now;
        self.ends
            .extend(lasting.map(|(lasts, id)| (after(now, lasts), id)));
        if let PodAction::Report(status) = step.action {
            self.pod.status = Some(*status);
        }
        self.host.ended(mark, done.well, self.now);
        false
    }

    fn is_ready(&self) -> bool {
        use gantry_api::views::PodView;
        self.pod.is_ready()
    }
}

fn one_container() -> Value {
    json!({
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "containers": [{"name": "c", "image": "i"}],
    })
}

#[test]
fn a_pod_becomes_ready_and_goes_when_it_is_deleted() {
    let mut story = Story::new(one_container());
    assert_eq!(story.settle().as_deref(), Some("Running"));
    assert!(story.is_ready());
    let status = story.pod.status.clone().unwrap();
    assert_eq!(status.pod_ip.as_deref(), Some("100.64.0.2"));
    assert_eq!(status.host_ip.as_deref(), Some("198.18.0.1"));
    let took = gantry_base::time::since(story.now, at(0));
    assert!(took < Duration::from_secs(1), "{took:?}");

    story.pod.metadata.deletion_timestamp =
        Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(after(
            story.now,
            Duration::from_secs(30),
        )));
    story.pod.metadata.deletion_grace_period_seconds = Some(30);
    assert_eq!(story.settle(), None, "it is gone");
}

#[test]
fn init_containers_end_and_their_pod_begins() {
    let mut spec = one_container();
    spec["initContainers"] = json!([
        {"name": "first", "image": "i"},
        {"name": "side", "image": "i", "restartPolicy": "Always"},
    ]);
    let mut story = Story::new(spec);
    assert_eq!(story.settle().as_deref(), Some("Running"));
    assert!(story.is_ready());
}

#[test]
fn a_pod_without_what_it_refers_to_waits() {
    let mut spec = one_container();
    spec["volumes"] = json!([{"name": "v", "configMap": {"name": "absent"}}]);
    let mut story = Story::new(spec);
    assert_eq!(story.settle().as_deref(), Some("Pending"));
}

#[test]
fn nothing_is_left_of_a_pod_that_the_api_forgot() {
    let mut story = Story::new(one_container());
    story.settle();
    let key = reference(&story.pod);
    assert_eq!(story.host.pods(), 1);
    let empty = View::default();
    for _ in 0..3 {
        let Some(observed) = story.host.observe((&empty, true), &key, story.now) else {
            break;
        };
        for step in decide(&observed.turn).actions {
            if let Begun::Task(mark) = story.host.begin(&step, story.now) {
                story.carry_out(&mark, step);
            }
        }
    }
    assert_eq!(story.host.pods(), 0);
    assert!(story.host.runtime.list().is_empty());
}
