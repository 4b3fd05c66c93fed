//! The files of the project as text, and which of their lines are product code.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Endings of the files that are read.
const ENDINGS: [&str; 9] = [
    ".rs", ".toml", ".md", ".tsv", ".txt", ".service", ".yaml", ".lock", "run",
];

/// All files, in the order of their paths.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: Vec<File>,
}

/// One file.
#[derive(Debug)]
pub(crate) struct File {
    /// Seen from the root, with slashes.
    pub(crate) path: String,
    pub(crate) text: String,
    /// Below a module that is only there for tests.
    only_for_tests: bool,
}

impl Tree {
    /// Reads everything below `root` but what builds and version control leave there.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        tree.add(root, "")?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        tree.mark_tests();
        Ok(tree)
    }

    /// A tree that was made up, for tests.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File::new((*path).into(), (*text).into());
        let mut tree = Self {
            files: files.iter().map(file).collect(),
        };
        tree.mark_tests();
        tree
    }

    /// All files.
    pub(crate) fn files(&self) -> &[File] {
        &self.files
    }

    /// One file's text.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files
            .iter()
            .find(|file| file.path == path)
            .map(|file| file.text.as_str())
    }

    /// Whether there is such a file, or a directory with files.
    pub(crate) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.files.iter().any(|file| {
            file.path
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// The files written in Rust.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    fn mark_tests(&mut self) {
        let declared = self.files.iter().filter(|file| file.path.ends_with(".rs"));
        let modules: Vec<String> = declared.flat_map(File::declared_tests).collect();
        for file in &mut self.files {
            file.only_for_tests = modules.iter().any(|module| {
                let rest = file.path.strip_prefix(module.as_str());
                rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
            });
        }
    }

    fn add(&mut self, root: &Path, below: &str) -> Result<()> {
        let directory = root.join(below);
        let entries = fs::read_dir(&directory);
        for entry in entries.with_context(|| format!("list {}", directory.display()))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{below}{name}");
            if entry.file_type()?.is_dir() {
                if name != "target" && name != ".git" {
                    self.add(root, &format!("{path}/"))?;
                }
            } else if ENDINGS.iter().any(|ending| name.ends_with(ending)) {
                let text = fs::read_to_string(entry.path());
                let text = text.with_context(|| format!("read {path}"))?;
                self.files.push(File::new(path, text));
            }
        }
        Ok(())
    }
}

impl File {
    fn new(path: String, text: String) -> Self {
        Self {
            path,
            text,
            only_for_tests: false,
        }
    }

    /// Where the modules are that this file declares for tests alone, without their endings.
    fn declared_tests(&self) -> Vec<String> {
        let stem = self.path.trim_end_matches(".rs");
        let folder = match stem.rsplit_once('/') {
            Some((folder, "lib" | "main")) => folder,
            _ => stem,
        };
        let lines: Vec<&str> = self.text.lines().map(str::trim).collect();
        let declared = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
        let name = |line: &str| {
            let declaration = line.rsplit_once("mod ")?.1.strip_suffix(';')?;
            Some(format!("{folder}/{declaration}"))
        };
        declared.filter_map(|pair| name(pair[1])).collect()
    }

    /// Tests, benches and what only they use: written for a reader of failures.
    pub(crate) fn is_test(&self) -> bool {
        if self.only_for_tests {
            return true;
        }
        let mut parts = self.path.split('/');
        parts.any(|part| {
            matches!(
                part,
                "tests" | "tests.rs" | "testing" | "testing.rs" | "benches" | "contract.rs"
            )
        })
    }

    /// Whether a program wrote it, or it is one big table.
    pub(crate) fn is_generated(&self) -> bool {
        self.text.starts_with("// @generated") || self.path.contains("/facts/")
    }

    /// The lines of product code with their numbers: all but modules of tests.
    pub(crate) fn code(&self) -> Vec<(usize, &str)> {
        let mut lines = self
            .text
            .lines()
            .zip(1..)
            .map(|(line, number)| (number, line))
            .peekable();
        let mut code = Vec::new();
        while let Some((number, line)) = lines.next() {
            let opens = |line: &str| line.trim_start().starts_with("mod ") && line.ends_with('{');
            if line.trim() == "#[cfg(test)]" && lines.peek().is_some_and(|(_, next)| opens(next)) {
                let end = format!("{}}}", indentation(line));
                for (_, inner) in lines.by_ref() {
                    if inner == end {
                        break;
                    }
                }
            } else {
                code.push((number, line));
            }
        }
        code
    }
}

/// The blanks before the first letter.
pub(crate) fn indentation(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_tests_are_no_product_code() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n";
        let tree = Tree::of(&[("x.rs", text)]);
        let code = tree.files()[0].code();
        assert_eq!(code, [(1, "fn a() {}"), (6, "fn c() {}")]);
    }

    #[test]
    fn a_declared_module_of_tests_ends_nothing() {
        let tree = Tree::of(&[("x.rs", "#[cfg(test)]\nmod tests;\nfn a() {}\n")]);
        assert_eq!(tree.files()[0].code().len(), 3);
    }

    #[test]
    fn modules_that_are_declared_for_tests_are_tests_with_all_below() {
        let lib = "#[cfg(test)]\nmod torture;\n#[cfg(test)]\npub(crate) mod memory;\n";
        let tree = Tree::of(&[
            ("io/x/src/lib.rs", lib),
            ("io/x/src/memory.rs", ""),
            ("io/x/src/torture/power.rs", ""),
            ("io/x/src/tortures.rs", ""),
        ]);
        let tests: Vec<bool> = tree.files().iter().map(File::is_test).collect();
        assert_eq!(tests, [false, true, true, false]);
    }

    #[test]
    fn a_folder_is_there_when_a_file_is_in_it() {
        let tree = Tree::of(&[("io/http/src/lib.rs", "")]);
        assert!(tree.has("io/http/") && tree.has("io/http/src/lib.rs"));
        assert!(!tree.has("io/ht") && !tree.has("io/http/src/lib"));
    }
}
