//! The node's images, as its runtime wants them.

use gantry_images::Images;
use gantry_runtime::{ImageConfig, ImageError, ImageRootfs, RootfsSource};

/// The node's images, as its runtime wants them.
#[derive(Clone, Debug)]
pub(crate) struct NodeImages(pub(crate) Images);

impl RootfsSource for NodeImages {
    fn rootfs(&self, image_id: &str) -> Result<ImageRootfs, ImageError> {
        let rootfs = self.0.rootfs(&image_id.parse()?)?;
        let config = rootfs.config;
        Ok(ImageRootfs {
            lower_dirs: rootfs.lower_dirs,
            config: ImageConfig {
                entrypoint: config.entrypoint,
                cmd: config.cmd,
                env: config.env,
                user: config.user,
                working_dir: config.working_dir,
                stop_signal: config.stop_signal,
            },
        })
    }
}
