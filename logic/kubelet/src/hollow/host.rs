//! A hollow node's agent: the real one's decisions, over a runtime that only pretends.
//!
//! It is driven like the real one: observe, decide, begin, carry out, tell how that ended. What an
//! action does, it does at the moment at which it is carried out; [`takes`] says how long after its
//! beginning that is. The API is somewhere else.

#[cfg(test)]
mod tests;
mod timing;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Pod};

use gantry_base::Timestamp;
use gantry_reconcile::View;

use super::{Hollow, Pretended, TERMINATED};
use crate::agent::{
    Around, Begun, Mark, Mounted, Observed, PullFailure, StartFailure, State, Step,
};
use crate::container::{self, ConfigError, Run};
use crate::pod::{PodAction, all_containers};
use crate::probes::Which;
use crate::sandbox::{ContainerConfig, ContainerId, PodRef, SandboxId};
use crate::sandbox_config::Names;
use crate::volume_content::{Tokens, content, fingerprint, tokens};

pub use timing::takes;

/// A node without a machine.
#[derive(Clone, Debug)]
pub struct Host {
    around: Around,
    state: State,
    runtime: Hollow,
    images: Pretended,
}

/// How carrying out an action went.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// Whether it went well.
    pub well: bool,
    /// What runs from now on.
    pub started: Option<Started>,
}

/// What a container that only pretends is made with: it writes nowhere and mounts nothing.
///
/// # Errors
/// Its configuration refers to what is not there.
pub fn config(
    (state, around, view): (&State, &Around, &View),
    (key, pod): (&PodRef, &Pod),
    (spec, attempt, step): (&Container, u32, u32),
) -> Result<ContainerConfig, ConfigError> {
    let given = state.given(around, (key, pod), &spec.name);
    let on = around.surroundings(pod, view, &given.addresses);
    let run = Run {
        spec,
        attempt,
        step,
        image_id: given.image_id,
        log_path: PathBuf::new(),
        mounts: Vec::new(),
    };
    container::config(&on, run)
}

/// A container that has begun to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Started {
    /// Which.
    pub id: ContainerId,
    /// As its pod describes it.
    pub spec: Container,
    /// After what time it ends by itself; nothing for one that runs until it is stopped.
    pub lasts: Option<Duration>,
}

impl From<bool> for Done {
    fn from(well: bool) -> Self {
        let started = None;
        Self { well, started }
    }
}

impl Host {
    /// A machine that has just been switched on, with nothing on it.
    #[must_use]
    pub fn new(around: Around, range: gantry_routing::Cidr) -> Self {
        Self {
            around,
            state: State::new(range),
            runtime: Hollow::default(),
            images: Pretended::default(),
        }
    }

    /// See [`State::observe`].
    pub fn observe(
        &mut self,
        view: (&View, bool),
        key: &PodRef,
        now: Timestamp,
    ) -> Option<Observed> {
        self.state.observe(&self.around, view, key, now)
    }

    /// See [`State::begin`].
    pub fn begin(&mut self, step: &Step, now: Timestamp) -> Begun {
        self.state.begin(step, now)
    }

    /// See [`State::ended`].
    pub fn ended(&mut self, mark: &Mark, well: bool, now: Timestamp) {
        self.state.ended(mark, well, now);
    }

    /// How many pods it has anything of.
    #[must_use]
    pub fn pods(&self) -> usize {
        self.state.pods().len()
    }

    /// Carries out an action that needs nothing but the machine. `view` has what the pod refers to.
    pub fn carry_out(&mut self, view: &View, step: &Step, now: Timestamp) -> Done {
        let key = &step.key;
        let pod = step.pod.as_deref();
        let done = match (&step.action, pod) {
            (PodAction::Pull { container }, Some(pod)) => self.pull(key, (pod, container), now),
            (PodAction::Mount, Some(pod)) => self.mount(key, (pod, view), now),
            (PodAction::RunSandbox, Some(pod)) => self.run_sandbox(key, pod, now),
            (
                PodAction::Start {
                    container,
                    attempt,
                    step,
                },
                Some(pod),
            ) => self.start((key, pod, view), (container, *attempt, *step), now),
            (PodAction::Stop { container, .. }, _) => self.exit(container, TERMINATED, now).into(),
            (PodAction::StopSandbox, _) => self.stop_sandbox(key, now),
            (PodAction::RemoveSandbox, pod) => self.remove_sandbox(key, pod),
            (PodAction::Forget(container), _) => {
                self.runtime.remove(container);
                true.into()
            }
            // Notes and reports are somebody else's; the rest needs a pod.
            (_, _) => true.into(),
        };
        self.look(&SandboxId(key.uid.clone()));
        done
    }

    /// A container's program ends by itself. Answers the pod that is due then.
    pub fn end(&mut self, id: &ContainerId, now: Timestamp) -> Option<PodRef> {
        self.runtime.exit(id, 0, now);
        self.look(&id.sandbox);
        self.state.key_of(&id.sandbox.0)
    }

