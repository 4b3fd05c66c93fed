//! `cargo xtask tidy`: the rules of `docs/house.md` that a program can check.
//!
//! Each rule is a module with a pure function from the files to findings. What is known to be
//! otherwise is listed in `exceptions.tsv`, whose length may only shrink.

mod config;
mod documents;
mod exceptions;
mod functions;
mod layers;
mod licences;
mod lints;
mod names;
mod sizes;
mod sorted;
mod source;
mod texts;

use std::fmt;

use anyhow::{Context, Result, ensure};

use crate::workspace;
use source::Tree;

/// Something that is not as the house wants it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The rule that is broken.
    rule: &'static str,
    /// The file, seen from the root.
    path: String,
    /// The line, from 1, where one can be named.
    line: usize,
    /// What exactly: a name, a text, a number of lines.
    subject: String,
    /// What to do.
    advice: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rule,
            path,
            line,
            subject,
            advice,
        } = self;
        write!(f, "{path}:{line}: {rule}: {subject}: {advice}")
    }
}

/// Checks the workspace.
pub(crate) fn run() -> Result<()> {
    let tree = Tree::read(workspace::root())?;
    let metadata = workspace::metadata()?;
    let mut findings = Vec::new();
    documents::check(&tree, &mut findings);
    documents::check_dependencies(&tree, &mut findings);
    functions::check(&tree, &mut findings);
    layers::check(&tree, &metadata, &mut findings).context("compare the layers")?;
    licences::check(&tree, &metadata, &mut findings).context("check the licences")?;
    lints::check(&tree, &mut findings);
    names::check(&tree, &mut findings);
    sizes::check(&tree, &mut findings);
    sorted::check(&tree, &mut findings);
    texts::check(&tree, &mut findings);
    let findings = exceptions::apply(&tree, findings)?;
    for finding in &findings {
        println!("{finding}");
    }
    ensure!(
        findings.is_empty(),
        "find the tree tidy: {} findings",
        findings.len()
    );
    println!("--- tidy: {} files", tree.files().len());
    Ok(())
}
