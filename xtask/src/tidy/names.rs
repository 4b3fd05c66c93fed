//! Words that say nothing do not name types, modules or crates.
//!
//! Functions are free: `new` is what Rust calls a constructor.

use super::Finding;
use super::source::{File, Tree};

/// Signs that the idea is not yet understood.
const EMPTY: [&str; 14] = [
    "common",
    "context",
    "data",
    "handler",
    "helper",
    "helpers",
    "impl",
    "info",
    "item",
    "manager",
    "processor",
    "util",
    "utils",
    "wrapper",
];
/// Drawers that everything falls into.
const DRAWERS: [&str; 6] = ["common", "core", "helpers", "shared", "types", "util"];
const KEYWORDS: [&str; 6] = ["enum ", "mod ", "struct ", "trait ", "type ", "union "];

/// Looks at declarations and at the names of files.
pub(crate) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.rust() {
        for (line, name) in declared(file) {
            if let Some(word) = words(name)
                .into_iter()
                .find(|word| EMPTY.contains(&word.as_str()))
            {
                findings.push(finding(file, line, name, &word));
            }
        }
        let folder = file.path.split('/').nth(1).unwrap_or_default();
        if file.path.ends_with("/src/lib.rs") && DRAWERS.contains(&folder) {
            findings.push(finding(file, 1, folder, folder));
        }
    }
}

fn declared(file: &File) -> Vec<(usize, &str)> {
    let name = |(number, line): (usize, &'_ str)| {
        // The types of traits are named by whoever wrote the trait.
        if line.trim_start().starts_with("type ") && line.starts_with(' ') {
            return None;
        }
        let line = line.trim_start();
        let line = line.strip_prefix("pub").map_or(line, |rest| {
            let rest = rest
                .strip_prefix("(crate)")
                .or(rest.strip_prefix("(super)"))
                .unwrap_or(rest);
            rest.trim_start()
        });
        let keyword = KEYWORDS
            .iter()
            .find(|keyword| line.starts_with(**keyword))?;
        let rest = &file.text[offset(&file.text, line) + keyword.len()..];
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        Some((number, &rest[..end]))
    };
    file.code().into_iter().filter_map(name).collect()
}

/// Where a part of a text begins in it.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

/// `PodTemplate` and `pod_template` are both pod, template.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in name.chars() {
        if letter == '_' || letter.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter != '_') {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn finding(file: &File, line: usize, name: &str, word: &str) -> Finding {
    Finding {
        rule: "names",
        path: file.path.clone(),
        line,
        subject: name.into(),
        advice: format!("{word:?} says nothing; say what it is"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        check(&Tree::of(&[("io/x/src/y.rs", text)]), &mut findings);
        findings
            .into_iter()
            .map(|finding| finding.subject)
            .collect()
    }

    #[test]
    fn empty_words_are_found_in_types_and_modules() {
        assert_eq!(found("pub(crate) struct PodManager;\n"), ["PodManager"]);
        assert_eq!(
            found("mod util;\npub enum NodeInfo {}\n"),
            ["util", "NodeInfo"]
        );
    }

    #[test]
    fn words_inside_words_and_functions_are_free() {
        assert!(found("struct Metadata;\nstruct Database;\nfn info() {}\n").is_empty());
    }

    #[test]
    fn what_a_trait_demands_is_free() {
        assert!(found("impl Iterator for A {\n    type Item = u8;\n}\n").is_empty());
    }

    #[test]
    fn tests_may_call_things_as_they_like() {
        assert!(found("#[cfg(test)]\nmod tests {\n    struct Data;\n}\n").is_empty());
    }
}
