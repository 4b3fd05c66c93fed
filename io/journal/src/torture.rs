//! The real journal over a disk that loses power, fails, lies and rots.
//!
//! One seed lives one life on one disk: random transactions, pictures and troubles, and a power cut
//! or the end of the process at any operation, also while the journal recovers. A model knows what
//! was acknowledged. The laws are in [`law`]. Only the two threads are left out: what they do is
//! done here one after the other, in a drawn order, so that the same seed does the same again.

mod dice;
mod figures;
mod law;
mod life;
mod model;
mod seam;

pub(crate) use dice::Dice;
pub use figures::{Detected, Figures};
pub use law::Violation;
pub use life::Trust;

use life::Life;
use seam::Seam;

/// How many power cuts a disk lives through at most.
const CUTS_PER_LIFE: u32 = 24;

/// Lives one seed after another until there were `cuts` power cuts, or a law is broken.
pub fn run(seed: u64, cuts: u64) -> Result<Figures, Violation> {
    let mut figures = Figures::default();
    let mut seeds = Dice::new(seed);
    while figures.cuts < cuts {
        live(seeds.next(), &mut figures)?;
    }
    Ok(figures)
}

/// Lives through the life of one seed, as a violation names it.
pub fn live(seed: u64, figures: &mut Figures) -> Result<(), Violation> {
    let trust = Trust::of(seed);
    live_over(&seam::Plain, seed, trust, figures)
}

pub(crate) fn live_over(
    seam: &dyn Seam,
    seed: u64,
    trust: Trust,
    figures: &mut Figures,
) -> Result<(), Violation> {
    let broken = |law| Violation { seed, law };
    Life::new(seam, seed, trust, figures)
        .live(CUTS_PER_LIFE)
        .map_err(broken)
}

#[cfg(test)]
mod tests;
