//! Events as watching clients see them.

use serde::{Deserialize, Serialize};

/// What happened to an object, from the point of view of one watcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EventType {
    /// It came into view.
    Added,
    /// It changed and is still in view.
    Modified,
    /// It went out of view.
    Deleted,
    /// Nothing happened up to this revision.
    Bookmark,
    /// The watch is over.
    Error,
}

impl EventType {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
            Self::Bookmark => "BOOKMARK",
            Self::Error => "ERROR",
        }
    }
}
