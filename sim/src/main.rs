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

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use gantry_sim::command::{Case, Options, Tally, Task, USAGE, listen};
use gantry_sim::{Bug, Report, explain, explore, plant, shrink};

/// How long a failing world is made smaller.
const SHRINKING: Duration = Duration::from_secs(60);
/// How many worlds are tried for it.
const TRIES: usize = 120;
/// In how many worlds of each kind a planted bug is looked for.
const HUNTING: u64 = 20;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
        Task::Exhaustive => exhaust(&options),
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

/// Lets all cores do what `next` gives out, one piece at a time; `take` hears what came of each.
fn on_all_cores<W, R: Send>(
    jobs: Option<usize>,
    next: impl Fn() -> Option<W> + Sync,
    work: impl Fn(W) -> R + Sync,
    mut take: impl FnMut(R),
) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let (tell, told) = mpsc::channel();
    let (next, work) = (&next, &work);
    thread::scope(|scope| {
        for _ in 0..jobs.unwrap_or(cores).max(1) {
            let tell = tell.clone();
            scope.spawn(move || {
                while let Some(piece) = next() {
                    if tell.send(work(piece)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        for result in told {
            take(result);
        }
    });
}

/// Worlds of seeds from `first`, for as long as `is_meant` says so.
fn many(options: &Options, first: u64, is_meant: impl Fn(Instant, u64) -> bool + Sync) -> bool {
    let (begun, count) = (Instant::now(), AtomicU64::new(first));
    let next = || {
        let seed = count.fetch_add(1, Ordering::Relaxed);
        is_meant(begun, seed).then(|| options.case(seed))
    };
    let run = |case: Case| {
        let start = core_time();
        let report = if options.twice {
            case.run_twice()
        } else {
            case.run(false).report
        };
        (case, report, core_time().saturating_sub(start))
    };
    let (mut tally, mut numbers) = (Tally::default(), BTreeMap::new());
    on_all_cores(options.jobs, next, run, |(case, report, took)| {
        let runs = if options.twice { 2 } else { 1 };
        tally.add(&case, &report, took / runs);
        if !options.only_fingerprints {
            show(&case, &report, took);
        }
        numbers.insert(case.seed, report.fingerprint);
    });
    if options.only_fingerprints {
        for (seed, number) in numbers {
            println!("{seed} {number:016x}");
        }
    } else {
        println!("{tally}, in {} s", begun.elapsed().as_secs());
        summon(options, &tally);
    }
    tally.broken().is_empty()
}

/// How much of a core this thread has had; where the system does not tell, how late it is.
fn core_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let told = told.split(' ').next().and_then(|spent| spent.parse().ok());
    told.map_or_else(
        || SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default(),
        Duration::from_nanos,
    )
}

/// Every planted bug in turn, in worlds of all kinds, until a law finds it.
fn hunt(options: &Options) -> bool {
    let count = AtomicUsize::new(0);
    let next = || {
        let at = count.fetch_add(1, Ordering::Relaxed);
        let bug = Bug::ALL.get(at).copied()?;
        let is_meant = options.bug.is_none_or(|only| only == bug);
        Some(is_meant.then_some(bug))
    };
    let run = |bug: Option<Bug>| {
        let begun = Instant::now();
        bug.map(|bug| (plant::hunt(bug, HUNTING), begun.elapsed()))
    };
    let (mut found, mut all) = (0, 0);
    on_all_cores(options.jobs, next, run, |hunted| {
        let Some((hunted, took)) = hunted else { return };
        all += 1;
        let (name, took) = (hunted.bug.name(), took.as_secs());
        let Some(catch) = &hunted.found else {
            return println!(
                "{name:<34} {took:>4} s  not found in {} worlds",
                hunted.worlds
            );
        };
        found += 1;
        let (law, seed, profile) = (catch.violation.law, catch.seed, &catch.profile);
        println!(
            "{name:<34} {took:>4} s  {law:?} after {} steps of seed {seed}, {profile}",
            catch.steps
        );
    });
    println!("{found} of {all} planted bugs were found");
    found == all
}

/// Every perturbation of each controller; each world is told as soon as it is done.
fn exhaust(options: &Options) -> bool {
    let explored = explore::explore_only(options.depth, &options.only, |one| println!("{one}"));
    let unsettled: Vec<_> = explored
        .iter()
        .filter(|one| !one.unsettled.is_empty())
        .collect();
    for one in &unsettled {
        for finding in &one.unsettled {
            println!("{}/{}: {finding}", one.controller, one.world);
        }
    }
    println!(
        "{} worlds, {} of them unsettled",
        explored.len(),
        unsettled.len()
    );
    !explored.is_empty() && unsettled.is_empty()
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
    if case.profile.only_fills {
        let stirred = report.stirred.as_secs();
        println!("       the last pod changed after {stirred} s");
    }
    if let Some(violation) = &report.violation {
        println!("       {violation}\n       replay: {case}");
    }
}
