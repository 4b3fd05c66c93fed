//! The project's own toolbox: one command for everything that is not the product.
//!
//! Each command is a module. Nothing here is needed to build or to run the product.

#![expect(
    clippy::print_stdout,
    reason = "a tool for the terminal talks to the terminal"
)]

mod bench;
mod bless;
mod check;
mod ci;
mod fuzz;
mod r#gen;
mod shell;
mod sim;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

const USAGE: &str = "\
cargo xtask <command>
  check         format, tidy, lint, build, tests, documentation, dependency policy
  ci            what a change must pass: installs what tests need, check, a hundred worlds, end to end
  tidy          the rules of docs/house.md that a program can check
  sim [options] whole clusters in simulated time, under faults: sim --help says more
  fuzz [--seconds N] [--seed N] [target...]
                every decoder against input that nobody meant to send, a minute each
  bless [package]
                writes down what tests of texts, and stories, see today
  bench [name]  the figures of benches/, each beside its budget
  gen <file>    the table of schema facts, from published definitions
  gen proto <folder>
                the table of protobuf fields, from published modules";

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: could not {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["bench", ref names @ ..] => bench::run(names),
        ["bless", ref packages @ ..] => bless::run(packages),
        ["check"] => check::run(),
        ["ci"] => ci::run(),
        ["fuzz", ref words @ ..] => fuzz::run(words),
        ["gen", "proto", folder] => {
            r#gen::proto::run(folder.as_ref()).context("regenerate the protobuf fields")
        }
        ["gen", file] => r#gen::run(file.as_ref()).context("regenerate the facts"),
        ["sim", ref words @ ..] => sim::run(words),
        ["tidy"] => tidy::run(),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("understand {:?}\n{USAGE}", words.join(" ")),
    }
}
