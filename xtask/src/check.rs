//! `cargo xtask check`: what needs no privileges.
//!
//! Quick questions first, so that a slip costs seconds. Everything is built in the development
//! profile, once.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::shell::{Line, find};
use crate::{r#gen, tidy, workspace};

/// Names the definitions from which the schema facts were generated.
const DEFINITIONS: &str = "GANTRY_DEFINITIONS";

/// Runs every step; the first failure ends it.
pub(crate) fn run() -> Result<()> {
    Line::cargo("fmt --all --check").run()?;
    tidy::run()?;
    Line::cargo("clippy --workspace --all-targets --locked -- -D warnings").run()?;
    Line::cargo("test --workspace --locked --quiet").run()?;
    Line::cargo("doc --workspace --no-deps --locked --quiet --document-private-items")
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()?;
    dependency_policy()?;
    regeneration()
}

/// Tidy has checked licences and versions already; the specialist knows advisories too.
fn dependency_policy() -> Result<()> {
    if find("cargo-deny").is_none() {
        println!("--- cargo-deny is not installed: tidy has checked licences and versions");
        return Ok(());
    }
    Line::cargo("deny --offline check bans licenses sources").run()
}

fn regeneration() -> Result<()> {
    let Some(definitions) = std::env::var_os(DEFINITIONS) else {
        println!("--- {DEFINITIONS} names no definitions: the schema facts are not regenerated");
        return Ok(());
    };
    let table = workspace::root().join(r#gen::TABLE);
    let read = || std::fs::read(&table).with_context(|| format!("read {}", table.display()));
    let before = read()?;
    r#gen::run(Path::new(&definitions))?;
    ensure!(
        before == read()?,
        "find the committed facts: they differ from the generated ones"
    );
    Ok(())
}
