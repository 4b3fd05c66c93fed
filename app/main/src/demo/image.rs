//! An image with nothing in it but this binary and the libraries it is running on.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use gantry_images::{ImageBuilder, Images, Reference, Registries, Source};

use crate::cluster::Cluster;

/// What the image is called.
pub(super) const NAME: &str = "gantry.local/demo:latest";
/// Where a program's loader has to be, whatever the machine calls the file it maps.
const LOADERS: [&str; 2] = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];

/// Puts the image into the cluster's store.
pub(super) async fn save(cluster: &Cluster) -> Result<()> {
    let images =
        Images::open(&cluster.images(), Registries::default()).context("open the image store")?;
    let program = fs::canonicalize("/proc/self/exe").context("find this program")?;
    let mut builder = ImageBuilder::new().file("/gantry", 0o755, Source::File(program));
    for library in libraries()? {
        builder = builder.file(
            &library.to_string_lossy(),
            0o755,
            Source::File(library.clone()),
        );
    }
    for loader in LOADERS {
        if let Ok(real) = fs::canonicalize(loader) {
            builder = builder.file(loader, 0o755, Source::File(real));
        }
    }
    let builder = builder.entrypoint(["/gantry", super::WORD]);
    let name: Reference = NAME.parse().context("name the image")?;
    builder
        .save_into(&images, &name)
        .await
        .context("save the image")?;
    Ok(())
}

/// The shared libraries that this process has mapped.
fn libraries() -> Result<BTreeSet<PathBuf>> {
    let maps = fs::read_to_string("/proc/self/maps").context("read /proc/self/maps")?;
    let paths = maps
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5));
    let libraries = paths.filter(|path| path.starts_with('/') && path.contains(".so"));
    Ok(libraries
        .map(PathBuf::from)
        .filter(|path| path.is_file())
        .collect())
}
