//! Hunts through the night: `gantry-fuzz [--seconds N] [--seed N] [target...]`.
//!
//! What is found is kept in the corpus, where the tests find it again.

#![expect(
    clippy::print_stdout,
    reason = "a tool for the terminal talks to the terminal"
)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use gantry_base::hash::Fnv;
use gantry_fuzz::{ALL, Bounds, Finding, Hunt, Target, keep, once};

/// How long one input may take, in the build that hunts through the night.
const TIME: Duration = Duration::from_secs(2);
/// How long each target is hunted unless it is said.
const SECONDS: u64 = 60;
/// Attempts to make an input smaller.
const CUTS_MAX: usize = 2_000;

struct Options {
    seconds: u64,
    seed: u64,
    targets: Vec<&'static Target>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // What a target panics with is told with its input.
    std::panic::set_hook(Box::new(|_| {}));
    match options(&words).and_then(|options| hunt(&options)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("gantry-fuzz: could not {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn options(words: &[String]) -> Result<Options> {
    let mut options = Options {
        seconds: SECONDS,
        seed: 1,
        targets: Vec::new(),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut number = || -> Result<u64> {
            let number = words
                .next()
                .with_context(|| format!("find the number of {word}"))?;
            number
                .parse()
                .with_context(|| format!("read {word} {number}"))
        };
        match word.as_str() {
            "--seconds" => options.seconds = number()?,
            "--seed" => options.seed = number()?,
            name => match ALL.iter().find(|target| target.name == name) {
                Some(target) => options.targets.push(target),
                None => bail!("find the target {name:?}: there are {}", names()),
            },
        }
    }
    if options.targets.is_empty() {
        options.targets = ALL.iter().collect();
    }
    Ok(options)
}

fn bounds() -> Bounds {
    Bounds {
        time: TIME,
        ..Bounds::default()
    }
}

fn names() -> String {
    let names: Vec<&str> = ALL.iter().map(|target| target.name).collect();
    names.join(", ")
}

/// Hunts each target; how many were broken.
fn hunt(options: &Options) -> Result<usize> {
    let mut broken = 0;
    for target in &options.targets {
        let mut hunt = Hunt::begin(target, options.seed, bounds())?;
        let end = Instant::now() + Duration::from_secs(options.seconds);
        let mut count = 0_u64;
        let found = loop {
            if end <= Instant::now() {
                break None;
            }
            count += 1;
            if let Err(finding) = hunt.step() {
                break Some(finding);
            }
        };
        let heard = hunt.heard();
        println!(
            "{:<24}{count:>10} inputs, {heard} kinds of answers",
            target.name
        );
        if let Some(finding) = found {
            broken += 1;
            tell(target, finding)?;
        }
    }
    Ok(broken)
}

fn tell(target: &Target, finding: Finding) -> Result<()> {
    let finding = smaller(target, finding);
    let name = format!("found-{:016x}", Fnv::default().with(&finding.input).value());
    let path = keep(target.name, &name, &finding.input)?;
    println!("        {}", finding.what);
    println!("        {:?}", String::from_utf8_lossy(&finding.input));
    println!("        kept in {}", path.display());
    Ok(())
}

/// The same finding with as little input as a few cuts leave.
fn smaller(target: &Target, finding: Finding) -> Finding {
    let mut best = finding;
    let mut length = best.input.len() / 2;
    let mut cuts = 0;
    while 0 < length {
        let mut at = 0;
        while at < best.input.len() && cuts < CUTS_MAX {
            cuts += 1;
            let mut input = best.input.clone();
            input.drain(at..(at + length).min(input.len()));
            match once(target, &input, bounds()) {
                Err(smaller) => best = smaller,
                Ok(_) => at += length,
            }
        }
        length /= 2;
    }
    best
}
