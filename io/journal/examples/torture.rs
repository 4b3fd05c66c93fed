//! Cuts the power of a disk in memory again and again under the real journal.
//!
//! `cargo run --release -p gantry-journal --example torture -- --cuts 100000 --seed 1`, or
//! `--life N` to live through the one life that a failure names.

#![expect(clippy::print_stdout, reason = "a torture reports on standard output")]

use std::error::Error;
use std::time::Instant;

use gantry_journal::torture::{Figures, live, run};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut cuts, mut seed, mut life) = (100_000, 1, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let number = arguments.next().ok_or("every option takes a number")?;
        let number: u64 = number.parse()?;
        match name.as_str() {
            "--cuts" => cuts = number,
            "--seed" => seed = number,
            "--life" => life = Some(number),
            _ => return Err("the options are --cuts, --seed and --life".into()),
        }
    }
    let start = Instant::now();
    let figures = match life {
        Some(life) => one(life),
        None => run(seed, cuts),
    };
    match figures {
        Ok(figures) => println!(
            "{figures}\nseconds          {:.1}",
            start.elapsed().as_secs_f64()
        ),
        Err(violation) => return Err(violation.to_string().into()),
    }
    Ok(())
}

fn one(life: u64) -> Result<Figures, gantry_journal::torture::Violation> {
    let mut figures = Figures::default();
    live(life, &mut figures)?;
    Ok(figures)
}
