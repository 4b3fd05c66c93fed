//! What happened, in words, and a number that stands for all of it.
//!
//! Every line goes into the number, whether it is kept or not: two runs of the same seed that
//! differ anywhere end with different numbers.

use std::fmt::Write;

use gantry_base::Timestamp;
use gantry_base::hash::Fnv;
use gantry_base::time::since;

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The step in which it happened.
    pub step: u64,
    /// The step that led to it.
    pub cause: u64,
    /// What happened, with who and when.
    pub text: String,
}

/// What happened so far.
#[derive(Debug)]
pub struct Trace {
    start: Timestamp,
    hash: Fnv,
    count: u64,
    kept: Option<Vec<Line>>,
    /// The step that led to each step, for as many as there were; kept as the lines are.
    causes: Vec<u64>,
    buffer: String,
}

impl Trace {
    /// An empty timeline that begins at `start`; lines are kept only when somebody will read them.
    #[must_use]
    pub fn new(start: Timestamp, keeps: bool) -> Self {
        Self {
            start,
            hash: Fnv::default(),
            count: 0,
            kept: keeps.then(Vec::new),
            causes: Vec::new(),
            buffer: String::new(),
        }
    }

    /// Whether lines are kept.
    #[must_use]
    pub const fn is_recording(&self) -> bool {
        self.kept.is_some()
    }

    /// Another step begins, to which `cause` led. Many steps have no line of their own, but all are
    /// links of the chain.
    pub(crate) fn step(&mut self, cause: u64) {
        if self.is_recording() {
            self.causes.push(cause);
        }
    }

    /// The step that led to a step; nothing for those that nothing led to.
    #[must_use]
    pub fn cause(&self, step: u64) -> Option<u64> {
        // Steps are counted from one.
        let at = usize::try_from(step.checked_sub(1)?).ok()?;
        self.causes.get(at).copied().filter(|cause| *cause > 0)
    }

    /// Adds what `who` did or saw.
    pub(crate) fn line(&mut self, at: Stamp, who: &str, text: std::fmt::Arguments<'_>) {
        self.buffer.clear();
        let elapsed = since(at.now, self.start);
        let (seconds, micros) = (elapsed.as_secs(), elapsed.subsec_micros());
        let written = write!(
            self.buffer,
            "{:>4}:{:02}.{micros:06} {who:<24} {text}",
            seconds / 60,
            seconds % 60
        );
        written.expect("a text can always be written to memory");
        self.hash = std::mem::take(&mut self.hash).with(self.buffer.as_bytes());
        self.count += 1;
        if let Some(kept) = &mut self.kept {
            kept.push(Line {
                step: at.step,
                cause: at.cause,
                text: self.buffer.clone(),
            });
        }
    }

    /// A line that only those who read see: it may not exist when nobody reads.
    pub(crate) fn remark(&mut self, at: Stamp, who: &str, text: &str) {
        let Some(kept) = &mut self.kept else { return };
        let elapsed = since(at.now, self.start);
        let (seconds, micros) = (elapsed.as_secs(), elapsed.subsec_micros());
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        kept.push(Line {
            step: at.step,
            cause: at.cause,
            text: format!("{minutes:>4}:{seconds:02}.{micros:06} {who:<24}   {text}"),
        });
    }

    /// The number that stands for every line so far.
    #[must_use]
    pub const fn fingerprint(&self) -> u64 {
        self.hash.value()
    }

    /// How many lines there were.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.count
    }

    /// Whether nothing has happened yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The lines, if they were kept.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        self.kept.as_deref().unwrap_or(&[])
    }
}

/// When something happens, and why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) now: Timestamp,
    pub(crate) step: u64,
    pub(crate) cause: u64,
}
