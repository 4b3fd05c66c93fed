//! `cargo xtask fuzz`: hunts every decoder for a minute each, in a build that is quick to run and has
//! every check on. What it finds is kept in the corpus of `tests/fuzz`.

use anyhow::Result;

use crate::shell::Line;

/// Builds the targets and hunts those that are named, or all.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let arguments = format!(
        "run --profile checked --locked --quiet -p gantry-fuzz -- {}",
        words.join(" ")
    );
    Line::cargo(&arguments).run_last()
}
