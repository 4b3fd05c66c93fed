//! The seam between what is in memory and what lies on a medium.
//!
//! Every engine hands each record over before it leaves memory, and again when it comes back. In
//! memory nothing is sealed: reads, lists and watches know nothing of this.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::key::Key;

/// How every sealed record begins. A record that is not sealed begins with a zero: the length of
/// its summary, which is far below what the first byte would say.
pub const SEALED: [u8; 4] = [0xff, b'g', b's', 1];

/// Decides what lies on a medium, and reads it back.
///
/// What was sealed for one key does not open at another.
pub trait Seal: fmt::Debug + Send + Sync {
    /// What is kept of `record` at `key`.
    fn seal(&self, key: &Key, record: Vec<u8>) -> Result<Vec<u8>, SealError>;

    /// The record that is kept at `key`.
    fn open<'a>(&self, key: &Key, kept: &'a [u8]) -> Result<Opened<'a>, SealError>;
}

/// What came back from a medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened<'a> {
    /// The record.
    pub record: Cow<'a, [u8]>,
    /// Whether it lies there as it would be kept today.
    pub is_current: bool,
}

/// Why a record was not sealed or not opened.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{action} {key}")]
pub struct SealError {
    /// What was attempted.
    pub action: &'static str,
    /// The record of which key.
    pub key: Key,
    /// Why it did not succeed, and what to do.
    #[source]
    pub source: Arc<dyn Error + Send + Sync>,
}

/// Seals nothing, and opens nothing that is sealed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

/// There is a seal, and nothing to open it with.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("it is sealed, and no key was given")]
struct NoKey;

impl Seal for Plain {
    fn seal(&self, _: &Key, record: Vec<u8>) -> Result<Vec<u8>, SealError> {
        Ok(record)
    }

    fn open<'a>(&self, key: &Key, kept: &'a [u8]) -> Result<Opened<'a>, SealError> {
        if kept.starts_with(&SEALED) {
            return Err(SealError {
                action: "open",
                key: key.clone(),
                source: Arc::new(NoKey),
            });
        }
        Ok(Opened {
            record: Cow::Borrowed(kept),
            is_current: true,
        })
    }
}
