//! What can go wrong at one point of a controller's life.

use std::fmt;

use gantry_api::GroupResource;

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Blow {
    /// It dies instead of deciding, and begins anew with an empty memory.
    CrashBefore,
    /// It dies after so many writes of its plan.
    CrashAfter(usize),
    /// This write is carried out, but its answer is lost.
    AnswerLost(usize),
    /// This write is not carried out: the server is away.
    Away(usize),
    /// Somebody else writes to the object right before this write.
    Rival(usize),
    /// It decides without the last so many events of a resource.
    Stale(GroupResource, usize),
    /// An event of a resource makes nothing due.
    Skip(GroupResource),
}

impl fmt::Display for Blow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CrashBefore => f.write_str("crash before deciding"),
            Self::CrashAfter(count) => write!(f, "crash after write {count}"),
            Self::AnswerLost(count) => write!(f, "answer to write {count} lost"),
            Self::Away(count) => write!(f, "server away for write {count}"),
            Self::Rival(count) => write!(f, "somebody else writes before write {count}"),
            Self::Stale(resource, count) => write!(f, "view {count} late for {resource}"),
            Self::Skip(resource) => write!(f, "event of {resource} skipped"),
        }
    }
}

/// One thing that goes wrong at one point.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Strike {
    /// Which point, counted from the start of the story.
    pub(super) at: usize,
    /// What the controller looks at there.
    pub(super) about: String,
    pub(super) blow: Blow,
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} ({}): {}", self.at, self.about, self.blow)
    }
}
