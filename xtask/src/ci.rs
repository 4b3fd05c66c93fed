//! `cargo xtask ci`: everything a change must pass.
//!
//! Installs what the tests need (Debian packages, by their ordinary client), runs `check`, lets a
//! hundred simulated clusters live, and runs the end-to-end suite as root, on a build that is as fast
//! as the release but has every check on. The last line printed is the suite's own: `N passed, N
//! failed`.

use std::path::Path;

use anyhow::{Context, Result};

use crate::shell::{Line, find};
use crate::{check, sim, workspace};

/// What the end-to-end suite runs, and the package that has it.
const NEEDED: &[(&str, &str)] = &[
    ("busybox", "busybox-static"),
    ("curl", "curl"),
    ("docker-registry", "docker-registry"),
    ("etcd", "etcd-server"),
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("nginx", "nginx-light"),
    ("python3", "python3-minimal"),
    ("redis-server", "redis-server"),
    ("setpriv", "util-linux"),
    ("script", "bsdutils"),
];

/// Runs it all.
pub(crate) fn run() -> Result<()> {
    install()?;
    check::run()?;
    sim::check()?;
    Line::cargo("build --profile checked --locked -p gantry -p gantry-e2e").run()?;
    end_to_end(&workspace::metadata()?.target_directory.join("checked"))
}

fn install() -> Result<()> {
    let missing: Vec<&str> = NEEDED
        .iter()
        .filter(|(program, _)| find(program).is_none())
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if find("apt-get").is_none() {
        println!(
            "--- no apt-get: tests that need {} will say so",
            missing.join(", ")
        );
        return Ok(());
    }
    as_root("apt-get", "update -qq").run()?;
    let packages = missing.join(" ");
    // Servers that a package would start are only wanted as files.
    let quietly = "DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq";
    as_root(
        "env",
        &format!("{quietly} --no-install-recommends {packages}"),
    )
    .run()
    .with_context(|| format!("install {packages}"))
}

fn end_to_end(build: &Path) -> Result<()> {
    let suite = build.join("gantry-e2e");
    let line = if rustix::process::geteuid().is_root() {
        Line::program(&suite, "gantry-e2e", "--gantry")
    } else {
        Line::new("sudo", "-n").arg(&suite).arg("--gantry".as_ref())
    };
    line.arg(&build.join("gantry")).run_last()
}

fn as_root(program: &str, arguments: &str) -> Line {
    if rustix::process::geteuid().is_root() {
        Line::new(program, arguments)
    } else {
        Line::new("sudo", &format!("-n {program} {arguments}"))
    }
}
