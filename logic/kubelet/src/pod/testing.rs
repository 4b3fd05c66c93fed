//! Worlds as tests write them, and plans as they read them.

use serde_json::{Value, json};

use super::*;
use crate::sandbox::{
    Container as Made, ContainerConfig, ContainerState, Exit, PodRef, SandboxConfig, SandboxId,
};

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// The world of a pod with this spec, at second 1000, with its images and volumes in place.
pub(crate) fn world(spec: Value) -> PodWorld {
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "p", "namespace": "n", "uid": "u", "generation": 1},
        "spec": spec,
    }))
    .unwrap();
    let image = || Image::Present {
        id: "sha256:1".to_owned(),
    };
    let images = all_containers(&pod)
        .map(|c| (c.name.clone(), image()))
        .collect();
    PodWorld {
        now: at(1000),
        pod: Arc::new(pod),
        sandbox: None,
        unsupported: Vec::new(),
        volumes: Volumes::Ready,
        images,
        config_errors: BTreeMap::new(),
        health: BTreeMap::new(),
        under_way: BTreeSet::new(),
        is_routed: false,
        addresses: Vec::new(),
        host_addresses: vec!["192.0.2.1".to_owned()],
    }
}

impl PodWorld {
    /// Gives it a sandbox with these containers.
    pub(crate) fn running(mut self, containers: Vec<Made>) -> Self {
        for container in &containers {
            if matches!(container.state, ContainerState::Running { .. }) {
                let healthy = Health {
                    started: true,
                    ready: true,
                    ..Health::default()
                };
                self.health.insert(container.id.clone(), healthy);
            }
        }
        self.addresses = vec!["10.244.0.2".to_owned()];
        self.sandbox = Some(Sandbox {
            id: SandboxId("u".to_owned()),
            config: SandboxConfig {
                pod: PodRef {
                    namespace: "n".to_owned(),
                    name: "p".to_owned(),
                    uid: "u".to_owned(),
                },
                hostname: String::new(),
                resolv_conf: String::new(),
                hosts: String::new(),
                host_network: false,
                host_pid: false,
                host_ipc: false,
                share_process_namespace: false,
                sysctls: BTreeMap::new(),
                resources: crate::sandbox::Resources::default(),
                labels: BTreeMap::new(),
                annotations: BTreeMap::new(),
            },
            state: SandboxState::Ready,
            created_at: at(900),
            netns: None,
            containers,
        });
        self
    }

    /// Changes the pod.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Pod)) -> Self {
        let mut pod = (*self.pod).clone();
        change(&mut pod);
        self.pod = Arc::new(pod);
        self
    }

    /// Asks for the pod's deletion at this second, with this grace.
    pub(crate) fn deleted(self, second: i64, grace: i64) -> Self {
        self.with(|pod| {
            let ends = k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at(second + grace));
            pod.metadata.deletion_timestamp = Some(ends);
            pod.metadata.deletion_grace_period_seconds = Some(grace);
        })
    }
}

pub(crate) fn container(name: &str, attempt: u32, state: ContainerState) -> Made {
    let id = ContainerId {
        sandbox: SandboxId("u".to_owned()),
        name: name.to_owned(),
        attempt,
    };
    let config = ContainerConfig {
        name: name.to_owned(),
        attempt,
        annotations: BTreeMap::from([(restart::STEP.to_owned(), attempt.to_string())]),
        ..ContainerConfig::default()
    };
    Made {
        id,
        config,
        created_at: at(900),
        state,
    }
}

pub(crate) fn runs(name: &str, attempt: u32) -> Made {
    let state = ContainerState::Running {
        started_at: at(910),
        pid: 7,
    };
    container(name, attempt, state)
}

/// A container that ended at this second, after a short run.
pub(crate) fn ended(name: &str, attempt: u32, (code, second): (i32, i64)) -> Made {
    let exit = Exit {
        code,
        signal: None,
        oom_killed: false,
        started_at: Some(at(second - 1)),
        finished_at: at(second),
        message: String::new(),
        reason: None,
    };
    container(name, attempt, ContainerState::Exited(exit))
}

/// A plan, a line per action, without the status, which has tests of its own.
pub(crate) fn shown(world: &PodWorld) -> String {
    let plan = next_actions(world);
    let mut text = String::new();
    for action in &plan.actions {
        let line = match action {
            PodAction::Start {
                container,
                attempt,
                step,
            } => {
                format!("start {container} attempt={attempt} step={step}")
            }
            PodAction::Stop {
                container,
                grace,
                because,
            } => {
                format!("stop {} within {grace:?}: {because}", container.local())
            }
            PodAction::Forget(container) => format!("forget {}", container.local()),
            PodAction::Pull { container } => format!("pull for {container}"),
            PodAction::Note(note) => format!("note {}: {}", note.reason, note.message),
            PodAction::Report(_) => continue,
            PodAction::Mount
            | PodAction::RunSandbox
            | PodAction::StopSandbox
            | PodAction::RemoveSandbox
            | PodAction::Delete => format!("{action:?}"),
        };
        text.push_str(&line);
        text.push('\n');
    }
    if let Some(recheck) = plan.recheck {
        text.push_str(&format!("look again after {recheck:?}\n"));
    }
    text
}
