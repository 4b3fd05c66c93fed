//! Runs inputs, and judges what a target cannot judge itself: panics, time, memory.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use anyhow::Result;
use gantry_base::entropy::{Seeded, below};

use crate::mutate::mutate;
use crate::targets::Target;
use crate::{corpus, sys};

/// Bytes of an input that is mutated further; longer ones only take time.
const INPUT_BYTES_MAX: usize = 16 * 1024;
/// Inputs that are mutated further, the committed ones included.
const POOL_MAX: usize = 4096;
/// How often a slow input is tried again, in case that the machine was busy.
const TRIES: usize = 3;

/// What one input may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How long.
    pub time: Duration,
    /// How many bytes at the same time.
    pub bytes: usize,
}

impl Default for Bounds {
    /// Far more than any input of this size needs, on a busy machine and without optimization.
    fn default() -> Self {
        Self {
            time: Duration::from_secs(15),
            bytes: 128 * 1024 * 1024,
        }
    }
}

/// An input that breaks something.
#[derive(Debug)]
pub struct Finding {
    /// What it breaks.
    pub what: String,
    /// The input.
    pub input: Vec<u8>,
}

/// Runs one input; what became of it, or what it breaks.
pub fn once(target: &Target, input: &[u8], bounds: Bounds) -> Result<String, Finding> {
    let finding = |what| Finding {
        what,
        input: input.to_vec(),
    };
    let mut fastest = Duration::MAX;
    for _ in 0..TRIES {
        let before = sys::begin();
        let begun = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
        fastest = fastest.min(begun.elapsed());
        let bytes = sys::peak().saturating_sub(before);
        let word = match outcome {
            Ok(word) => word,
            Err(panic) => return Err(finding(format!("panicked: {}", said(&*panic)))),
        };
        if bytes > bounds.bytes {
            return Err(finding(format!("took {bytes} bytes of memory")));
        }
        if fastest <= bounds.time {
            return Ok(word);
        }
    }
    Err(finding(format!("took {fastest:?}")))
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "without a word".to_owned())
}

/// One target under mutations, all of them decided by a seed.
#[derive(Debug)]
pub struct Hunt {
    target: &'static Target,
    bounds: Bounds,
    chance: Seeded,
    pool: Vec<Vec<u8>>,
    heard: BTreeSet<String>,
}

impl Hunt {
    /// Begins with the committed inputs, none of which may break anything.
    pub fn begin(target: &'static Target, seed: u64, bounds: Bounds) -> Result<Self> {
        let mut hunt = Self {
            target,
            bounds,
            chance: Seeded::new(seed),
            pool: Vec::new(),
            heard: BTreeSet::new(),
        };
        for (name, input) in corpus::read(target.name)? {
            let word = once(target, &input, bounds)
                .map_err(|finding| anyhow::anyhow!("{}: {name}: {}", target.name, finding.what))?;
            hunt.heard.insert(word);
            hunt.pool.push(input);
        }
        anyhow::ensure!(!hunt.pool.is_empty(), "{}: there is no input", target.name);
        Ok(hunt)
    }

    /// Tries one more input.
    pub fn step(&mut self) -> Result<(), Finding> {
        let parent = &self.pool[below(&mut self.chance, self.pool.len())];
        let mut input = mutate(parent, &self.pool, self.target.words, &mut self.chance);
        input.truncate(INPUT_BYTES_MAX);
        let word = once(self.target, &input, self.bounds)?;
        if self.pool.len() < POOL_MAX && self.heard.insert(word) {
            self.pool.push(input);
        }
        Ok(())
    }

    /// How many different things were heard so far.
    #[must_use]
    pub fn heard(&self) -> usize {
        self.heard.len()
    }
}
