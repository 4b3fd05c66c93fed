//! The only door to chance: uids, name suffixes, jitter, tie-breaks.
//!
//! Real randomness lives above; here are only the trait and what is made from its numbers.

use crate::hash::LETTERS;

/// A source of numbers nobody can foresee, or, in a simulation, of numbers that a seed decides.
pub trait Entropy: Send {
    /// The next number, uniform over all of `u64`.
    fn next_u64(&mut self) -> u64;
}

/// A random (version 4) UUID in its usual form.
pub fn uid(chance: &mut dyn Entropy) -> String {
    let high = (chance.next_u64() & !0xf000) | 0x4000;
    let low = (chance.next_u64() & !(0b11 << 62)) | (0b10 << 62);
    let digits = u128::from(high) << 64 | u128::from(low);
    let mut text = String::with_capacity(36);
    for place in (0..32).rev() {
        if matches!(place, 23 | 19 | 15 | 11) {
            text.push('-');
        }
        text.push(HEX[usize::try_from(digits >> (4 * place) & 0xf).unwrap_or_default()]);
    }
    text
}

const HEX: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
];

/// A suffix of `length` letters, as generated names end in.
pub fn suffix(chance: &mut dyn Entropy, length: usize) -> String {
    (0..length)
        .map(|_| char::from(LETTERS[below(chance, LETTERS.len())]))
        .collect()
}

/// A number in `0..limit`; `limit` must not be zero.
pub fn below(chance: &mut dyn Entropy, limit: usize) -> usize {
    assert!(limit > 0, "a choice needs something to choose from");
    let limit = u64::try_from(limit).expect("usize is at most 64 bits wide");
    usize::try_from(chance.next_u64() % limit).expect("smaller than a usize")
}

/// A deterministic source for tests and simulations (SplitMix64).
#[derive(Clone, Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// The sequence that `seed` decides.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }
}

impl Entropy for Seeded {
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_a_version_four_uuid() {
        let uid = uid(&mut Seeded::new(1));
        assert_eq!(uid.len(), 36);
        assert_eq!(uid.as_bytes()[14], b'4');
        assert!(matches!(uid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }
}
