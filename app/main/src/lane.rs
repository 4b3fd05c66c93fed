//! Root's own way in: the socket in the data directory.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use anyhow::{Context, Result};
use rustix::process::geteuid;
use tracing::warn;

use gantry_http::Lane;

use crate::cluster::Cluster;

/// The longest path that a socket may have.
const PATH_BYTES: usize = 107;

/// Where the socket is, in a folder that only its owner enters.
pub(crate) fn path(cluster: &Cluster) -> PathBuf {
    cluster.data_dir.join("lane/root.sock")
}

/// Opens the socket; nothing where its path would be too long, which is no reason not to serve.
pub(crate) fn open(cluster: &Cluster) -> Result<Option<Lane>> {
    let path = path(cluster);
    if path.as_os_str().len() > PATH_BYTES {
        let path = path.display();
        warn!(%path, limit = PATH_BYTES, "root's own socket would have too long a path: there is none");
        return Ok(None);
    }
    let folder = path
        .parent()
        .context("find the folder of root's own socket")?;
    let mut builder = fs::DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("make {}", folder.display()))?;
    // One that a process left behind which was killed. No other process serves this cluster.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("remove {}", path.display()));
        }
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&path);
    let listener = listener.with_context(|| format!("listen on {}", path.display()))?;
    listener
        .set_nonblocking(true)
        .with_context(|| format!("listen on {}", path.display()))?;
    Ok(Some(Lane {
        listener,
        owner: geteuid().as_raw(),
    }))
}
