//! Dependencies between crates point downward, and within a row to the right, along the edges that
//! `layers.toml` lists. What lies outside the four strata (tools, tests) may use anything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};

use super::Finding;
use super::config::{self, Config};
use super::source::Tree;
use crate::workspace::{self, Metadata, Package};

/// From the top to the bottom. The simulator is a stratum of one crate: it may use what is pure,
/// and is pure itself.
const STRATA: [&str; 5] = ["app", "io", "sim", "logic", "model"];

/// An edge from one crate to another.
type Edge = (String, String);

/// Compares the manifests with `layers.toml`.
pub(crate) fn check(tree: &Tree, metadata: &Metadata, findings: &mut Vec<Finding>) -> Result<()> {
    let layers = config::parse(tree.text("layers.toml").context("read layers.toml")?)?;
    let crates = crates(metadata);
    for (name, package) in &crates {
        if !places(&layers).contains_key(name.as_str()) {
            findings.push(finding(name, "is in no row of layers.toml"));
        }
        for outside in package
            .dependencies
            .iter()
            .filter(|_| is_pure(&layers, name))
        {
            if listed(&layers, "impure", "crates").contains(&outside.name) {
                let edge = format!("{name} -> {}", outside.name);
                findings.push(finding(
                    &edge,
                    "sim, logic and model open nothing and wait for nothing",
                ));
            }
        }
    }
    compare(&layers, &edges(&crates), findings);
    Ok(())
}

fn compare(layers: &Config, found: &BTreeSet<Edge>, findings: &mut Vec<Finding>) {
    let none = BTreeMap::new();
    let listed: BTreeSet<Edge> = layers
        .get("edges")
        .unwrap_or(&none)
        .iter()
        .flat_map(|(from, all)| all.iter().map(|to| (from.clone(), to.clone())))
        .collect();
    let places = places(layers);
    for edge @ (from, to) in found {
        let text = format!("{from} -> {to}");
        if !listed.contains(edge) {
            findings.push(finding(
                &text,
                "a new edge is a design decision: list it, and say why",
            ));
        }
        if places.get(from.as_str()) >= places.get(to.as_str()) {
            findings.push(finding(
                &text,
                "dependencies point downward, and in a row to the right",
            ));
        }
    }
    for (from, to) in listed.difference(found) {
        findings.push(finding(
            &format!("{from} -> {to}"),
            "no manifest has this edge any more",
        ));
    }
}

/// The crates of the strata by their short names.
fn crates(metadata: &Metadata) -> BTreeMap<String, &Package> {
    let ours = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_none());
    ours.filter_map(|package| Some((short(&package.manifest_path)?, package)))
        .collect()
}

/// The folder's name, for packages inside the strata.
fn short(manifest: &Path) -> Option<String> {
    let path = manifest.strip_prefix(workspace::root()).ok()?;
    let mut parts = path.iter().filter_map(|part| part.to_str());
    let stratum = parts.next()?;
    if stratum == "sim" {
        return Some(stratum.to_owned());
    }
    STRATA
        .contains(&stratum)
        .then(|| parts.next().map(str::to_owned))?
}

fn edges(crates: &BTreeMap<String, &Package>) -> BTreeSet<Edge> {
    let to = |from: &String, package: &&Package| -> Vec<Edge> {
        let names = package
            .dependencies
            .iter()
            .filter_map(|one| one.name.strip_prefix("gantry-"));
        // A crate that names itself only builds its own tests with more of it.
        let others = names.filter(|to| to != from);
        others.map(|to| (from.clone(), to.to_owned())).collect()
    };
    crates
        .iter()
        .flat_map(|(from, package)| to(from, package))
        .collect()
}

/// Where each crate stands: its stratum, then its place in the row.
fn places(layers: &Config) -> BTreeMap<&str, (usize, usize)> {
    let mut places = BTreeMap::new();
    for (depth, stratum) in STRATA.iter().enumerate() {
        let row = layers.get("rows").and_then(|rows| rows.get(*stratum));
        for (place, name) in row.into_iter().flatten().enumerate() {
            places.insert(name.as_str(), (depth, place));
        }
    }
    places
}

fn is_pure(layers: &Config, name: &str) -> bool {
    places(layers)
        .get(name)
        .is_some_and(|(depth, _)| 2 <= *depth)
}

fn listed<'a>(layers: &'a Config, section: &str, key: &str) -> &'a [String] {
    layers
        .get(section)
        .and_then(|keys| keys.get(key))
        .map_or(&[], Vec::as_slice)
}

fn finding(subject: &str, advice: &str) -> Finding {
    Finding {
        rule: "layers",
        path: "layers.toml".into(),
        line: 1,
        subject: subject.into(),
        advice: advice.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYERS: &str = "[rows]\napp = [\"main\"]\nio = [\"http\", \"pki\"]\nmodel = [\"base\"]\n\
                          [edges]\nmain = [\"http\"]\nhttp = [\"pki\"]\n";

    fn complaints(found: &[(&str, &str)]) -> Vec<String> {
        let found = found
            .iter()
            .map(|(from, to)| ((*from).into(), (*to).into()))
            .collect();
        let mut findings = Vec::new();
        compare(&config::parse(LAYERS).unwrap(), &found, &mut findings);
        findings
            .iter()
            .map(|finding| format!("{}: {}", finding.subject, finding.advice))
            .collect()
    }

    #[test]
    fn listed_edges_that_point_down_or_right_are_fine() {
        assert!(complaints(&[("main", "http"), ("http", "pki")]).is_empty());
    }

    #[test]
    fn an_edge_to_the_left_is_refused_even_when_it_is_the_only_one() {
        let said = complaints(&[("main", "http"), ("http", "pki"), ("pki", "http")]).join("\n");
        assert!(said.contains("pki -> http: a new edge"));
        assert!(said.contains("pki -> http: dependencies point downward"));
    }

    #[test]
    fn a_listed_edge_that_is_gone_must_leave_the_list() {
        let said = complaints(&[("main", "http")]);
        assert_eq!(said, ["http -> pki: no manifest has this edge any more"]);
    }
}
