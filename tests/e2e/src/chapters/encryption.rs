//! What is secret lies sealed on the disk, with a key that lies elsewhere and can be exchanged.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::tests;
use crate::harness::{Cluster, Lab, Test};

pub(crate) const TESTS: &[Test] = tests![
    a_secret_is_nowhere_in_the_data_directory,
    keys_are_exchanged_while_the_cluster_runs_and_while_it_is_down,
    a_wrong_or_missing_key_stops_the_server_and_is_named,
    a_backup_is_restored_without_the_key_that_was_lost,
    what_is_configured_is_sealed_and_what_cannot_be_is_refused,
];

const VALUE: &str = "correct-horse-battery-staple";

fn up(lab: &Lab) -> Result<Cluster<'_>> {
    let cluster = Cluster::prepare(lab, "e2e-sealed")?;
    cluster.gantry("up --no-node")?.ok()?;
    Ok(cluster)
}

fn down(cluster: &Cluster<'_>) -> Result<()> {
    cluster.gantry("down")?.ok().map(drop)
}

fn put_secret(cluster: &Cluster<'_>, name: &str) -> Result<()> {
    let words = format!("create secret generic {name} --from-literal=word={VALUE}");
    cluster.k(&words).map(drop)
}

/// Whether the API still tells the secret.
fn tells(cluster: &Cluster<'_>, name: &str) -> Result<()> {
    let secret = cluster.json(&format!("secret {name}"))?;
    let told = secret["data"]["word"].as_str().unwrap_or_default();
    // base64 of the value.
    ensure!(
        told == "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LXN0YXBsZQ==",
        "{secret}"
    );
    Ok(())
}

/// Whether some file below `folder` holds `text`.
fn is_found(folder: &Path, text: &str) -> Result<bool> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let holds = match (kind.is_dir(), kind.is_file()) {
            (true, _) => is_found(&entry.path(), text)?,
            (_, true) => {
                let content = fs::read(entry.path())?;
                content
                    .windows(text.len())
                    .any(|part| part == text.as_bytes())
            }
            _ => false,
        };
        if holds {
            return Ok(true);
        }
    }
    Ok(false)
}

/// In the clear, or as a Secret holds it.
fn is_hidden(cluster: &Cluster<'_>) -> Result<()> {
    for text in [VALUE, "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LXN0YXBsZQ"] {
        ensure!(
            !is_found(&cluster.data_dir().join("store"), text)?,
            "{text} lies on the disk"
        );
    }
    Ok(())
}

fn key_file(cluster: &Cluster<'_>) -> Result<PathBuf> {
    let record = fs::read(cluster.data_dir().join("cluster.json"))?;
    let record: Value = serde_json::from_slice(&record)?;
    let path = record["encryption"]["keys"].as_str();
    Ok(path.context("find the key file")?.into())
}

fn a_secret_is_nowhere_in_the_data_directory(lab: &Lab) -> Result<()> {
    let cluster = up(lab)?;
    put_secret(&cluster, "one")?;
    cluster.k(&format!(
        "create configmap plain --from-literal=word={VALUE}-open"
    ))?;
    let store = cluster.data_dir().join("store");
    ensure!(
        is_found(&store, &format!("{VALUE}-open"))?,
        "what is no secret is there, so that the search works"
    );
    cluster.k("delete configmap plain")?;
    let keys = key_file(&cluster)?;
    ensure!(!keys.starts_with(cluster.data_dir()), "{}", keys.display());
    tells(&cluster, "one")?;
    down(&cluster)?;
    cluster.gantry("up --no-node")?.ok()?;
    tells(&cluster, "one")?;
    ensure!(
        !is_found(&store, "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LXN0YXBsZQ")?,
        "sealed"
    );
    cluster.gantry("down --purge")?.ok()?;
    ensure!(!keys.exists(), "the key goes with the data");
    Ok(())
}

