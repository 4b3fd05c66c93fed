//! What is in a pod's volumes, as a value: directories, and files with their bytes.
//!
//! Nothing is written here. The tokens of ServiceAccounts are asked for elsewhere and passed in;
//! [`tokens`] says which are needed.

mod files;
mod projected;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{EmptyDirVolumeSource, Volume};

use gantry_base::Quantity;

use crate::container::{ConfigError, Surroundings, fs_group};

pub use files::fingerprint;
pub use projected::{TokenWanted, tokens};

/// A volume as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A directory that is empty at first and lives as long as the pod.
    Empty {
        /// Keep it in memory, at most this many bytes of it when a limit is given.
        memory: Option<MemoryLimit>,
        /// The group that owns it.
        group: Option<u32>,
    },
    /// Files that are replaced together.
    Files(Files),
    /// A path of the node.
    Host {
        /// Which.
        path: String,
        /// What it must be, such as `DirectoryOrCreate`; empty for anything.
        kind: String,
    },
}

/// How much memory a volume may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimit(pub Option<u64>);

/// Files that belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// The files, by their path within the volume.
    pub files: BTreeMap<String, File>,
    /// The group that owns them.
    pub group: Option<u32>,
    /// They are secret and shall not reach a disk.
    pub in_memory: bool,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Its permissions.
    pub mode: u32,
    /// The user who owns it, when it is not root.
    pub user: Option<u32>,
}

/// Tokens that were issued, by volume and the number of the source within it.
pub type Tokens = BTreeMap<(String, usize), String>;

/// Why a volume cannot be put in place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// Something that it refers to is missing.
    #[error(transparent)]
    Missing(#[from] ConfigError),
    /// It names a key that is not there.
    #[error("references non-existent config key: {0}")]
    MissingKey(String),
    /// A path leads out of the volume.
    #[error("use the path {0:?}: it must be relative and not contain '..'")]
    Path(String),
    /// A token was not issued yet.
    #[error("find the token for volume {0:?}")]
    Token(String),
    /// The node does not know the type.
    #[error("volume {0:?} has no type that this node supports")]
    Type(String),
}

/// What the volume holds, as things are.
pub fn content(
    on: &Surroundings<'_>,
    volume: &Volume,
    tokens: &Tokens,
) -> Result<Content, ContentError> {
    let group = fs_group(on.pod);
    if let Some(empty) = &volume.empty_dir {
        let memory = memory(empty);
        return Ok(Content::Empty { memory, group });
    }
    if let Some(host) = &volume.host_path {
        let (path, kind) = (host.path.clone(), host.type_.clone().unwrap_or_default());
        return Ok(Content::Host { path, kind });
    }
    let mut files = Files {
        group,
        in_memory: volume.secret.is_some() || volume.projected.is_some(),
        ..Files::default()
    };
    if let Some(source) = &volume.config_map {
        files::of_config_map(on, &source.into(), &mut files)?;
    } else if let Some(source) = &volume.secret {
        files::of_secret(on, &source.into(), &mut files)?;
    } else if let Some(source) = &volume.downward_api {
        let items = source.items.as_deref().unwrap_or(&[]);
        files::of_downward_api(on, items, source.default_mode, &mut files)?;
    } else if let Some(source) = &volume.projected {
        projected::content(on, (&volume.name, source), tokens, &mut files)?;
    } else {
        return Err(ContentError::Type(volume.name.clone()));
    }
    Ok(Content::Files(files))
}

fn memory(empty: &EmptyDirVolumeSource) -> Option<MemoryLimit> {
    let limit = empty.size_limit.as_ref();
    let limit = limit.and_then(|limit| limit.0.parse::<Quantity>().ok());
    let limit = limit.and_then(|limit| u64::try_from(limit.value()).ok());
    let in_memory = empty.medium.as_deref() == Some("Memory");
    in_memory.then_some(MemoryLimit(limit.filter(|limit| *limit > 0)))
}
