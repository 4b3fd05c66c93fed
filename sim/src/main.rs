//! The simulator's command line: `cargo xtask sim` builds and runs it.
//!
//! Everything that the library must not do is here: threads, one per core, each with worlds of its
//! own; the clock, which measures and ends long runs; and the terminal.

#![expect(
    clippy::print_stdout,
    reason = "a tool for the terminal talks to the terminal"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "the clock measures and ends runs; no world ever sees it"
)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use gantry_sim::command::{Case, Options, Tally, Task, USAGE, listen};
use gantry_sim::{Bug, Report, explain, shrink};

/// How long a failing world is made smaller.
const SHRINKING: Duration = Duration::from_secs(60);
/// How many worlds are tried for it.
const TRIES: usize = 120;
/// How long one planted bug is looked for.
const HUNTING: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let options = match Options::parse(&words) {
        Ok(options) => options,
        Err(complaint) => {
            eprintln!("gantry-sim: could not {complaint}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    listen();
    let went_well = match options.task {
        Task::Help => {
            println!("{USAGE}");
            true
        }
        Task::Replay(seed) => replay(&options, &options.case(seed)),
        Task::Seeds(count) => {
            let first = options.from.unwrap_or(1);
            many(&options, first, |_, seed| seed < first + count)
        }
        Task::Lasting(length) => {
            let first = options.from.unwrap_or_else(fresh);
            many(&options, first, |begun, _| begun.elapsed() < length)
        }
        Task::Hunt => hunt(&options),
    };
    if went_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// A seed that no run before had.
fn fresh() -> u64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    since.as_secs() * 1_000
}

/// One world, with its timeline or what matters of it.
fn replay(options: &Options, case: &Case) -> bool {
    let outcome = case.run(true);
    match &outcome.report.violation {
        Some(violation) if options.explains => {
            print!("{}", explain::explain(&outcome.trace, violation));
        }
        _ if options.explains => println!("no law is broken"),
        _ => {
            for line in outcome.trace.lines() {
                println!("{:>7} {}", line.step, line.text);
            }
        }
    }
    let mut report = outcome.report;
    if options.twice && report.violation.is_none() {
        report = case.run_twice();
    }
    show(case, &report, Duration::ZERO);
    if report.violation.is_none() {
        return true;
    }
    if options.shrinks == Some(true) {
        smallest(case.clone(), report);
    }
    false
}

/// Worlds of seeds from `first`, for as long as `is_meant` says so.
fn many(options: &Options, first: u64, is_meant: impl Fn(Instant, u64) -> bool + Sync) -> bool {
    let (begun, next) = (Instant::now(), AtomicU64::new(first));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let (tell, told) = mpsc::channel();
    let work = |tell: mpsc::Sender<_>| {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if !is_meant(begun, seed) {
                return;
            }
            let case = options.case(seed);
            let start = Instant::now();
            let report = if options.twice {
                case.run_twice()
            } else {
                case.run(false).report
            };
            if tell.send((case, report, start.elapsed())).is_err() {
                return;
            }
        }
    };
    let work = &work;
    let mut tally = Tally::default();
    thread::scope(|scope| {
        for _ in 0..options.jobs.unwrap_or(cores).max(1) {
            let tell = tell.clone();
            scope.spawn(move || work(tell));
        }
        drop(tell);
        for (case, report, took) in told {
            let runs = if options.twice { 2 } else { 1 };
            tally.add(&case, &report, took / runs);
            show(&case, &report, took);
        }
    });
    println!("{tally}, in {} s", begun.elapsed().as_secs());
    summon(options, &tally);
    tally.broken().is_empty()
}

/// Every planted bug in turn, in worlds of all kinds, until a law finds it or time is over.
fn hunt(options: &Options) -> bool {
    let mut found = 0;
    for bug in Bug::ALL {
        let mut planted = options.clone();
        planted.bug = Some(bug);
        let begun = Instant::now();
        let seeds = options.from.unwrap_or(1)..;
        let mut cases = seeds.map(|seed| planted.case(seed));
        let caught = cases
            .by_ref()
            .take_while(|_| begun.elapsed() < HUNTING)
            .find_map(|case| Some((case.run(false).report.violation?, case)));
        let (name, took) = (bug.name(), begun.elapsed().as_secs());
        if let Some((violation, case)) = caught {
            println!("{name:<32} {took:>4} s  {:?}\n    {case}", violation.law);
            found += 1;
        } else {
            println!("{name:<32} {took:>4} s  not found");
        }
    }
    println!("{found} of {} planted bugs found", Bug::ALL.len());
    found == Bug::ALL.len()
}

/// Shows the first world of each law that was broken, as small as can be.
fn summon(options: &Options, tally: &Tally) {
    for (law, cases) in tally.broken() {
        let Some(case) = cases.first() else { continue };
        println!(
            "\nthe law {law:?} is broken in {} worlds, first in\n{case}",
            cases.len()
        );
        if options.shrinks == Some(false) {
            continue;
        }
        smallest(case.clone(), case.run(false).report);
    }
}

/// Makes a failing world as small as can be, and shows it.
fn smallest(case: Case, report: Report) {
    let begun = Instant::now();
    let go_on = |tried| tried < TRIES && begun.elapsed() < SHRINKING;
    let shrunk = shrink::shrink(case, report, go_on);
    let Some(violation) = &shrunk.report.violation else {
        return println!("(it did not break again)");
    };
    println!(
        "the smallest of {} worlds that breaks it, within {} steps:\n{}\n{violation}\nas a story:\n",
        shrunk.tried + 1,
        shrunk.report.steps,
        shrunk.case,
    );
    for line in shrunk.case.story(violation).lines() {
        println!("    {line}");
    }
}

fn show(case: &Case, report: &Report, took: Duration) {
    let (seed, profile) = (case.seed, &case.profile.name);
    let simulated = report.simulated.as_secs();
    println!(
        "{seed:>6} {profile:<6} {:>8} steps {:>7} revisions {simulated:>6} s in {:>6} ms  {:016x}",
        report.steps,
        report.revisions,
        took.as_millis(),
        report.fingerprint
    );
    if let Some(violation) = &report.violation {
        println!("       {violation}\n       replay: {case}");
    }
}
