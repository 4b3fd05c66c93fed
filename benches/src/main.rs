//! The figures of a running cluster, each beside its budget.
//!
//! `gantry-benches [names]` shows the named figures, or all. The binary under test is `gantry`
//! beside this program. Medians; meant for an idle machine with two cores. As root.

mod api;
mod cluster;
mod creates;
mod custom;
mod etcd;
mod figure;
mod idle;
mod lists;
mod load;
mod million;
mod pods;
mod processes;
mod requests;
mod size;
mod startup;
mod watchers;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use figure::Figure;

type Bench = fn(&Path) -> Result<Vec<Figure>>;

/// Every figure by its name.
const ALL: &[(&str, Bench)] = &[
    ("size", size::measure),
    ("up", startup::measure),
    ("pod", pods::one_after_the_other),
    ("pods", pods::at_once),
    ("creates", creates::measure),
    ("requests", requests::measure),
    ("lists", lists::measure),
    ("custom", custom::objects),
    ("definitions", custom::definitions),
    ("policy", custom::policy),
    ("watchers", watchers::measure),
    ("million", million::measure),
    ("idle", idle::measure),
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gantry-benches: could not {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the figures are the result of the program"
)]
fn run() -> Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let names: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
    for name in &wanted {
        let there = names.join(", ");
        ensure!(
            names.contains(&name.as_str()),
            "find the figure {name:?}; there is: {there}"
        );
    }
    let gantry = binary()?;
    for (name, bench) in ALL {
        if wanted.is_empty() || wanted.iter().any(|one| one == name) {
            let figures = bench(&gantry).with_context(|| format!("measure {name}"))?;
            figures.iter().for_each(|figure| println!("{figure}"));
        }
    }
    Ok(())
}

fn binary() -> Result<PathBuf> {
    let own = std::env::current_exe().context("find this program")?;
    let gantry = own.with_file_name("gantry");
    ensure!(
        gantry.is_file(),
        "find {}: build it with the same profile",
        gantry.display()
    );
    Ok(gantry)
}
