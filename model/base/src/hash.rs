//! A small hash whose values may be stored and shown: it is the same on every machine and release.
//!
//! Not for anything that an attacker may choose the input of.

/// The letters of generated names: no vowels, so no words; no look-alikes.
pub(crate) const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// FNV-1a over 64 bits, fed piece by piece.
#[derive(Clone, Copy, Debug)]
pub struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    /// Adds a piece; pieces are told apart from their concatenation.
    #[must_use]
    pub fn with(mut self, piece: &[u8]) -> Self {
        for byte in piece.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self
    }

    /// The hash of everything added.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    /// The hash as `length` letters that are legal in names.
    #[must_use]
    pub fn letters(self, length: usize) -> String {
        let mut rest = self.0 ^ (self.0 >> 29);
        let base = u64::try_from(LETTERS.len()).expect("a small constant");
        let mut letter = || {
            let at = usize::try_from(rest % base).expect("smaller than the constant");
            rest /= base;
            char::from(LETTERS[at])
        };
        (0..length).map(|_| letter()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_never_changes_and_tells_pieces_apart() {
        assert_eq!(
            Fnv::default().with(b"web").letters(10),
            Fnv::default().with(b"web").letters(10)
        );
        assert_ne!(
            Fnv::default().with(b"ab").with(b"c").value(),
            Fnv::default().with(b"a").with(b"bc").value()
        );
    }
}
