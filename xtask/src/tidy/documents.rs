//! Documents point at files that exist: paths between backticks, and links. The page of
//! dependencies lists exactly those that the workspace has.
//!
//! The house guide is left out: it tells the shape of the tree, and names what is not built yet.

use std::collections::BTreeSet;

use super::Finding;
use super::source::{File, Tree};

/// Where a path of ours begins.
const ROOTS: [&str; 10] = [
    ".ci",
    "app",
    "benches",
    "docs",
    "io",
    "logic",
    "model",
    "packaging",
    "tests",
    "xtask",
];
const GUIDE: &str = "docs/house.md";
const DEPENDENCIES: &str = "docs/dependencies.md";

/// Follows what every document names.
pub(crate) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    let documents = tree
        .files()
        .iter()
        .filter(|file| file.path.ends_with(".md"));
    for file in documents.filter(|file| file.path != GUIDE) {
        for (line, number) in file.text.lines().zip(1..) {
            let links = links(line).map(|link| from(&file.path, link));
            let dead = paths(line)
                .map(str::to_owned)
                .chain(links)
                .filter(|path| !tree.has(path));
            findings.extend(dead.map(|path| finding(file, number, path)));
        }
    }
}

/// Compares the page of dependencies with the manifest of the workspace.
pub(crate) fn check_dependencies(tree: &Tree, findings: &mut Vec<Finding>) {
    let manifest = tree.text("Cargo.toml").unwrap_or_default();
    let section = manifest.split("[workspace.dependencies]").nth(1);
    let section = section
        .and_then(|rest| rest.split("\n[").next())
        .unwrap_or_default();
    let used: BTreeSet<&str> = section
        .lines()
        .filter_map(|line| Some(line.split_once(" = ")?.0))
        .filter(|name| !name.starts_with("gantry-"))
        .collect();
    let Some(page) = tree.files().iter().find(|file| file.path == DEPENDENCIES) else {
        return;
    };
    let rows = page
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let told: BTreeSet<&str> = rows.filter(|row| !["Crate", "---"].contains(row)).collect();
    for name in used.symmetric_difference(&told) {
        let mut finding = finding(page, 1, (*name).to_owned());
        finding.advice = "tell what for, or remove the line".into();
        findings.push(finding);
    }
}

/// Paths of ours between backticks; patterns with placeholders are not followed.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2).filter(|text| {
        let first = text.split_once('/').map_or("", |(first, _)| first);
        ROOTS.contains(&first) && !text.contains([' ', '<', '*', '{'])
    })
}

/// Targets of links inside the project.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'));
    let targets =
        targets.map(|(target, _)| target.split_once('#').map_or(target, |(path, _)| path));
    targets.filter(|target| !target.is_empty() && !target.contains("://"))
}

/// A link, seen from the root.
fn from(document: &str, link: &str) -> String {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    parts.join("/")
}

fn finding(file: &File, line: usize, path: String) -> Finding {
    let (rule, advice) = ("documents", "there is no such file".into());
    Finding {
        rule,
        path: file.path.clone(),
        line,
        subject: path,
        advice,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(text: &str) -> Vec<String> {
        let tree = Tree::of(&[
            ("docs/walks/a.md", text),
            ("io/http/src/route.rs", ""),
            ("README.md", ""),
        ]);
        let mut findings = Vec::new();
        check(&tree, &mut findings);
        findings
            .into_iter()
            .map(|finding| finding.subject)
            .collect()
    }

    #[test]
    fn paths_between_backticks_are_followed() {
        assert!(dead("see `io/http/src/route.rs`, `io/http/`, `a/b`, `io/<x>/y`\n").is_empty());
        assert_eq!(dead("see `io/http/src/road.rs`\n"), ["io/http/src/road.rs"]);
    }

    #[test]
    fn the_page_of_dependencies_tells_exactly_what_is_used() {
        let manifest = "[workspace.dependencies]\na = \"1\"\nb = \"1\"\n\n[profile.dev]\nc = 1\n";
        let page = "| Crate | What for |\n| --- | --- |\n| b | x |\n| z | y |\n";
        let tree = Tree::of(&[("Cargo.toml", manifest), (DEPENDENCIES, page)]);
        let mut findings = Vec::new();
        check_dependencies(&tree, &mut findings);
        let subjects: Vec<_> = findings.into_iter().map(|one| one.subject).collect();
        assert_eq!(subjects, ["a", "z"]);
    }

    #[test]
    fn links_are_followed_from_where_they_stand() {
        assert!(dead("[x](../../README.md#top) [y](https://example.org) [z](#here)\n").is_empty());
        assert_eq!(dead("[x](../README.md)\n"), ["docs/README.md"]);
    }
}
