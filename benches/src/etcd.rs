//! An etcd to be measured on, gone with the value. Its data lies on the same disk as everything.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use gantry_base::ignore;
use tempfile::TempDir;

use crate::cluster::DISK;

/// A member alone in its cluster, without certificates, on loopback.
#[derive(Debug)]
pub(crate) struct Etcd {
    child: Child,
    program: PathBuf,
    port: u16,
    _home: TempDir,
}

impl Etcd {
    /// Starts one, where the program is there.
    pub(crate) fn start() -> Result<Option<Self>> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut places = std::env::split_paths(&path).map(|place| place.join("etcd"));
        let Some(program) = places.find(|place| place.is_file()) else {
            return Ok(None);
        };
        let program = program.canonicalize().context("find etcd")?;
        let home = tempfile::Builder::new()
            .prefix("gantry-bench-etcd-")
            .tempdir_in(DISK)?;
        let (port, peer) = (free_port()?, free_port()?);
        let [client, peer] = [port, peer].map(|port| format!("http://127.0.0.1:{port}"));
        let child = Command::new(&program)
            .args(["--name", "one", "--log-level", "error", "--data-dir"])
            .arg(home.path().join("data"))
            .args(["--listen-client-urls", &client])
            .args(["--advertise-client-urls", &client])
            .args(["--listen-peer-urls", &peer])
            .args(["--initial-advertise-peer-urls", &peer])
            .args(["--initial-cluster", &format!("one={peer}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("start etcd")?;
        Ok(Some(Self {
            child,
            program,
            port,
            _home: home,
        }))
    }

    /// Where it listens.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it was started from.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        ignore(self.child.kill(), "it may have ended by itself");
        ignore(self.child.wait(), "it was started here");
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
