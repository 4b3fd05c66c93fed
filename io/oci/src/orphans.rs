//! What is left of a pod whose shim is gone: records, and perhaps processes without a parent.
//!
//! Nobody watches such processes, so they are ended; what they would have exited with is lost.

use std::{fs, io};

use gantry_kubelet::sandbox::{Container, ContainerState, Exit, ExitReason, Sandbox, SandboxState};
use jiff::Timestamp;

use crate::cgroups::{Cgroup, CgroupError, Hierarchies};
use crate::paths::{ContainerPaths, PodPaths, SandboxRecord};
use crate::records::{self, Durability, RecordError};
use crate::spec::ContainerSpec;

/// The exit code of a process that was killed.
const KILLED: i32 = 128 + libc::SIGKILL;

/// The sandbox that a pod's records tell of, all of it ended. None without a record.
pub fn read(paths: &PodPaths) -> Result<Option<Sandbox>, RecordError> {
    let Some(record) = records::read::<SandboxRecord>(&paths.record())? else {
        return Ok(None);
    };
    let id = record.config.id();
    let mut containers = Vec::new();
    for paths in container_paths(paths) {
        if let Some((spec, created_at)) = read_spec(&paths)? {
            let state = ContainerState::Exited(exit(&paths)?);
            let id = spec.config.id(id.clone());
            containers.push(Container {
                id,
                config: spec.config,
                created_at,
                state,
            });
        }
    }
    containers.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(Some(Sandbox {
        id,
        config: record.config,
        state: SandboxState::NotReady,
        created_at: record.created_at,
        netns: None,
        containers,
    }))
}

/// Ends whatever of the pod still runs, its shim included, and removes its cgroups.
pub fn end(paths: &PodPaths) -> Result<(), OrphanError> {
    let Some(record) = records::read::<SandboxRecord>(&paths.record())? else {
        return Ok(());
    };
    let hierarchies = Hierarchies::discover().map_err(OrphanError::Hierarchies)?;
    let root = Cgroup::new(hierarchies, &record.cgroup_root);
    Ok(root.of_pod(&record.config.id()).end()?)
}

/// Why the remains of a pod could not be ended.
#[derive(Debug, thiserror::Error)]
pub enum OrphanError {
    /// Its record cannot be used.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Its processes would not go.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
    /// The node's cgroups were not found.
    #[error("find the node's cgroups")]
    Hierarchies(#[source] io::Error),
}

fn container_paths(paths: &PodPaths) -> Vec<ContainerPaths> {
    let Ok(entries) = fs::read_dir(paths.containers()) else {
        return Vec::new();
    };
    let names = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    names.map(|name| paths.container(&name)).collect()
}

/// A record that a loss of power cut short tells of a container that is gone with everything else.
fn read_spec(paths: &ContainerPaths) -> Result<Option<(ContainerSpec, Timestamp)>, RecordError> {
    match records::read(&paths.spec()) {
        Err(RecordError::Damaged { .. }) => Ok(None),
        read => read,
    }
}

/// The recorded end, or one that is recorded now, so that it is told the same way again.
fn exit(paths: &ContainerPaths) -> Result<Exit, RecordError> {
    if let Some(exit) = records::read(&paths.exit())? {
        return Ok(exit);
    }
    let started_at = match records::read(&paths.state())? {
        Some(ContainerState::Running { started_at, .. }) => Some(started_at),
        Some(ContainerState::Created | ContainerState::Exited(_)) | None => None,
    };
    let exit = Exit {
        code: KILLED,
        signal: None,
        oom_killed: false,
        started_at,
        finished_at: Timestamp::now(),
        message: "the shim that watched it is gone".into(),
        reason: Some(ExitReason::ShimGone),
    };
    records::write(&paths.exit(), &exit, Durability::Processes)?;
    Ok(exit)
}
