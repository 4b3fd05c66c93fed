//! Runs tests one after the other, and counts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use anyhow::{Result, anyhow};

use super::Lab;
use super::leftovers;

/// A test: its name as a sentence, and what it does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Test {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Lab) -> Result<()>,
}

/// Counts passes and failures.
#[derive(Debug)]
pub(crate) struct Runner<'a> {
    lab: &'a Lab,
    words: Vec<String>,
    passed: u32,
    failed: Vec<String>,
}

impl<'a> Runner<'a> {
    /// Runs only what contains one of the words, if there are any.
    pub(crate) fn new(lab: &'a Lab, words: Vec<String>) -> Self {
        Self {
            lab,
            words,
            passed: 0,
            failed: Vec::new(),
        }
    }

    /// Runs a chapter.
    pub(crate) fn chapter(&mut self, chapter: &str, tests: &[Test]) {
        for test in tests {
            let name = format!("{chapter}: {}", test.name.replace('_', " "));
            let is_wanted = |word: &String| name.contains(&word.replace('_', " "));
            if self.words.is_empty() || self.words.iter().any(is_wanted) {
                self.run(name, *test);
            }
        }
    }

    /// Prints the closing line; whether all passed.
    #[expect(
        clippy::print_stdout,
        reason = "the closing line is the result of the program"
    )]
    pub(crate) fn conclude(self) -> bool {
        for name in &self.failed {
            println!("failed: {name}");
        }
        println!("{} passed, {} failed", self.passed, self.failed.len());
        self.failed.is_empty()
    }

    #[expect(
        clippy::print_stdout,
        reason = "a suite of minutes shows how far it is"
    )]
    fn run(&mut self, name: String, test: Test) {
        let started = Instant::now();
        let outcome = self.outcome(test);
        let seconds = started.elapsed().as_secs_f64();
        match outcome {
            Ok(()) => {
                println!("ok      {name} ({seconds:.1} s)");
                self.passed += 1;
            }
            Err(error) => {
                println!("FAILED  {name} ({seconds:.1} s)\n        could not {error:#}");
                self.failed.push(name);
            }
        }
    }

    fn outcome(&self, test: Test) -> Result<()> {
        let before = leftovers::now(self.lab)?;
        let outcome = catch_unwind(AssertUnwindSafe(|| (test.run)(self.lab)));
        let outcome = outcome.unwrap_or_else(|_| Err(anyhow!("go on after a panic")));
        // What went wrong first matters more than what it left behind.
        outcome.and_then(|()| leftovers::none_since(self.lab, &before))
    }
}

/// Says why something was left out of a test that passes without it.
#[expect(
    clippy::print_stdout,
    reason = "what was not tried is part of the result"
)]
pub(crate) fn not_tried(why: &str) {
    println!("        not tried: {why}");
}
