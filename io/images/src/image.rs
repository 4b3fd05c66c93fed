//! What users of the store see: images, their ids, and what a container is made of.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::{Digest, DigestError};
use crate::manifest::ImageConfig;

/// Which image: the digest of its configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImageId(pub(crate) Digest);

impl ImageId {
    /// The digest itself.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.0
    }
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ImageId {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        text.parse().map(Self)
    }
}

/// An image in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its id.
    pub id: ImageId,
    /// The names that lead to it, in their long form.
    pub refs: Vec<String>,
    /// Repositories and digests under which registries have it.
    pub repo_digests: Vec<String>,
    /// Bytes of what was pulled or imported, before unpacking.
    pub size: u64,
    /// When it was made, if its maker said so.
    pub created: Option<Timestamp>,
}

/// What a container's root is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rootfs {
    /// The unpacked layers for overlayfs, topmost first.
    pub lower_dirs: Vec<PathBuf>,
    /// What to run.
    pub config: ImageConfig,
}
