//! Where a value stands, and the ranges that lists and watches ask for.
//!
//! The store gives keys no meaning beyond their order and the part before the first slash.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use gantry_api::ObjectKey;

/// A path such as `pods/default/web` or `nodes//n1`; cheap to clone.
///
/// Small records that are no objects live under names beginning with `~`, which no resource has.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

impl Key {
    /// The key at `path`.
    #[must_use]
    pub fn new(path: impl Into<Arc<str>>) -> Self {
        Self(path.into())
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The object whose key this is, unless it is some other record.
    #[must_use]
    pub fn object(&self) -> Option<ObjectKey> {
        ObjectKey::from_path(&self.0).filter(|_| !self.0.starts_with('~'))
    }
}

impl From<&ObjectKey> for Key {
    fn from(key: &ObjectKey) -> Self {
        Self::new(key.path())
    }
}

impl From<&str> for Key {
    fn from(path: &str) -> Self {
        Self::new(path)
    }
}

impl From<String> for Key {
    fn from(path: String) -> Self {
        Self::new(path)
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// The keys that somebody watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRange {
    /// All keys that begin so; end it with a slash, or `pods` also means `podtemplates`.
    Prefix(Arc<str>),
    /// One key.
    One(Key),
}

impl KeyRange {
    /// All keys that begin with `prefix`; the empty prefix means every key.
    #[must_use]
    pub fn prefix(prefix: impl Into<Arc<str>>) -> Self {
        Self::Prefix(prefix.into())
    }

    /// Whether `key` lies within.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        match self {
            Self::Prefix(prefix) => key.0.starts_with(&**prefix),
            Self::One(one) => one == key,
        }
    }

    /// The part before the first slash that all keys within share, if they share one.
    #[must_use]
    pub fn family(&self) -> Option<&str> {
        let path = match self {
            Self::Prefix(prefix) => prefix,
            Self::One(key) => &key.0,
        };
        path.split_once('/').map(|(family, _)| family)
    }
}
