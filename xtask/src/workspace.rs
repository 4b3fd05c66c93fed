//! Where the workspace is, and what cargo knows about it.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::shell::Line;

/// What cargo knows.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    /// All packages, ours and others'.
    pub(crate) packages: Vec<Package>,
    /// Where builds go; configuration may have put it outside the workspace.
    pub(crate) target_directory: PathBuf,
}

/// One package.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) manifest_path: PathBuf,
    /// Nothing for packages of the workspace.
    pub(crate) source: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// What a package names as a dependency.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
}

/// The root of the workspace: the one that cargo runs us for, which need not be the one that this
/// program was built in when several checkouts share a target directory.
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let asked = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let own = asked.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
        own.parent().map_or(own.clone(), Path::to_path_buf)
    });
    &ROOT
}

/// Asks cargo, for the platform the product runs on.
pub(crate) fn metadata() -> Result<Metadata> {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let line = Line::cargo("metadata --format-version 1 --locked --filter-platform");
    let text = line.arg(platform.as_ref()).output()?;
    serde_json::from_str(&text).context("understand what cargo says about the workspace")
}
