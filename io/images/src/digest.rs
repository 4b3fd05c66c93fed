//! Content digests: the names of everything in the store.
//!
//! Only SHA-256 is spoken; any other algorithm is refused by name. A [`Digest`] that exists is
//! well formed, so it is safe as a file name.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

/// A SHA-256 digest, printed as `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest {
    hex: String,
}

/// What is wrong with the text of a digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// The text has no algorithm, or not the hexadecimal digits that the algorithm needs.
    #[error("read {text:?} as a digest: it must be sha256: and 64 lower-case hexadecimal digits")]
    Malformed {
        /// The text.
        text: String,
    },
    /// The digest is of an algorithm that is not supported.
    #[error("read digest {text:?}: only sha256 is supported")]
    Algorithm {
        /// The text.
        text: String,
    },
}

const HEX_LENGTH: usize = 64;

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::default();
        hasher.update(bytes);
        hasher.finish()
    }

    /// The hexadecimal digits alone, as file names use them.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.hex
    }

    /// The digest whose hexadecimal digits these are, if they are well formed.
    pub(crate) fn from_hex(hex: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (hex.len() == HEX_LENGTH && hex.bytes().all(plain)).then(|| Self {
            hex: hex.to_owned(),
        })
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let malformed = || DigestError::Malformed {
            text: text.to_owned(),
        };
        let (algorithm, hex) = text.split_once(':').ok_or_else(malformed)?;
        match algorithm {
            "sha256" => Self::from_hex(hex).ok_or_else(malformed),
            "sha384" | "sha512" | "blake3" => Err(DigestError::Algorithm {
                text: text.to_owned(),
            }),
            _ => Err(malformed()),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex)
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// Computes a digest piece by piece.
pub(crate) struct Hasher {
    context: Context,
}

impl Default for Hasher {
    fn default() -> Self {
        Self {
            context: Context::new(&SHA256),
        }
    }
}

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    pub(crate) fn finish(self) -> Digest {
        let digits = b"0123456789abcdef";
        let mut hex = String::with_capacity(HEX_LENGTH);
        for byte in self.context.finish().as_ref() {
            hex.push(char::from(digits[usize::from(byte >> 4)]));
            hex.push(char::from(digits[usize::from(byte & 15)]));
        }
        Digest { hex }
    }
}

/// A writer that computes the digest and the length of what passes through.
pub(crate) struct HashingWriter<W> {
    inner: W,
    hasher: Hasher,
    written: u64,
}

impl<W> HashingWriter<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: Hasher::default(),
            written: 0,
        }
    }

    pub(crate) fn finish(self) -> (W, Digest, u64) {
        (self.inner, self.hasher.finish(), self.written)
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn the_digest_of_nothing_is_the_published_one() {
        assert_eq!(Digest::of(b"").to_string(), EMPTY);
    }

    #[test]
    fn only_well_formed_sha256_is_accepted() {
        assert_eq!(EMPTY.parse::<Digest>().unwrap(), Digest::of(b""));
        for wrong in [
            "",
            "sha256",
            "sha256:",
            "sha256:../../x",
            "md5:00",
            &EMPTY.to_uppercase(),
        ] {
            assert!(matches!(
                wrong.parse::<Digest>(),
                Err(DigestError::Malformed { .. })
            ));
        }
        assert!(matches!(
            "sha512:ab".parse::<Digest>(),
            Err(DigestError::Algorithm { .. })
        ));
    }
}
