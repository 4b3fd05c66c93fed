//! Licences and versions of dependencies, by the lists in `deny.toml`, from what cargo knows.
//!
//! This answers the same questions as cargo-deny does, on machines that lack it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use super::Finding;
use super::config;
use super::source::Tree;
use crate::workspace::Metadata;

/// Compares each package with the lists.
pub(crate) fn check(tree: &Tree, metadata: &Metadata, findings: &mut Vec<Finding>) -> Result<()> {
    let deny = config::parse(tree.text("deny.toml").context("read deny.toml")?)?;
    let list = |section: &str, key: &str| -> BTreeSet<&str> {
        let texts = deny.get(section).and_then(|keys| keys.get(key));
        texts.into_iter().flatten().map(String::as_str).collect()
    };
    let allowed = list("licenses", "allow");
    let skipped = list("bans", "skip");
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in &metadata.packages {
        versions
            .entry(&package.name)
            .or_default()
            .push(&package.version);
        let licence = package.license.as_deref().unwrap_or("none");
        if !is_allowed(licence, &allowed) {
            let subject = format!("{} is under {licence:?}", package.name);
            findings.push(finding(subject, "not in the list of deny.toml"));
        }
    }
    for (name, versions) in versions
        .iter()
        .filter(|(name, _)| !skipped.contains(**name))
    {
        if 1 < versions.len() {
            let subject = format!("{name} is there as {}", versions.join(" and "));
            findings.push(finding(subject, "one version of each"));
        }
    }
    Ok(())
}

/// Whether what is allowed satisfies a licence expression. `/` is an old way to write `OR`.
fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let verdict = alternatives(&mut words, allowed);
    verdict && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn alternatives(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    let mut verdict = together(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        verdict |= together(words, allowed);
    }
    verdict
}

fn together(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    let mut verdict = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        verdict &= one(words, allowed);
    }
    verdict
}

fn one(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let verdict = alternatives(words, allowed);
        return words.next_if_eq(&")").is_some() && verdict;
    }
    let Some(name) = words.next() else {
        return false;
    };
    if words.next_if_eq(&"WITH").is_some() {
        // An exception only adds rights.
        words.next();
    }
    // "This version or a later one" includes this version.
    allowed.contains(name.trim_end_matches('+'))
}

fn finding(subject: String, advice: &str) -> Finding {
    let (rule, path) = ("licences", "deny.toml".to_owned());
    Finding {
        rule,
        path,
        line: 1,
        subject,
        advice: advice.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(expression: &str) -> bool {
        is_allowed(
            expression,
            &BTreeSet::from(["MIT", "Apache-2.0", "Unicode-3.0"]),
        )
    }

    #[test]
    fn one_allowed_alternative_is_enough() {
        assert!(allows("MIT OR GPL-3.0"));
        assert!(allows("GPL-3.0/MIT"));
        assert!(allows("Apache-2.0 WITH LLVM-exception OR GPL-3.0"));
        assert!(allows("MIT+"));
        assert!(!allows("GPL-3.0"));
    }

    #[test]
    fn all_joined_licences_must_be_allowed() {
        assert!(allows("(MIT OR GPL-3.0) AND Unicode-3.0"));
        assert!(!allows("MIT AND GPL-3.0"));
        assert!(!allows("(MIT OR Apache-2.0) AND GPL-3.0"));
    }

    #[test]
    fn nonsense_is_not_allowed() {
        assert!(!allows(""));
        assert!(!allows("(MIT"));
        assert!(!allows("MIT MIT"));
    }
}
