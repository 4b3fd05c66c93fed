//! The one cipher: AES-256-GCM, under a key that is derived for each value.
//!
//! The derived key follows from the configured one and 256 bits of chance and is used once, so the
//! nonce may be constant, and no number of values wears a key out.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};

use crate::error::SealingError;

/// Bytes of chance beside each value.
pub(crate) const SALT: usize = 32;
/// Bytes of a key that we make.
pub(crate) const SEED: usize = 32;
/// Bytes that tell keys apart without telling them.
pub(crate) const FINGERPRINT: usize = 8;

/// A secret that keys of values are derived from.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Seed(Vec<u8>);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seed({})", shown(self.fingerprint()))
    }
}

impl Seed {
    pub(crate) const fn new(secret: Vec<u8>) -> Self {
        Self(secret)
    }

    /// A fresh one.
    pub(crate) fn draw() -> Result<Self, SealingError> {
        random::<SEED>().map(|drawn| Self(drawn.to_vec()))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What tells this one from others.
    pub(crate) fn fingerprint(&self) -> [u8; FINGERPRINT] {
        let hash = digest(&SHA256, &[b"gantry fingerprint 1", &self.0[..]].concat());
        let first = hash.as_ref().first_chunk();
        *first.expect("a hash is longer than that")
    }

    /// Appends what `plain` becomes at a place, with `bound`, which is not secret, bound to it.
    pub(crate) fn seal(
        &self,
        bound: &[u8],
        place: &str,
        mut plain: Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), SealingError> {
        let salt = random::<SALT>()?;
        let key = self.derive(&salt)?;
        let aad = Aad::from(told_apart(bound, place));
        key.seal_in_place_append_tag(nonce(), aad, &mut plain)
            .map_err(|_| SealingError::Chance)?;
        out.extend_from_slice(&salt);
        out.extend_from_slice(&plain);
        Ok(())
    }

    /// What was sealed; nothing when it is not as it was, or was not sealed so.
    pub(crate) fn open(&self, bound: &[u8], place: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (salt, sealed) = sealed.split_at_checked(SALT)?;
        let key = self.derive(salt).ok()?;
        let aad = Aad::from(told_apart(bound, place));
        let mut sealed = sealed.to_vec();
        let length = key.open_in_place(nonce(), aad, &mut sealed).ok()?.len();
        sealed.truncate(length);
        Some(sealed)
    }

    fn derive(&self, salt: &[u8]) -> Result<LessSafeKey, SealingError> {
        let secret = Salt::new(HKDF_SHA256, salt).extract(&self.0);
        let derived = secret.expand(&[b"gantry value 1"], &AES_256_GCM);
        let derived = derived.map_err(|_| SealingError::Chance)?;
        Ok(LessSafeKey::new(UnboundKey::from(derived)))
    }
}

/// How a fingerprint is shown to people.
pub(crate) fn shown(fingerprint: [u8; FINGERPRINT]) -> String {
    let pairs = fingerprint.iter().map(|byte| format!("{byte:02x}"));
    pairs.collect()
}

pub(crate) fn random<const N: usize>() -> Result<[u8; N], SealingError> {
    let mut drawn = [0; N];
    let filled = SystemRandom::new().fill(&mut drawn);
    filled.map_err(|_| SealingError::Chance)?;
    Ok(drawn)
}

/// No bytes of one part can be taken for those of the other.
fn told_apart(bound: &[u8], place: &str) -> Vec<u8> {
    let length = u64::try_from(bound.len()).expect("a length fits in 64 bits");
    [&length.to_be_bytes(), bound, place.as_bytes()].concat()
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_where_it_was_sealed_and_nowhere_else() {
        let (seed, other) = (Seed::draw().unwrap(), Seed::draw().unwrap());
        let mut sealed = Vec::new();
        seed.seal(b"head", "secrets/a/x", b"plain".to_vec(), &mut sealed)
            .unwrap();
        assert!(!sealed.windows(5).any(|window| window == b"plain"));
        let opened = |seed: &Seed, head: &[u8], place| seed.open(head, place, &sealed);
        assert_eq!(opened(&seed, b"head", "secrets/a/x").unwrap(), b"plain");
        assert_eq!(opened(&seed, b"head", "secrets/a/y"), None, "moved");
        assert_eq!(opened(&seed, b"tail", "secrets/a/x"), None, "other header");
        assert_eq!(opened(&seed, b"headsec", "rets/a/x"), None, "shifted");
        assert_eq!(opened(&other, b"head", "secrets/a/x"), None, "other key");
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(seed.open(b"head", "secrets/a/x", &changed), None);
            assert_eq!(seed.open(b"head", "secrets/a/x", &sealed[..place]), None);
        }
    }

    #[test]
    fn the_same_value_looks_different_each_time() {
        let seed = Seed::draw().unwrap();
        let sealed = || {
            let mut out = Vec::new();
            seed.seal(b"", "a", b"x".to_vec(), &mut out).unwrap();
            out
        };
        assert_ne!(sealed(), sealed());
    }
}
