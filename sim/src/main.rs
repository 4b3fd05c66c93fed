//! The simulator's command line: `cargo xtask sim` builds and runs it.

#![expect(
    clippy::print_stdout,
    reason = "a tool for the terminal talks to the terminal"
)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use gantry_sim::{Plant, Profile, Report, Simulation};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = words.iter().position(|word| word == name)?;
        words.get(at + 1).cloned()
    };
    let number = |name: &str| value(name).and_then(|text| text.parse::<u64>().ok());
    let profile = value("--profile").unwrap_or_else(|| "mild".to_owned());
    let profile = Profile::named(&profile).unwrap_or_else(Profile::mild);
    if let Some(seed) = number("--seed") {
        let mut simulation = Simulation::new(seed, profile, &Plant::default(), true);
        let report = simulation.run();
        for line in simulation.trace().lines() {
            println!("{:>7} {}", line.step, line.text);
        }
        show(seed, &report, Duration::ZERO);
        return ExitCode::SUCCESS;
    }
    for seed in 1..=number("--seeds").unwrap_or(10) {
        let begun = Instant::now();
        let report = Simulation::new(seed, profile.clone(), &Plant::default(), false).run();
        show(seed, &report, begun.elapsed());
    }
    ExitCode::SUCCESS
}

fn show(seed: u64, report: &Report, took: Duration) {
    println!(
        "seed {seed}: {} steps, {} revisions, {:?} simulated in {took:?}, {:016x}, {:?}",
        report.steps, report.revisions, report.simulated, report.fingerprint, report.struck
    );
    if let Some(violation) = &report.violation {
        println!("  {violation}");
    }
}
