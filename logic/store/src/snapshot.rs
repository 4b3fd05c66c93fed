//! An unchanging picture of everything at one revision, and the way back to earlier ones.

use std::sync::Arc;

use gantry_api::key::Revision;
use gantry_base::selector::Selector;

use crate::change::{Change, Stored};
use crate::history::History;
use crate::key::Key;
use crate::objects::Objects;

/// Everything at one revision. A clone costs one counter; nothing ever changes in it.
#[derive(Clone, Debug)]
pub struct Snapshot(pub(crate) Arc<Picture>);

/// How things stand, and the past that leads there.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub(crate) revision: Revision,
    pub(crate) objects: Objects,
    pub(crate) history: History,
}

/// A revision whose picture cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PastError {
    /// It has been forgotten.
    #[error("read revision {revision}: the history begins at {oldest}")]
    Compacted {
        /// The revision asked for.
        revision: Revision,
        /// The oldest revision that can still be asked for.
        oldest: Revision,
    },
    /// It does not exist yet.
    #[error("read revision {revision}: the newest is {newest}")]
    Future {
        /// The revision asked for.
        revision: Revision,
        /// The newest revision of this picture.
        newest: Revision,
    },
}

impl Snapshot {
    /// The revision that this picture shows.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.0.revision
    }

    /// The oldest revision that [`at`](Self::at) and a watch can still reach.
    #[must_use]
    pub fn oldest(&self) -> Revision {
        self.0.history.oldest()
    }

    /// What stands at `key`.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Stored> {
        self.0.objects.get(key)
    }

    /// What stands at the keys that begin with `prefix`, in order, from behind `start_after` on.
    pub fn range<'a>(
        &'a self,
        prefix: &'a str,
        start_after: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a Key, &'a Stored)> {
        self.0.objects.range(prefix, start_after)
    }

    /// The same, but only what `selector` selects. Where it asks for the exact value of a label,
    /// only those that bear it are looked at.
    pub fn selected<'a>(
        &'a self,
        prefix: &'a str,
        start_after: Option<&'a str>,
        selector: &'a Selector,
    ) -> impl Iterator<Item = (&'a Key, &'a Stored)> {
        self.0.objects.selected(prefix, start_after, selector)
    }

    /// How many keys begin with `prefix`. Walks over them.
    #[must_use]
    pub fn count(&self, prefix: &str) -> usize {
        if prefix.is_empty() {
            return self.0.objects.len();
        }
        self.range(prefix, None).count()
    }

    /// The picture at an older revision, while it is kept.
    pub fn at(&self, revision: Revision) -> Result<Self, PastError> {
        self.check_reach(revision)?;
        let Picture {
            revision: newest,
            objects,
            history,
        } = &*self.0;
        Ok(Self(Arc::new(Picture {
            revision,
            objects: history.picture(revision, *newest, objects),
            history: history.clone(),
        })))
    }

    /// Every change after `since` up to this picture, in order.
    pub fn changes(
        &self,
        since: Revision,
    ) -> Result<impl Iterator<Item = &Arc<Change>>, PastError> {
        self.check_reach(since)?;
        Ok(self.0.history.after(since, self.0.revision))
    }

    fn check_reach(&self, revision: Revision) -> Result<(), PastError> {
        let (oldest, newest) = (self.oldest(), self.revision());
        if revision < oldest {
            return Err(PastError::Compacted { revision, oldest });
        }
        if newest < revision {
            return Err(PastError::Future { revision, newest });
        }
        Ok(())
    }
}
