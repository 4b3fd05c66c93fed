//! A node with nothing behind it, which carries out everything at once.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use gantry_api::Revision;
use gantry_api::views::Meta;
use gantry_base::Timestamp;
use gantry_reconcile::View;

use super::*;
use crate::container::{Run, config, environment, mounts};
use crate::hollow::{Hollow, TERMINATED};
use crate::pod::all_containers;
use crate::sandbox::{ContainerId, SandboxId};
use crate::sandbox_config::{Names, reference};
use crate::volume_content::fingerprint;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

pub(super) fn state() -> State {
    State::new("10.244.0.0/24".parse().unwrap())
}

/// The pod that tests are about.
pub(super) fn pod(spec: Value) -> Pod {
    serde_json::from_value(json!({
        "metadata": {"name": "p", "namespace": "n", "uid": "u"},
        "spec": spec,
    }))
    .unwrap()
}

/// A node that carries out everything at once.
pub(super) struct Node {
    pub(super) state: State,
    pub(super) hollow: Hollow,
    pub(super) view: View,
    pub(super) around: Around,
    pub(super) now: Timestamp,
    /// What it did.
    pub(super) told: String,
}

impl Node {
    pub(super) fn new() -> Self {
        Self {
            state: state(),
            hollow: Hollow::default(),
            view: View::default(),
            around: Around::default(),
            now: at(1000),
            told: String::new(),
        }
    }

    /// Puts a pod into the view, or a new form of it.
    pub(super) fn put(&mut self, pod: Pod) -> PodRef {
        let key = reference(&pod);
        self.view.put(Arc::new(pod), Revision(1));
        key
    }

    pub(super) fn change(&mut self, key: &PodRef, change: impl FnOnce(&mut Pod)) {
        let mut pod = (*find(&self.view, key).unwrap()).clone();
        change(&mut pod);
        self.put(pod);
    }

    pub(super) fn look(&mut self, key: &PodRef) {
        let seen = self.hollow.inspect(&SandboxId(key.uid.clone()));
        self.state.saw(key, seen);
    }

    /// Turns the wheel until nothing is left to do.
    pub(super) fn settle(&mut self, key: &PodRef) {
        for _ in 0..20 {
            let observed = self
                .state
                .observe(&self.around, (&self.view, true), key, self.now);
            let steps = observed.map_or_else(Vec::new, |seen| decide(&seen.turn).actions);
            if steps.is_empty() {
                return;
            }
            for step in steps {
                self.turn(&step);
            }
        }
        panic!("it never settles:\n{}", self.told);
    }

    fn turn(&mut self, step: &Step) {
        match self.state.begin(step, self.now) {
            Begun::Nothing | Begun::Tell(_) | Begun::Sooner { .. } => {}
            Begun::Task(mark) => {
                self.carry_out(step);
                self.state.ended(&mark, true, self.now);
            }
        }
    }

    fn carry_out(&mut self, step: &Step) {
        let (key, pod, now) = (&step.key, step.pod.as_deref(), self.now);
        let mut told = format!("{:?}", step.action);
        told.truncate(told.find([' ', '(', '{']).unwrap_or(told.len()));
        self.told.push_str(&told);
        self.told.push('\n');
        let sandbox = SandboxId(key.uid.clone());
        match (&step.action, pod) {
            (PodAction::Pull { container }, Some(pod)) => {
                let mut all = all_containers(pod);
                let spec = all.find(|spec| spec.name == *container).unwrap();
                self.state.pulled(key, spec, Ok("sha256:1".to_owned()), now);
            }
            (PodAction::Mount, Some(pod)) => {
                let fingerprint = fingerprint(pod, &self.view);
                let mounted = Mounted {
                    fingerprint,
                    ..Mounted::default()
                };
                self.state.mounted(key, Ok(mounted), now);
            }
            (PodAction::RunSandbox, Some(pod)) => {
                let config = self.state.sandbox_config(key, pod, &Names::default());
                self.hollow.run_sandbox(config.unwrap(), now);
                self.state.made(key);
            }
            (
                PodAction::Start {
                    container,
                    attempt,
                    step,
                },
                Some(pod),
            ) => {
                self.start((key, pod), container, (*attempt, *step));
            }
            (PodAction::Stop { container, .. }, _) => {
                self.hollow.stop(container, TERMINATED, now).unwrap();
            }
            (PodAction::Forget(container), _) => self.hollow.remove(container),
            (PodAction::StopSandbox, _) => {
                self.hollow.stop_sandbox(&sandbox, now);
                self.state.sandbox_stopped(key);
            }
            (PodAction::RemoveSandbox, pod) => {
                self.hollow.remove_sandbox(&sandbox);
                self.state.sandbox_removed(key, pod);
            }
            (PodAction::Report(status), _) => {
                let status = (**status).clone();
                self.change(key, |pod| pod.status = Some(status));
            }
            (PodAction::Delete, Some(pod)) => drop(self.view.remove(&pod.key(), Revision(1))),
            (_, _) => {}
        }
        self.look(key);
    }

    fn start(&mut self, (key, pod): (&PodRef, &Pod), name: &str, (attempt, step): (u32, u32)) {
        let spec = all_containers(pod).find(|spec| spec.name == name).unwrap();
        let given = self.state.given(&self.around, (key, pod), name);
        let on = self.around.surroundings(pod, &self.view, &given.addresses);
        let placed = mounts(pod, spec, &environment(&on, spec).unwrap()).unwrap();
        let places = placed.into_iter();
        let run = Run {
            spec,
            attempt,
            step,
            image_id: given.image_id,
            log_path: "log".into(),
            mounts: places.map(|at| at.at("volume".into())).collect(),
        };
        let config = config(&on, run).unwrap();
        let within = SandboxId(key.uid.clone());
        let id = self.hollow.create(&within, config, self.now).unwrap();
        self.state.created(key, spec, &id, self.now);
        self.hollow.start(&id, self.now).unwrap();
        self.state.hook_done(key, &id);
    }
}

pub(super) fn container(name: &str, attempt: u32) -> ContainerId {
    ContainerId {
        sandbox: SandboxId("u".to_owned()),
        name: name.to_owned(),
        attempt,
    }
}
