//! Chance from one seed, in streams that do not disturb each other.
//!
//! Each purpose draws from a stream of its own, so that leaving out one fault, one node or one
//! human changes nothing about when the others strike. No function of a float that a library could
//! round differently is used: the same seed is the same world on every machine.

use std::collections::BTreeMap;
use std::time::Duration;

use gantry_base::Entropy;
use gantry_base::entropy::Seeded;
use gantry_base::hash::Fnv;

/// One stream of chance.
#[derive(Clone, Debug)]
pub struct Dice(Seeded);

impl Dice {
    /// The stream called `name` of the world `seed`.
    #[must_use]
    pub fn new(seed: u64, name: &str) -> Self {
        let hash = Fnv::default()
            .with(&seed.to_be_bytes())
            .with(name.as_bytes());
        Self(Seeded::new(hash.value()))
    }

    /// A number below `limit`; 0 when there is nothing to choose from.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0.next_u64().checked_rem(limit).unwrap_or(0)
    }

    /// Whether something happens that happens `per_million` times in a million.
    pub fn hits(&mut self, per_million: u32) -> bool {
        per_million > 0 && self.below(1_000_000) < u64::from(per_million)
    }

    /// A duration from `least` up to `most`.
    pub fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let span = most.saturating_sub(least).as_micros();
        let drawn = self.below(u64::try_from(span).unwrap_or(u64::MAX).saturating_add(1));
        least + Duration::from_micros(drawn)
    }

    /// One of `choices`, unless there are none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let at = self.below(u64::try_from(choices.len()).unwrap_or(u64::MAX));
        choices.get(usize::try_from(at).unwrap_or(usize::MAX))
    }
}

impl Entropy for Dice {
    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }
}

/// All streams of one world.
#[derive(Clone, Debug)]
pub(crate) struct Chance {
    seed: u64,
    streams: BTreeMap<&'static str, Dice>,
}

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            seed,
            streams: BTreeMap::new(),
        }
    }

    /// The stream for one purpose.
    pub(crate) fn stream(&mut self, name: &'static str) -> &mut Dice {
        let seed = self.seed;
        self.streams
            .entry(name)
            .or_insert_with(|| Dice::new(seed, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_do_not_disturb_each_other() {
        let mut one = Chance::new(7);
        let mut other = Chance::new(7);
        one.stream("a").next_u64();
        assert_eq!(one.stream("b").next_u64(), other.stream("b").next_u64());
        assert_ne!(
            Dice::new(7, "a").next_u64(),
            Dice::new(8, "a").next_u64(),
            "another seed is another world"
        );
    }

    #[test]
    fn what_never_happens_never_happens_and_what_always_happens_does() {
        let mut dice = Dice::new(1, "x");
        assert!((0..1000).all(|_| !dice.hits(0)));
        assert!((0..1000).all(|_| dice.hits(1_000_000)));
        assert_eq!(dice.pick::<u8>(&[]), None);
    }
}
