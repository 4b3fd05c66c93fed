//! What takes time on a node: each job ends after a drawn while, well or not, and tells the agent.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use k8s_openapi::api::core::v1::{Container, Pod};

use gantry_api::Rejection;
use gantry_kubelet::agent::{Mark, PullFailure, Step};
use gantry_kubelet::pod::{PodAction, all_containers};
use gantry_kubelet::probes::Which;
use gantry_kubelet::references::Reference;
use gantry_kubelet::registration::Beat;
use gantry_kubelet::sandbox::{ContainerId, PodRef, SandboxId};
use gantry_kubelet::sandbox_config::Names;
use gantry_steering::Writing;

use super::Node;
use crate::actor::Desk;
use crate::faults::Fault;

/// Something that is under way.
#[derive(Debug)]
pub(super) enum Job {
    /// An action of the runtime, which happens at the end of its time.
    Task(Mark, Box<Step>),
    /// A stop was told to end sooner.
    Sooner(ContainerId),
    /// A stop that did not work is tried again only after a pause.
    Pause(Mark),
    /// What a pod refers to is being read.
    Mount(Mark, Arc<Pod>, Reference, Vec<Reference>),
    /// A status is being written.
    Report(Mark, Arc<Pod>),
    /// A pod is being removed from the API.
    Delete(Mark),
    /// What was written about a pod is awaited in the view.
    Await(Mark, super::reports::Wanted),
    /// A note is being recorded.
    Note(Writing),
    /// The next beat of the node's heart.
    Beat,
    /// The node's object is being read.
    ReadNode,
    /// Its lease is being read.
    ReadLease(Option<Box<k8s_openapi::api::core::v1::Node>>),
    /// What the beat decided is being written.
    WriteBeat(Box<Beat>, Writing),
    /// A container is to be asked how it is.
    Probe(ContainerId, Arc<Container>),
    /// It was asked.
    Probed(ContainerId, Arc<Container>, Vec<Which>),
}

const fn millis(least: u64, most: u64) -> (Duration, Duration) {
    (Duration::from_millis(least), Duration::from_millis(most))
}

/// How long a slow runtime takes.
const SLOW: (Duration, Duration) = millis(500, 40_000);

impl Node {
    /// Begins to carry out one action.
    pub(super) fn carry_out(&mut self, mark: Mark, step: Step, desk: &mut Desk<'_>) {
        match (&step.action, &step.pod) {
            (PodAction::Mount, Some(pod)) => self.mount(mark, Arc::clone(pod), desk),
            (PodAction::Report(status), Some(pod)) => {
                let status = status.as_ref().clone();
                self.report(mark, Arc::clone(pod), status, desk);
            }
            (PodAction::Delete, Some(pod)) => self.delete(mark, pod, desk),
            (action, _) => {
                let (least, most) = self.takes(action);
                let mut delay = desk.dice.between(least, most);
                if desk.luck.strikes(Fault::RuntimeSlow) {
                    delay += desk.luck.lasts(Fault::RuntimeSlow, SLOW.0, SLOW.1);
                }
                self.agent
                    .later(delay, Job::Task(mark, Box::new(step)), desk);
            }
        }
    }

    /// How long an action takes when nothing is wrong.
    fn takes(&self, action: &PodAction) -> (Duration, Duration) {
        match action {
            PodAction::Pull { .. } => millis(1, 4_000),
            PodAction::RunSandbox => millis(10, 60),
            PodAction::Start { .. } => millis(5, 40),
            // Most programs end quickly when they are asked to; some never do.
            PodAction::Stop { grace, .. } => (Duration::ZERO, (*grace).min(Duration::from_secs(4))),
            PodAction::StopSandbox | PodAction::RemoveSandbox => millis(2, 30),
            PodAction::Mount
            | PodAction::Forget(_)
            | PodAction::Note(_)
            | PodAction::Report(_)
            | PodAction::Delete => millis(1, 5),
        }
    }

    /// The time of a job has come.
    pub(super) fn job_due(&mut self, job: Job, desk: &mut Desk<'_>) {
        match job {
            Job::Task(mark, step) => self.task_due(mark, *step, desk),
            Job::Sooner(id) => self.end_stopped(&id, desk),
            Job::Pause(mark) => self.ended(&mark, false, desk),
            // It was not seen in time; whatever the view shows will have to do.
            Job::Await(mark, _) => self.ended(&mark, true, desk),
            Job::Beat => self.beat(desk),
            Job::Probe(id, spec) => self.probe(&id, &spec, desk),
            Job::Probed(id, spec, asked) => self.probed(&id, (&spec, asked), desk),
            Job::Mount(..)
            | Job::Report(..)
            | Job::Delete(..)
            | Job::Note(_)
            | Job::ReadNode
            | Job::ReadLease(_)
            | Job::WriteBeat(..) => {}
        }
    }

