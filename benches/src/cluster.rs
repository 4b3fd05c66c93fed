//! A cluster to be measured, gone with the value.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use gantry_base::ignore;
use gantry_images::{ImageBuilder, Source};
use tempfile::TempDir;

use crate::api::Api;

/// Where data lies on a disk; `/tmp` is memory on many machines, which would flatter.
pub(crate) const DISK: &str = "/var/tmp";
/// The image that pods are started from.
pub(crate) const IMAGE: &str = "bench.local/sleep:1";

/// A cluster of its own name.
#[derive(Debug)]
pub(crate) struct Cluster {
    gantry: PathBuf,
    home: TempDir,
    port: u16,
}

impl Cluster {
    /// Prepares the places; it is not up yet.
    pub(crate) fn prepare(gantry: &Path) -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let home = tempfile::Builder::new()
            .prefix("gantry-bench-")
            .tempdir_in(DISK)?;
        Ok(Self {
            gantry: gantry.to_owned(),
            home,
            port,
        })
    }

    /// A control plane alone that is up.
    pub(crate) fn control_plane(gantry: &Path) -> Result<Self> {
        let cluster = Self::prepare(gantry)?;
        cluster.gantry(&["up", "--no-node"])?;
        Ok(cluster)
    }

    /// A cluster that is up and has the image.
    pub(crate) fn with_image(gantry: &Path) -> Result<Self> {
        let cluster = Self::prepare(gantry)?;
        cluster.gantry(&["up"])?;
        let archive = cluster.home.path().join("image.tar");
        let sleeper = ImageBuilder::new()
            .file("bin/busybox", 0o755, Source::File("/bin/busybox".into()))
            .cmd(["/bin/busybox", "sleep", "3600"]);
        sleeper.write_oci_archive(&archive, &IMAGE.parse()?)?;
        let archive = archive.to_str().context("name the archive")?;
        cluster.gantry(&["image", "import", archive])?;
        Ok(cluster)
    }

    /// Runs the binary for this cluster.
    pub(crate) fn gantry(&self, words: &[&str]) -> Result<()> {
        let said = fs::File::create(self.home.path().join("said"))?;
        let status = Command::new(&self.gantry)
            .args(words)
            .args([
                "--name",
                "bench",
                "--port",
                &self.port.to_string(),
                "--data-dir",
            ])
            .arg(self.data_dir())
            .env("KUBECONFIG", self.home.path().join("kubeconfig"))
            .stdout(said.try_clone()?)
            .stderr(said)
            .status()?;
        let said = || fs::read_to_string(self.home.path().join("said")).unwrap_or_default();
        ensure!(
            status.success(),
            "run gantry {}: {}",
            words.join(" "),
            said()
        );
        Ok(())
    }

    /// A connection of its own to the API.
    pub(crate) async fn connect(&self) -> Result<Api> {
        Api::connect(&self.data_dir().join("kubeconfig")).await
    }

    fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        ignore(
            self.gantry(&["down", "--purge"]),
            "it may never have been up",
        );
    }
}
