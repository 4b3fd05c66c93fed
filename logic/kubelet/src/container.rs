//! A pod and one of its containers, with everything they refer to, as a configuration to run.
//!
//! What is missing makes an error whose text users know; nothing is guessed in its place. Where
//! volumes lie on the node is not known here: see `mounts`.

mod env;
mod expand;
pub mod fields;
mod mounts;
mod security;
mod service_env;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use k8s_openapi::api::core::v1::{Container, Pod};

use gantry_base::Quantity;
use gantry_reconcile::View;

use crate::pod::restart::STEP;
use crate::resources;
use crate::sandbox::{ContainerConfig, Mount};

pub use expand::expand;
pub use mounts::{Placed, mounts};
pub use security::{SAFE_SYSCTLS, fs_group, sole_user};

/// The key under which a container keeps whether its log may serve as its last words.
pub const MESSAGE_FROM_LOG: &str = "gantry.io/message-from-log";

/// A container's variables.
pub type Env = BTreeMap<String, String>;

/// What a container's configuration depends on besides itself.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The pod.
    pub pod: &'a Pod,
    /// Where to find what it refers to.
    pub view: &'a View,
    /// The pod's addresses.
    pub addresses: &'a [String],
    /// The node's addresses.
    pub host_addresses: &'a [String],
    /// What the node has to give.
    pub allocatable: &'a Amounts,
    /// Where profiles for system calls are kept on the node.
    pub seccomp_dir: &'a std::path::Path,
}

/// Amounts of what is counted out to pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Processors.
    pub cpu: Quantity,
    /// Bytes of memory.
    pub memory: Quantity,
    /// Bytes of local disk.
    pub storage: Quantity,
}

/// One run of a container.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// Which container.
    pub spec: &'a Container,
    /// 0 for the first run.
    pub attempt: u32,
    /// How many short runs came before it in a row.
    pub step: u32,
    /// The exact image.
    pub image_id: String,
    /// Where its output goes.
    pub log_path: PathBuf,
    /// Its mounts, with their places on the node.
    pub mounts: Vec<Mount>,
}

/// Why a container cannot be made as things are. Users see the text in the container's status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Something that it refers to does not exist.
    #[error("{kind} {name:?} not found")]
    Missing {
        /// `configmap` or `secret`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// It exists and lacks a key.
    #[error("couldn't find key {key} in {kind} {namespace}/{name}")]
    MissingKey {
        /// The key.
        key: String,
        /// `ConfigMap` or `Secret`.
        kind: &'static str,
        /// Where it is.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// A field that cannot be had this way.
    #[error("unsupported fieldPath: {0}")]
    Field(String),
    /// A resource that cannot be had this way.
    #[error("unsupported container resource: {0}")]
    Resource(String),
    /// A value is no text.
    #[error("the value of key {key} in Secret {name} is not text")]
    NotText {
        /// The key.
        key: String,
        /// The Secret.
        name: String,
    },
    /// A path within a volume that is not allowed.
    #[error("{0}")]
    SubPath(String),
    /// The user is root and must not be.
    #[error(
        "container's runAsUser breaks non-root policy (pod: \"{pod}\", container: {container})"
    )]
    Root {
        /// Name, namespace and uid.
        pod: String,
        /// The container.
        container: String,
    },
}

/// Whether the container could be made: everything that it refers to is there.
pub fn check(on: &Surroundings<'_>, spec: &Container) -> Result<(), ConfigError> {
    mounts(on.pod, spec, &env::environment(on, spec)?)?;
    security::check(on.pod, spec)
}

/// The container's variables, those of services included.
pub fn environment(on: &Surroundings<'_>, spec: &Container) -> Result<Env, ConfigError> {
    env::environment(on, spec)
}

/// The configuration of one run.
pub fn config(on: &Surroundings<'_>, run: Run<'_>) -> Result<ContainerConfig, ConfigError> {
    let spec = run.spec;
    let env = env::environment(on, spec)?;
    let words = |words: &Option<Vec<String>>| {
        let words = words.iter().flatten();
        words
            .map(|word| expand(word, |name| env.get(name).cloned()))
            .collect()
    };
    let mut config = ContainerConfig {
        name: spec.name.clone(),
        attempt: run.attempt,
        image: spec.image.clone().unwrap_or_default(),
        image_id: run.image_id,
        command: words(&spec.command),
        args: words(&spec.args),
        working_dir: spec.working_dir.clone().filter(|dir| !dir.is_empty()),
        mounts: run.mounts,
        tty: spec.tty == Some(true),
        stdin: spec.stdin == Some(true),
        stdin_once: spec.stdin_once == Some(true),
        resources: resources::of_container(spec),
        oom_score_adj: resources::oom_score_adj(on.pod, spec, on.allocatable.memory),
        termination_message_path: spec.termination_message_path.clone().unwrap_or_default(),
        log_path: run.log_path,
        stop_signal: stop_signal(spec),
        annotations: annotations(spec, run.step),
        ..ContainerConfig::default()
    };
    security::apply(on, spec, &mut config)?;
    config.env = env.into_iter().collect();
    Ok(config)
}

fn stop_signal(spec: &Container) -> Option<String> {
    let lifecycle = spec.lifecycle.as_ref()?;
    lifecycle.stop_signal.clone()
}

fn annotations(spec: &Container, step: u32) -> BTreeMap<String, String> {
    let mut annotations = BTreeMap::from([(STEP.to_owned(), step.to_string())]);
    if spec.termination_message_policy.as_deref() == Some("FallbackToLogsOnError") {
        annotations.insert(MESSAGE_FROM_LOG.to_owned(), "true".to_owned());
    }
    annotations
}
