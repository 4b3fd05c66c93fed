//! What all tests share: the binary, images in a registry and as archives, clients.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::images::{self, Recipe};
use super::registry::Registry;
use super::{Cluster, Kubectl};

/// Shared by all tests; removed with the value.
#[derive(Debug)]
pub(crate) struct Lab {
    gantry: PathBuf,
    stock: Vec<Kubectl>,
    usual: Kubectl,
    registry: Registry,
    dir: TempDir,
}

impl Lab {
    /// Builds the images and starts the registry. Where a chapter does not care, the `usual`
    /// client is used, or the newest.
    #[expect(clippy::print_stdout, reason = "says with what it works")]
    pub(crate) fn open(gantry: &Path, usual: Option<&str>) -> Result<Self> {
        let gantry = gantry.canonicalize();
        let gantry = gantry.context("find the binary")?;
        ensure!(
            !Path::new("/sys/class/net/gantry0").exists(),
            "use the name \"gantry\": a cluster of that name runs on this machine; stop it first"
        );
        let dir = tempfile::Builder::new().prefix("gantry-e2e-").tempdir()?;
        let registry = Registry::start(&dir.path().join("registry"))?;
        for recipe in images::recipes()? {
            publish(&registry, dir.path(), &recipe)
                .with_context(|| format!("publish {}", recipe.name))?;
        }
        let stock = Kubectl::stock();
        let builtin = Kubectl::builtin(&gantry);
        let all = || stock.iter().rev().chain([&builtin]);
        let usual = match usual {
            Some(name) => all().find(|one| one.name.ends_with(name)),
            None => all().next(),
        };
        let lab = Self {
            usual: usual.context("find that client")?.clone(),
            stock,
            gantry,
            registry,
            dir,
        };
        let names: Vec<_> = lab.kubectls().into_iter().map(|one| one.name).collect();
        println!(
            "clients: {}; images from a registry at {}",
            names.join(", "),
            lab.registry.address
        );
        Ok(lab)
    }

    /// The binary under test.
    pub(crate) fn gantry(&self) -> &Path {
        &self.gantry
    }

    /// Where everything of this run lies.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The registry's text for the registries file: it stands in for the default one.
    pub(crate) fn registries(&self) -> String {
        format!(
            "registries:\n  docker.io:\n    mirrors: [\"http://{}\"]\n",
            self.registry.address
        )
    }

    /// An archive of an image, such as `busybox:1.35`.
    pub(crate) fn archive(&self, name: &str) -> PathBuf {
        archive(self.dir(), name)
    }

    /// The oldest and the newest stock client, and our own.
    pub(crate) fn kubectls(&self) -> Vec<Kubectl> {
        let oldest = self.stock.first().cloned();
        let newest = self
            .stock
            .last()
            .cloned()
            .filter(|newest| Some(newest) != oldest.as_ref());
        oldest
            .into_iter()
            .chain(newest)
            .chain([self.builtin()])
            .collect()
    }

    /// The oldest stock client, or our own.
    pub(crate) fn oldest(&self) -> Kubectl {
        self.stock
            .first()
            .cloned()
            .unwrap_or_else(|| self.builtin())
    }

    /// The newest stock client, or our own.
    pub(crate) fn newest(&self) -> Kubectl {
        self.stock.last().cloned().unwrap_or_else(|| self.builtin())
    }

    /// The client of whoever does not care which.
    pub(crate) fn usual(&self) -> Kubectl {
        self.usual.clone()
    }

    /// Our own client.
    pub(crate) fn builtin(&self) -> Kubectl {
        Kubectl::builtin(&self.gantry)
    }

    /// A cluster of the usual name that is up.
    pub(crate) fn cluster(&self) -> Result<Cluster<'_>> {
        let cluster = Cluster::prepare(self, "gantry")?;
        cluster.up()?;
        Ok(cluster)
    }
}

/// A port where nobody listens at this moment.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

fn archive(lab: &Path, name: &str) -> PathBuf {
    lab.join(format!("{}.tar", name.replace(['/', ':'], "-")))
}

fn publish(registry: &Registry, lab: &Path, recipe: &Recipe) -> Result<()> {
    let reference = recipe.name.parse()?;
    recipe
        .image
        .write_oci_archive(&archive(lab, recipe.name), &reference)?;
    let (repository, tag) = recipe.name.split_once(':').context("find the tag")?;
    registry.push(
        &recipe.image,
        &reference,
        &format!("library/{repository}"),
        tag,
    )
}
