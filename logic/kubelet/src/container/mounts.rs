//! Where a container wants its volumes: every path checked, none of them looked up.

use std::path::PathBuf;

use k8s_openapi::api::core::v1::{Container, Pod, VolumeMount};

use super::{ConfigError, Env, expand};
use crate::sandbox::{Mount, MountSource, Propagation};

/// A volume's place in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The volume's name.
    pub volume: String,
    /// The path within the volume; empty for all of it.
    pub sub_path: String,
    /// The path inside the container.
    pub destination: String,
    /// The container cannot write there.
    pub readonly: bool,
    /// Neither can it write to mounts below.
    pub recursive_readonly: bool,
    /// Whether later mounts below are seen across.
    pub propagation: Propagation,
}

impl Placed {
    /// The mount that shows what `source` holds there.
    #[must_use]
    pub fn at(self, source: PathBuf) -> Mount {
        Mount {
            source: MountSource::Host(source),
            destination: self.destination,
            readonly: self.readonly,
            recursive_readonly: self.recursive_readonly,
            propagation: self.propagation,
        }
    }
}

/// The places that a container of `pod` wants.
pub fn mounts(pod: &Pod, spec: &Container, env: &Env) -> Result<Vec<Placed>, ConfigError> {
    let mounts = spec.volume_mounts.iter().flatten();
    let placed = mounts.map(|mount| placed(mount, is_derived(pod, &mount.name), env));
    placed.collect()
}

/// Whether the volume shows what is kept elsewhere: nobody may write there, for it would be lost.
fn is_derived(pod: &Pod, volume: &str) -> bool {
    let volumes = pod
        .spec
        .iter()
        .flat_map(|spec| spec.volumes.iter().flatten());
    let mut named = volumes.filter(|known| known.name == volume);
    named.any(|volume| {
        volume.config_map.is_some()
            || volume.downward_api.is_some()
            || volume.projected.is_some()
            || volume.secret.is_some()
    })
}

fn placed(mount: &VolumeMount, is_derived: bool, env: &Env) -> Result<Placed, ConfigError> {
    let recursive = mount.recursive_read_only.as_deref();
    Ok(Placed {
        volume: mount.name.clone(),
        sub_path: sub_path(mount, env)?,
        destination: absolute(&mount.mount_path),
        readonly: is_derived || mount.read_only == Some(true),
        recursive_readonly: matches!(recursive, Some("IfPossible" | "Enabled")),
        propagation: match mount.mount_propagation.as_deref() {
            Some("HostToContainer") => Propagation::HostToContainer,
            Some("Bidirectional") => Propagation::Bidirectional,
            Some(_) | None => Propagation::Private,
        },
    })
}

/// Mount paths that do not begin at the root begin there all the same.
fn absolute(path: &str) -> String {
    if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    }
}

fn sub_path(mount: &VolumeMount, env: &Env) -> Result<String, ConfigError> {
    let written = mount
        .sub_path_expr
        .as_deref()
        .filter(|path| !path.is_empty());
    let path = match written {
        Some(written) => expanded(written, env)?,
        None => mount.sub_path.clone().unwrap_or_default(),
    };
    if path.starts_with('/') {
        let text = format!("error SubPath `{path}` must not be an absolute path");
        return Err(ConfigError::SubPath(text));
    }
    if path.split('/').any(|part| part == "..") {
        let text = format!("unable to provision SubPath `{path}`: must not contain '..'");
        return Err(ConfigError::SubPath(text));
    }
    Ok(path)
}

/// Unlike elsewhere, a name that nobody knows is an error: the path would be somebody else's.
fn expanded(written: &str, env: &Env) -> Result<String, ConfigError> {
    let mut unknown = None;
    let path = expand(written, |name| {
        let value = env.get(name).cloned();
        if value.is_none() {
            unknown = Some(name.to_owned());
        }
        value
    });
    match unknown {
        Some(name) => Err(ConfigError::SubPath(format!(
            "missing value for {name:?} in subPathExpr {written:?}"
        ))),
        None => Ok(path),
    }
}
