//! Where containers' root file systems come from.

use std::path::PathBuf;

use gantry_images::Images;
use gantry_oci::ImageConfig;

/// An image as a runtime uses it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageRootfs {
    /// Its unpacked layers, the uppermost first; they are never written to.
    pub lower_dirs: Vec<PathBuf>,
    /// What it says about its containers.
    pub config: ImageConfig,
}

/// Why an image cannot be used.
pub type ImageError = Box<dyn std::error::Error + Send + Sync>;

/// Knows the images that a node holds.
pub trait RootfsSource: Send + Sync + std::fmt::Debug {
    /// The image with this exact id. May read the disk; fetches nothing.
    fn rootfs(&self, image_id: &str) -> Result<ImageRootfs, ImageError>;
}

impl RootfsSource for Images {
    fn rootfs(&self, image_id: &str) -> Result<ImageRootfs, ImageError> {
        let found = Images::rootfs(self, &image_id.parse()?)?;
        let config = ImageConfig {
            entrypoint: found.config.entrypoint,
            cmd: found.config.cmd,
            env: found.config.env,
            user: found.config.user,
            working_dir: found.config.working_dir,
            stop_signal: found.config.stop_signal,
        };
        Ok(ImageRootfs {
            lower_dirs: found.lower_dirs,
            config,
        })
    }
}
