//! The real binary on a real kernel, with real images, driven by the stock `kubectl`.
//!
//! `gantry-e2e --gantry <binary> [--kubectl <version>] [words]` runs the tests whose names contain one of the words, or
//! all. Every test makes clusters of its own, removes them, and is failed for what they leave
//! behind. The last line is `N passed, N failed`.

mod chapters;
mod harness;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use harness::{Lab, Runner};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("gantry-e2e: could not {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool> {
    let mut arguments = std::env::args().skip(1);
    let mut gantry: Option<PathBuf> = None;
    let mut kubectl = None;
    let mut words = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--gantry" => gantry = arguments.next().map(PathBuf::from),
            "--kubectl" => kubectl = arguments.next(),
            _ => words.push(argument),
        }
    }
    ensure!(
        rustix::process::geteuid().is_root(),
        "make clusters: only root may"
    );
    let gantry = gantry.context("know the binary: name it with --gantry")?;
    let lab = Lab::open(&gantry, kubectl.as_deref()).context("set up the lab")?;
    let mut runner = Runner::new(&lab, words);
    for (chapter, tests) in chapters::ALL {
        runner.chapter(chapter, tests);
    }
    Ok(runner.conclude())
}
