//! Container images: from a name that a user typed to directories that overlayfs can stack.
//!
//! [`Images`] is the store of one node: it pulls from registries, imports archives, lists, names,
//! and gives a container's root. Content is kept under its digest and checked on the way in; what a
//! stranger made is never trusted with a path, a length or a link. This crate mounts nothing and
//! decides nothing about when to pull or to delete.

mod archive;
mod build;
mod content;
mod credentials;
mod digest;
mod files;
mod flight;
mod image;
mod import;
mod index;
mod layers;
mod limits;
mod manifest;
mod platform;
mod progress;
mod pull;
mod reference;
mod registries;
mod remote;
mod store;
mod unpack;

pub use archive::ArchiveError;
pub use build::{BuildError, Compression, ImageBuilder, Source};
pub use content::ContentError;
pub use credentials::{Credentials, Keyring, KeyringError};
pub use digest::{Digest, DigestError};
pub use files::FileError;
pub use image::{Image, ImageId, Rootfs};
pub use import::ImportError;
pub use index::IndexError;
pub use layers::LayerError;
pub use manifest::{ConfigFile, ImageConfig, ManifestError};
pub use platform::Platform;
pub use progress::{LayerProgress, Phase, Progress, Reporter};
pub use pull::{PullCause, PullError};
pub use reference::{DEFAULT_REGISTRY, DEFAULT_TAG, Fault, Reference, ReferenceError};
pub use registries::{Registries, RegistriesError};
pub use remote::{ConnectError, RemoteError};
pub use store::{Collected, Images, StoreError};
pub use unpack::UnpackError;