fn keys_are_exchanged_while_the_cluster_runs_and_while_it_is_down(lab: &Lab) -> Result<()> {
    let cluster = up(lab)?;
    put_secret(&cluster, "one")?;
    let keys = key_file(&cluster)?;
    let names = || -> Result<Vec<String>> {
        let text = fs::read_to_string(&keys)?;
        let names = text.lines().filter_map(|line| line.split_once("- name: "));
        Ok(names.map(|(_, name)| name.to_owned()).collect())
    };
    let first = names()?;
    let said = cluster.gantry("encryption rotate")?.ok()?;
    let second = names()?;
    ensure!(
        first.len() == 1 && second.len() == 1 && first != second,
        "{second:?}"
    );
    ensure!(said.contains(&second[0]), "name the key: {said}");
    tells(&cluster, "one")?;
    put_secret(&cluster, "two")?;
    down(&cluster)?;
    cluster.gantry("encryption rotate")?.ok()?;
    ensure!(names()? != second, "another key");
    cluster.gantry("up --no-node")?.ok()?;
    tells(&cluster, "one")?;
    tells(&cluster, "two")?;
    is_hidden(&cluster)
}

fn a_wrong_or_missing_key_stops_the_server_and_is_named(lab: &Lab) -> Result<()> {
    let cluster = up(lab)?;
    put_secret(&cluster, "one")?;
    down(&cluster)?;
    let keys = key_file(&cluster)?;
    let right = fs::read_to_string(&keys)?;
    let aside = keys.with_extension("aside");
    fs::rename(&keys, &aside)?;
    let missing = cluster.gantry("up --no-node")?.refused()?;
    ensure!(
        missing.contains(&keys.display().to_string()) && missing.contains("missing"),
        "{missing}"
    );
    ensure!(!keys.exists(), "none is made in its place");
    fs::rename(&aside, &keys)?;
    let secret = right.lines().find_map(|line| line.split_once("secret: "));
    let (_, secret) = secret.context("find the key")?;
    let other = format!("AAAA{}", &secret[4..]);
    fs::write(&keys, right.replace(secret, &other))?;
    let wrong = cluster.gantry("up --no-node")?.refused()?;
    ensure!(
        wrong.contains("another one") && wrong.contains(&keys.display().to_string()),
        "{wrong}"
    );
    fs::write(&keys, right)?;
    cluster.gantry("up --no-node")?.ok()?;
    tells(&cluster, "one")
}

fn a_backup_is_restored_without_the_key_that_was_lost(lab: &Lab) -> Result<()> {
    let cluster = up(lab)?;
    put_secret(&cluster, "one")?;
    let file = cluster.home().join("backup");
    cluster
        .gantry(&format!("backup {}", file.display()))?
        .ok()?;
    down(&cluster)?;
    fs::remove_file(key_file(&cluster)?)?;
    cluster.gantry("up --no-node")?.refused()?;
    cluster
        .gantry(&format!("restore --force {}", file.display()))?
        .ok()?;
    cluster.gantry("up --no-node")?.ok()?;
    tells(&cluster, "one")?;
    is_hidden(&cluster)
}

fn what_is_configured_is_sealed_and_what_cannot_be_is_refused(lab: &Lab) -> Result<()> {
    let cluster = Cluster::prepare(lab, "e2e-sealed")?;
    let file = cluster.home().join("encryption.yaml");
    let write = |provider: &str| -> Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let text = format!(
            "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [configmaps]\n  providers:\n  - {provider}\n  - identity: {{}}\n"
        );
        fs::write(&file, text)?;
        Ok(fs::set_permissions(
            &file,
            fs::Permissions::from_mode(0o600),
        )?)
    };
    let line = format!(
        "up --no-node --encryption-provider-config {}",
        file.display()
    );
    write("aescbc: {keys: [{name: a, secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}")?;
    let refused = cluster.gantry(&line)?.refused()?;
    ensure!(refused.contains("aescbc is not built"), "{refused}");
    write("aesgcm: {keys: [{name: a, secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}")?;
    cluster.gantry(&line)?.ok()?;
    cluster.k(&format!(
        "create configmap hidden --from-literal=word={VALUE}"
    ))?;
    is_hidden(&cluster)?;
    down(&cluster)
}
