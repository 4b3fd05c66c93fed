//! Containers on a simulated node: made, started, asked, stopped.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Pod};

use gantry_base::time::since;
use gantry_kubelet::agent::StartFailure;
use gantry_kubelet::hollow::{self, TERMINATED};
use gantry_kubelet::pod::all_containers;
use gantry_kubelet::probes::{Which, is_probed};
use gantry_kubelet::sandbox::{ContainerId, PodRef, SandboxId};

use super::Node;
use super::jobs::Job;
use crate::actor::{Desk, Ticket};
use crate::faults::Fault;

/// How long a container takes to say how it is, however much it is asked.
const ANSWER: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));

impl Node {
    /// Makes a container and starts it; whether it went well, as far as anyone can tell.
    pub(super) fn start(
        &mut self,
        (key, pod): (&PodRef, &Pod),
        (name, attempt, step): (&str, u32, u32),
        (fails, lies): (bool, bool),
        desk: &mut Desk<'_>,
    ) -> bool {
        let Some(spec) = all_containers(pod).find(|spec| spec.name == name) else {
            return true;
        };
        if fails {
            let failure = (StartFailure::Other, "the runtime refuses".to_owned());
            return self.agent.state.not_started(key, name, failure);
        }
        let agent = &self.agent;
        let on = (&agent.state, &agent.around, &agent.view());
        let config = match hollow::config(on, (key, pod), (spec, attempt, step)) {
            Ok(config) => config,
            Err(error) => {
                let failure = (StartFailure::Other, error.to_string());
                return self.agent.state.not_started(key, name, failure);
            }
        };
        let within = SandboxId(key.uid.clone());
        let started = self
            .machine
            .create(&within, config, desk.now)
            .and_then(|id| {
                self.agent.state.created(key, spec, &id, desk.now);
                self.machine.start(&id, desk).map(|()| id)
            });
        match started {
            Err(error) => {
                let failure = (StartFailure::Other, error.to_string());
                self.agent.state.not_started(key, name, failure)
            }
            Ok(_) if lies => {
                let failure = (StartFailure::Other, "the runtime did not answer".to_owned());
                self.agent.state.not_started(key, name, failure)
            }
            Ok(id) => {
                self.look(&within, desk);
                self.agent.state.hook_done(key, &id);
                self.probe(&id, &Arc::new(spec.clone()), desk);
                true
            }
        }
    }

    /// A container was asked to end, and does.
    pub(super) fn end_stopped(&mut self, id: &ContainerId, desk: &mut Desk<'_>) {
        self.machine.end(id, TERMINATED, desk);
        self.look(&id.sandbox, desk);
    }

    pub(super) fn stop_sooner(&mut self, id: &ContainerId, grace: Duration, desk: &mut Desk<'_>) {
        let delay = desk.dice.between(Duration::ZERO, grace);
        self.agent.later(delay, Job::Sooner(id.clone()), desk);
    }

    /// A container ends by itself, unless trouble is over: then only those that should.
    pub(super) fn machine_event(&mut self, ticket: Ticket, desk: &mut Desk<'_>) {
        let Some(id) = self.machine.end_due(ticket) else {
            return;
        };
        let is_first = id.name.starts_with("first");
        if !is_first && !desk.luck.are_loose() {
            return;
        }
        if !is_first {
            desk.luck.note(Fault::ContainerDies);
        }
        self.machine.end(&id, i32::from(!is_first), desk);
        self.look(&id.sandbox, desk);
    }

    /// Asks a container what is due, for as long as it runs.
    pub(super) fn probe(&mut self, id: &ContainerId, spec: &Arc<Container>, desk: &mut Desk<'_>) {
        if !is_probed(spec) {
            return;
        }
        let Some((due, next)) = self.agent.state.probes_due(id, desk.now) else {
            return;
        };
        if !due.is_empty() {
            let delay = desk.dice.between(ANSWER.0, ANSWER.1);
            let job = Job::Probed(id.clone(), Arc::clone(spec), due);
            self.agent.later(delay, job, desk);
        } else if let Some(next) = next {
            let delay = since(next, desk.now).max(Duration::from_millis(1));
            let job = Job::Probe(id.clone(), Arc::clone(spec));
            self.agent.later(delay, job, desk);
        }
    }

    pub(super) fn probed(
        &mut self,
        id: &ContainerId,
        (spec, asked): (&Arc<Container>, Vec<Which>),
        desk: &mut Desk<'_>,
    ) {
        for which in asked {
            let well = self.is_well(id) && !desk.luck.strikes(Fault::ProbeFails);
            let verdict = self.agent.state.probed(id, (which, well), desk.now);
            if verdict == Some(true)
                && let Some(key) = self.agent.state.key_of(&id.sandbox.0)
            {
                self.agent.turns.due(key, desk.now);
            }
        }
        self.probe(id, spec, desk);
    }

    fn is_well(&self, id: &ContainerId) -> bool {
        let sandbox = self.machine.runtime.get(&id.sandbox);
        let containers = sandbox.iter().flat_map(|sandbox| &sandbox.containers);
        containers
            .filter(|container| container.id == *id)
            .any(|container| {
                matches!(
                    container.state,
                    gantry_kubelet::sandbox::ContainerState::Running { .. }
                )
            })
    }
}
