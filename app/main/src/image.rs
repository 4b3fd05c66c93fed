//! `gantry image`: the images that pods are started from.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use gantry_base::Timestamp;
use gantry_base::time::{age, since};
use gantry_images::{Images, Keyring, Reference, Registries, Reporter};

use crate::cluster::Cluster;
use crate::options::{Image, Which};
use crate::output::{self, Progress};
use crate::process::require_root;

/// Carries out one of the commands.
pub(crate) async fn run(which: &Which, command: Image) -> Result<()> {
    require_root()?;
    let cluster = Cluster::find_or_make(which)?;
    let images = Images::open(&cluster.images(), registries(&cluster, None)?)
        .context("open the image store")?;
    match command {
        Image::Import { archive, tag } => {
            let name = tag.map(|tag| tag.parse::<Reference>()).transpose()?;
            let names = images.import(&archive, name.as_ref()).await?;
            for name in &names {
                output::line(format!("imported {}", name.familiar()));
            }
            if names.iter().any(|name| name.tag() == Some("latest")) {
                output::line(
                    "Pods that ask for it without a tag, or for latest, look in the registry first: \
                     give it a tag of its own, or set imagePullPolicy: IfNotPresent.",
                );
            }
        }
        Image::Pull { reference } => pull(&images, &reference).await?,
        Image::Ls => list(&images)?,
        Image::Rm { reference } => {
            images.remove(&reference).await?;
            output::line(format!("removed {reference}"));
        }
    }
    Ok(())
}

/// Where images come from, as the file says that was named, or the one in the data directory.
pub(crate) fn registries(cluster: &Cluster, named: Option<&std::path::Path>) -> Result<Registries> {
    let usual = cluster.data_dir.join("registries.yaml");
    match named {
        Some(path) => Registries::load(path).with_context(|| format!("read {}", path.display())),
        None if usual.exists() => {
            Registries::load(&usual).with_context(|| format!("read {}", usual.display()))
        }
        None => Ok(Registries::default()),
    }
}

async fn pull(images: &Images, name: &str) -> Result<()> {
    let reference: Reference = name.parse()?;
    let progress = Progress::begin(&format!("pulling {}", reference.familiar()));
    let (reporter, mut news) = Reporter::watched();
    let keys = Keyring::default();
    let work = images.pull(&reference, &keys, &reporter);
    tokio::pin!(work);
    let id = loop {
        tokio::select! {
            outcome = &mut work => break outcome?,
            changed = news.changed() => {
                ensure!(changed.is_ok(), "the pull ended without a word");
                let share = format!("pulling {}: {}", reference.familiar(), amount(&news.borrow_and_update()));
                progress.now(&share);
            }
        }
    };
    drop(progress);
    output::line(format!(
        "pulled {} ({})",
        reference.familiar(),
        short(&id.to_string())
    ));
    Ok(())
}

fn list(images: &Images) -> Result<()> {
    let mut rows = vec![["IMAGE", "ID", "SIZE", "CREATED"].map(str::to_owned)];
    for image in images.list()? {
        let created = image
            .created
            .map_or_else(|| "<unknown>".to_owned(), |time| age(ago(time)));
        let names: Vec<String> = image.refs.iter().map(|name| familiar(name)).collect();
        let names = if names.is_empty() {
            vec!["<none>".to_owned()]
        } else {
            names
        };
        for name in names {
            rows.push([
                name,
                short(&image.id.to_string()),
                size(image.size),
                created.clone(),
            ]);
        }
    }
    table(&rows);
    Ok(())
}

/// A stored name as users would write it.
fn familiar(name: &str) -> String {
    name.parse::<Reference>()
        .map_or_else(|_| name.to_owned(), |reference| reference.familiar())
}

/// How much of an image has arrived.
fn amount(progress: &gantry_images::Progress) -> String {
    let (done, total) = progress.layers.iter().fold((0, 0), |(done, total), layer| {
        (done + layer.done, total + layer.total)
    });
    format!("{} of {}", size(done), size(total))
}

fn ago(time: Timestamp) -> Duration {
    since(Timestamp::now(), time)
}

/// Prints rows with aligned columns.
pub(crate) fn table<const N: usize>(rows: &[[String; N]]) {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    for row in rows {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        output::line(cells.collect::<Vec<_>>().join("   ").trim_end());
    }
}

fn short(id: &str) -> String {
    id.trim_start_matches("sha256:").chars().take(12).collect()
}

fn size(bytes: u64) -> String {
    const MEGA: u64 = 1_000_000;
    if bytes >= 10 * MEGA {
        format!("{}MB", bytes / MEGA)
    } else {
        format!("{}kB", bytes / 1000)
    }
}
