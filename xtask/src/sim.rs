//! `cargo xtask sim`: whole clusters in simulated time, in a build that is quick to make and to run.
//!
//! What can be asked for is the simulator's own affair: `cargo xtask sim --help`.

use anyhow::{Result, ensure};

use crate::shell::Line;
use crate::workspace;

/// Builds the simulator; the profile has its own folder.
const BUILD: &str = "build --profile checked --locked --quiet -p gantry-sim";
/// The worlds of every change: shorter than those of the night, and under two minutes together.
const HUNDRED: &str = "--seeds 100 --trouble 6m";
/// Worlds that even the development build has soon run. They keep the profile's whole quiet time: in
/// less, not everything can settle, and a world that does not fails.
const SHORT: &str = "--seeds 2 --profile hard --trouble 2m --fingerprints";

/// Builds the simulator and lets it answer.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    Line::cargo(BUILD).run()?;
    simulator("checked", &words.join(" "))?.run_last()
}

/// A hundred worlds; some of them twice, and in both builds.
pub(crate) fn check() -> Result<()> {
    Line::cargo(BUILD).run()?;
    simulator("checked", HUNDRED)?.run()?;
    simulator("checked", "--seeds 5 --trouble 6m --twice")?.run()?;
    println!("--- gantry-sim {SHORT}, in both builds");
    Line::cargo("build --locked --quiet -p gantry-sim").run_last()?;
    let [one, other] = ["debug", "checked"].map(|build| simulator(build, SHORT)?.output());
    let (one, other) = (one?, other?);
    ensure!(
        one == other,
        "find the same worlds in both builds:\n{one}{other}"
    );
    Ok(())
}

fn simulator(build: &str, arguments: &str) -> Result<Line> {
    let program = workspace::metadata()?
        .target_directory
        .join(build)
        .join("gantry-sim");
    Ok(Line::program(&program, "gantry-sim", arguments))
}
