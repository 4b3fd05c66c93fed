//! `cargo xtask bench`: builds the release and shows the figures of `benches/`.

use anyhow::Result;

use crate::shell::Line;

/// Runs the named figures, or all.
pub(crate) fn run(names: &[&str]) -> Result<()> {
    Line::cargo("build --release --locked -p gantry -p gantry-benches").run()?;
    let arguments = format!(
        "run --release --quiet -p gantry-benches -- {}",
        names.join(" ")
    );
    Line::cargo(&arguments).run()
}