    /// An answer for a job has come.
    pub(super) fn job_answered(
        &mut self,
        job: Job,
        answer: Result<Bytes, Rejection>,
        desk: &mut Desk<'_>,
    ) {
        match job {
            Job::Mount(mark, pod, reference, left) => {
                self.mount_read((mark, pod), (reference, left), answer, desk);
            }
            Job::Report(mark, pod) => self.reported(mark, &pod, answer, desk),
            Job::Delete(mark) => self.deleted(mark, &answer, desk),
            Job::Note(mut writing) => {
                writing.answered(vec![answer]);
                self.agent.write(writing, desk);
            }
            Job::ReadNode => self.node_read(answer, desk),
            Job::ReadLease(node) => self.lease_read(node, answer, desk),
            Job::WriteBeat(beat, writing) => self.beat_written(beat, writing, answer, desk),
            Job::Task(..)
            | Job::Sooner(_)
            | Job::Pause(_)
            | Job::Await(..)
            | Job::Beat
            | Job::Probe(..)
            | Job::Probed(..) => {}
        }
    }

    /// Notes that a task has ended; its pod is due.
    pub(super) fn ended(&mut self, mark: &Mark, well: bool, desk: &Desk<'_>) {
        self.agent.state.ended(mark, well, desk.now);
        self.agent.turns.due(mark.key.clone(), desk.now);
    }

    /// What a task of the runtime does, it does now; or not, or not as it says.
    fn task_due(&mut self, mark: Mark, step: Step, desk: &mut Desk<'_>) {
        let fails = desk.luck.strikes(Fault::RuntimeFails);
        let lies = desk.luck.strikes(Fault::RuntimeLies);
        let Step { key, pod, action } = step;
        let well = match (action, pod) {
            (PodAction::Pull { container }, Some(pod)) => self.pull(&key, (&pod, &container), desk),
            (PodAction::Stop { container, .. }, _) => {
                if fails {
                    let pause = gantry_kubelet::agent::STOP_PAUSE;
                    return self.agent.later(pause, Job::Pause(mark), desk);
                }
                self.end_stopped(&container, desk);
                true
            }
            (
                PodAction::Start {
                    container,
                    attempt,
                    step,
                },
                Some(pod),
            ) => self.start(
                (&key, &pod),
                (&container, attempt, step),
                (fails, lies),
                desk,
            ),
            (_, _) if fails => false,
            (PodAction::RunSandbox, Some(pod)) => self.run_sandbox(&key, &pod, lies, desk),
            (PodAction::StopSandbox, _) => {
                self.machine.stop_sandbox(&SandboxId(key.uid.clone()), desk);
                if !lies && !self.plant.keeps_address() {
                    self.agent.state.sandbox_stopped(&key);
                    self.agent.are_rules_due = true;
                }
                !lies
            }
            (PodAction::RemoveSandbox, pod) => {
                let id = SandboxId(key.uid.clone());
                if !self.plant.leaves(&id) {
                    self.machine.remove_sandbox(&id, desk);
                }
                if !lies && !self.plant.keeps_address() {
                    self.agent.state.sandbox_removed(&key, pod.as_deref());
                    self.agent.are_rules_due = true;
                }
                !lies
            }
            (PodAction::Forget(container), _) => {
                self.machine.runtime.remove(&container);
                true
            }
            (_, _) => true,
        };
        self.look(&SandboxId(key.uid.clone()), desk);
        self.ended(&mark, well, desk);
    }

    fn run_sandbox(&mut self, key: &PodRef, pod: &Pod, lies: bool, desk: &mut Desk<'_>) -> bool {
        let names = Names::default();
        let Ok(config) = self.agent.state.sandbox_config(key, pod, &names) else {
            self.agent.state.made(key);
            return false;
        };
        let config = self.plant.sandbox(config, self.machine.runtime.all());
        self.machine.run_sandbox(config, desk);
        self.agent.state.made(key);
        self.agent.are_rules_due = true;
        !lies
    }

    fn pull(&mut self, key: &PodRef, (pod, name): (&Pod, &str), desk: &mut Desk<'_>) -> bool {
        let Some(spec) = all_containers(pod).find(|spec| spec.name == name) else {
            return true;
        };
        let image = spec.image.as_deref().unwrap_or_default();
        let outcome = if desk.luck.strikes(Fault::PullFails) {
            Err(PullFailure {
                reason: "ErrImagePull",
                why: "the registry does not answer".to_owned(),
            })
        } else {
            Ok(self.machine.images.pull(image))
        };
        self.agent.state.pulled(key, spec, outcome, desk.now);
        true
    }
}