    /// See [`State::probes_due`].
    pub fn probes_due(
        &mut self,
        id: &ContainerId,
        now: Timestamp,
    ) -> Option<(Vec<Which>, Option<Timestamp>)> {
        self.state.probes_due(id, now)
    }

    /// A container is asked how it is: it is well for as long as it runs. Answers the pod that is
    /// due then.
    pub fn ask(&mut self, id: &ContainerId, which: Which, now: Timestamp) -> Option<PodRef> {
        let well = self.state.is_running(id);
        let changed = self.state.probed(id, (which, well), now)?;
        changed.then(|| self.state.key_of(&id.sandbox.0)).flatten()
    }

    /// Notes what a sandbox looks like by now.
    fn look(&mut self, id: &SandboxId) {
        let seen = self.runtime.inspect(id);
        let key = match &seen {
            Some(sandbox) => Some(sandbox.config.pod.clone()),
            None => self.state.key_of(&id.0),
        };
        if let Some(key) = key {
            self.state.saw(&key, seen);
        }
    }

    /// There is every image.
    fn pull(&mut self, key: &PodRef, (pod, name): (&Pod, &str), now: Timestamp) -> Done {
        if let Some(spec) = all_containers(pod).find(|spec| spec.name == name) {
            let image = spec.image.as_deref().unwrap_or_default();
            let found: Result<String, PullFailure> = Ok(self.images.pull(image));
            self.state.pulled(key, spec, found, now);
        }
        true.into()
    }

    /// Volumes are nowhere; what they refer to must be there all the same. Tokens are not asked for.
    fn mount(&mut self, key: &PodRef, (pod, view): (&Pod, &View), now: Timestamp) -> Done {
        let on = self.around.surroundings(pod, view, &[]);
        let wanted = tokens(pod).into_iter();
        let tokens: Tokens = wanted
            .map(|token| ((token.volume, token.source), "hollow".to_owned()))
            .collect();
        let spec = pod.spec.as_ref();
        let mut volumes = spec
            .into_iter()
            .flat_map(|spec| spec.volumes.iter().flatten());
        let missing = volumes.find_map(|volume| {
            let error = content(&on, volume, &tokens).err()?;
            let name = &volume.name;
            Some(format!(
                "MountVolume.SetUp failed for volume {name:?} : {error}"
            ))
        });
        let mounted = Mounted {
            fingerprint: fingerprint(pod, view),
            places: BTreeMap::new(),
            renew_at: None,
        };
        let outcome = missing.map_or(Ok(mounted), Err);
        self.state.mounted(key, outcome, now);
        true.into()
    }

    fn run_sandbox(&mut self, key: &PodRef, pod: &Pod, now: Timestamp) -> Done {
        let config = self.state.sandbox_config(key, pod, &Names::default());
        let well = config.map(|config| self.runtime.run_sandbox(config, now));
        self.state.made(key);
        well.is_ok().into()
    }

    fn stop_sandbox(&mut self, key: &PodRef, now: Timestamp) -> Done {
        self.runtime.stop_sandbox(&SandboxId(key.uid.clone()), now);
        self.state.sandbox_stopped(key);
        true.into()
    }

    fn remove_sandbox(&mut self, key: &PodRef, pod: Option<&Pod>) -> Done {
        self.runtime.remove_sandbox(&SandboxId(key.uid.clone()));
        self.state.sandbox_removed(key, pod);
        true.into()
    }

    /// A program that is asked to end does.
    fn exit(&mut self, id: &ContainerId, code: i32, now: Timestamp) -> bool {
        self.runtime.stop(id, code, now).is_ok()
    }

    fn start(
        &mut self,
        (key, pod, view): (&PodRef, &Pod, &View),
        (name, attempt, step): (&str, u32, u32),
        now: Timestamp,
    ) -> Done {
        let Some(spec) = all_containers(pod).find(|spec| spec.name == name) else {
            return true.into();
        };
        match self.run((key, pod, view), (spec, attempt, step), now) {
            Ok(id) => Done {
                well: true,
                started: Some(Started {
                    lasts: timing::lasts(pod, spec),
                    spec: spec.clone(),
                    id,
                }),
            },
            Err(why) => {
                let failure = (StartFailure::Other, why);
                self.state.not_started(key, name, failure).into()
            }
        }
    }

    fn run(
        &mut self,
        (key, pod, view): (&PodRef, &Pod, &View),
        (spec, attempt, step): (&Container, u32, u32),
        now: Timestamp,
    ) -> Result<ContainerId, String> {
        let config = config(
            (&self.state, &self.around, view),
            (key, pod),
            (spec, attempt, step),
        );
        let config = config.map_err(|error| error.to_string())?;
        let within = SandboxId(key.uid.clone());
        let failed = |error: super::HollowError| error.to_string();
        let id = self.runtime.create(&within, config, now).map_err(failed)?;
        self.state.created(key, spec, &id, now);
        self.runtime.start(&id, now).map_err(failed)?;
        self.state.hook_done(key, &id);
        Ok(id)
    }
}
