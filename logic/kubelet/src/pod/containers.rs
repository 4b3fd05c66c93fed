//! The lives of a pod's containers: which starts, which starts again, which must stop.
//!
//! Init containers run one after the other, each to its end; a sidecar (an init container that is
//! always restarted) only has to have started. Then all others run side by side.

use std::collections::BTreeSet;
use std::time::Duration;

use gantry_reconcile::Plan;
use k8s_openapi::api::core::v1::Container as Spec;

use super::restart::{Policy, next_run, told_delay};
use super::{PodAction, PodWorld, note, wait_until};
use crate::sandbox::{Container, ContainerState, Sandbox};

/// What the deciding functions share.
struct Turn<'a> {
    world: &'a PodWorld,
    sandbox: &'a Sandbox,
    images: &'a BTreeSet<String>,
}

/// Starts, restarts and stops containers.
pub(super) fn run(
    world: &PodWorld,
    sandbox: &Sandbox,
    images: &BTreeSet<String>,
    plan: &mut Plan<PodAction>,
) {
    let Some(spec) = world.pod.spec.as_ref() else {
        return;
    };
    let turn = Turn {
        world,
        sandbox,
        images,
    };
    let policy = Policy::named(spec.restart_policy.as_deref());
    for init in spec.init_containers.iter().flatten() {
        let passed = if is_sidecar(init) {
            turn.sidecar(init, plan)
        } else {
            turn.init(init, policy, plan)
        };
        if !passed {
            return;
        }
    }
    for container in &spec.containers {
        turn.keep(container, policy, plan);
    }
    forget_old(sandbox, plan);
}

/// Whether an init container keeps running beside the others.
pub(crate) fn is_sidecar(container: &Spec) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

