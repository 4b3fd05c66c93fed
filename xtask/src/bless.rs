//! `cargo xtask bless`: what tests of texts see today is what they expect from now on.
//!
//! Read the difference before it is committed: only what can be explained is blessed.

use anyhow::Result;

use crate::shell::Line;

/// Tests the packages, or all; expected texts and stories are rewritten as they are met.
pub(crate) fn run(packages: &[&str]) -> Result<()> {
    let chosen: Vec<String> = packages
        .iter()
        .map(|package| format!("-p {package}"))
        .collect();
    let chosen = if chosen.is_empty() {
        "--workspace".to_owned()
    } else {
        chosen.join(" ")
    };
    Line::cargo(&format!("test --locked --quiet {chosen}"))
        .env("UPDATE_EXPECT", "1")
        .run()
}