impl Turn<'_> {
    /// Whether the init container has done its work; gives it its turn when not.
    fn init(&self, spec: &Spec, policy: Policy, plan: &mut Plan<PodAction>) -> bool {
        if self.later_ran(spec) {
            return true;
        }
        // An init container that succeeded is done, whatever the pod's policy says of the others.
        let policy = if policy == Policy::Always {
            Policy::OnFailure
        } else {
            policy
        };
        let done = matches!(
            self.sandbox.latest(&spec.name).map(|container| &container.state),
            Some(ContainerState::Exited(exit)) if exit.code == 0
        );
        if !done {
            self.keep(spec, policy, plan);
        }
        done
    }

    /// Whether a container that comes after this one has run already in this sandbox.
    fn later_ran(&self, spec: &Spec) -> bool {
        let order: Vec<&str> = super::all_containers(&self.world.pod)
            .map(|known| known.name.as_str())
            .collect();
        let own = order.iter().position(|name| *name == spec.name);
        own.is_some_and(|own| {
            order[own + 1..]
                .iter()
                .any(|name| self.sandbox.latest(name).is_some())
        })
    }

    /// Whether the sidecar has started.
    fn sidecar(&self, spec: &Spec, plan: &mut Plan<PodAction>) -> bool {
        self.keep(spec, Policy::Always, plan);
        let latest = self.sandbox.latest(&spec.name);
        latest.is_some_and(|container| {
            let running = matches!(container.state, ContainerState::Running { .. });
            running
                && self
                    .world
                    .health
                    .get(&container.id)
                    .is_some_and(|health| health.started)
        })
    }

    /// Keeps one container as its policy wants it.
    fn keep(&self, spec: &Spec, policy: Policy, plan: &mut Plan<PodAction>) {
        match self.sandbox.latest(&spec.name) {
            None => self.start(spec, (self.first_attempt(spec), 0), plan),
            Some(container) => match &container.state {
                // It was made and never ran: the agent died in between. Make it anew.
                ContainerState::Created => plan.act(PodAction::Forget(container.id.clone())),
                ContainerState::Running { .. } if is_outdated(spec, container) => {
                    self.replace(container, plan);
                }
                ContainerState::Running { .. } => self.check(container, plan),
                // What ran is not what is wanted now: neither its end nor its row of restarts counts.
                ContainerState::Exited(_) if is_outdated(spec, container) => {
                    self.start(spec, (container.id.attempt.saturating_add(1), 0), plan);
                }
                ContainerState::Exited(exit) if policy.restarts(exit.code) => {
                    self.restart(spec, container, plan);
                }
                ContainerState::Exited(_) => {}
            },
        }
    }

    /// The number of the first run in this sandbox: runs in an earlier one count on.
    fn first_attempt(&self, spec: &Spec) -> u32 {
        let status = self.world.pod.status.as_ref();
        let statuses = status.into_iter().flat_map(|status| {
            let init = status.init_container_statuses.iter().flatten();
            init.chain(status.container_statuses.iter().flatten())
        });
        let mut own = statuses.filter(|status| status.name == spec.name);
        let ran = own.find(|status| status.container_id.is_some());
        let count = ran.map(|status| status.restart_count.saturating_add(1));
        count
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(0)
    }

    fn start(&self, spec: &Spec, (attempt, step): (u32, u32), plan: &mut Plan<PodAction>) {
        let ready =
            self.images.contains(&spec.name) && !self.world.config_errors.contains_key(&spec.name);
        if ready {
            plan.act(PodAction::Start {
                container: spec.name.clone(),
                attempt,
                step,
            });
        }
    }

    fn restart(&self, spec: &Spec, last: &Container, plan: &mut Plan<PodAction>) {
        let (step, when) = next_run(last);
        if when <= self.world.now {
            self.start(spec, (last.id.attempt.saturating_add(1), step), plan);
            return;
        }
        wait_until(when, self.world.now, plan);
        let pod = format!(
            "{}_{}({})",
            self.sandbox.config.pod.name,
            self.sandbox.config.pod.namespace,
            self.sandbox.config.pod.uid
        );
        let message = format!(
            "Back-off {} restarting failed container {} in pod {pod}",
            seconds(told_delay(step)),
            spec.name
        );
        let told = told_before(self.world, spec);
        if !told {
            plan.act(PodAction::Note(note(self.world, true, "BackOff", message)));
        }
    }

    /// Stops a container whose image was changed; its end makes place for the next one.
    fn replace(&self, container: &Container, plan: &mut Plan<PodAction>) {
        let because = format!(
            "Container {} definition changed, will be restarted",
            container.id.name
        );
        plan.act(PodAction::Stop {
            container: container.id.clone(),
            grace: super::ending::grace(&self.world.pod),
            because,
        });
    }

    /// Stops a container that its probes have given up.
    fn check(&self, container: &Container, plan: &mut Plan<PodAction>) {
        let Some(health) = self.world.health.get(&container.id) else {
            return;
        };
        if let Some(probe) = health.gave_up {
            let grace = health
                .grace
                .unwrap_or_else(|| super::ending::grace(&self.world.pod));
            let because = format!(
                "Container {} failed {probe} probe, will be restarted",
                container.id.name
            );
            plan.act(PodAction::Stop {
                container: container.id.clone(),
                grace,
                because,
            });
        }
    }
}

/// Whether the container was made from another image than the pod asks for now: of a container's
/// fields, that is the one which may change.
fn is_outdated(spec: &Spec, container: &Container) -> bool {
    let wanted = spec.image.as_deref();
    wanted.is_some_and(|wanted| wanted != container.config.image)
}

/// Whether the status says already that the container waits: the event came with it.
fn told_before(world: &PodWorld, spec: &Spec) -> bool {
    let status = world.pod.status.as_ref();
    let statuses = status.into_iter().flat_map(|status| {
        let init = status.init_container_statuses.iter().flatten();
        init.chain(status.container_statuses.iter().flatten())
    });
    statuses
        .filter(|status| status.name == spec.name)
        .any(|status| {
            let waiting = status
                .state
                .as_ref()
                .and_then(|state| state.waiting.as_ref());
            waiting.is_some_and(|waiting| waiting.reason.as_deref() == Some("CrashLoopBackOff"))
        })
}

/// `10s`, `1m20s`, `5m0s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let (minutes, seconds) = (duration.as_secs() / 60, duration.as_secs() % 60);
    if minutes > 0 {
        format!("{minutes}m{seconds}s")
    } else {
        format!("{seconds}s")
    }
}

/// Keeps the newest run of each container and the one before it, whose log people ask for.
fn forget_old(sandbox: &Sandbox, plan: &mut Plan<PodAction>) {
    for container in &sandbox.containers {
        let newest = sandbox
            .latest(&container.id.name)
            .map_or(0, |latest| latest.id.attempt);
        if container.id.attempt.saturating_add(1) < newest {
            plan.act(PodAction::Forget(container.id.clone()));
        }
    }
}
