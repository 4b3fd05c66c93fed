//! How writes to a kind are treated: as data, so that the registry has one path for all.

use gantry_api::Object;

use crate::cost::Counted;

/// How writes to a kind are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether a PUT without a resourceVersion overwrites whatever is there.
    pub unconditional_update: bool,
    /// Whether a PUT to a name that is not taken creates the object.
    pub create_on_update: bool,
    /// What `metadata.generation` counts.
    pub generation: Generation,
    /// What becomes of `status` on a write to the main resource.
    pub status: StatusRule,
    /// What becomes of its dependents when a deletion does not say.
    pub dependents: Dependents,
    /// Whether quotas count the objects.
    pub counted: Counted,
}

impl Rules {
    /// What holds for most kinds: unconditional updates, no create on update, no generation.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            unconditional_update: true,
            create_on_update: false,
            generation: Generation::Untracked,
            status: StatusRule::Absent,
            dependents: Dependents::Go,
            counted: Counted::InGeneral,
        }
    }

    /// A kind whose status is written through its own subresource.
    #[must_use]
    pub const fn with_status(self) -> Self {
        Self {
            status: StatusRule::Separate,
            ..self
        }
    }

    /// A kind whose generation counts changes at `paths`.
    #[must_use]
    pub const fn counting(self, paths: &'static [&'static [&'static str]]) -> Self {
        Self {
            generation: Generation::Counts(paths),
            ..self
        }
    }

    /// A kind whose dependents stay unless a deletion says otherwise; `remark` is what whoever
    /// deletes is told.
    #[must_use]
    pub const fn leaving_dependents(self, remark: &'static str) -> Self {
        Self {
            dependents: Dependents::Stay { remark },
            ..self
        }
    }

    /// A kind that a PUT may create.
    #[must_use]
    pub const fn created_by_update(self) -> Self {
        Self {
            create_on_update: true,
            ..self
        }
    }

    /// A kind that quotas count as said.
    #[must_use]
    pub const fn counted(self, counted: Counted) -> Self {
        Self { counted, ..self }
    }

    /// A kind whose PUT must name the revision it read.
    #[must_use]
    pub const fn conditional(self) -> Self {
        Self {
            unconditional_update: false,
            ..self
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::new()
    }
}

/// What `metadata.generation` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// The kind has none.
    Untracked,
    /// It is always one.
    Fixed,
    /// Changes at these paths.
    Counts(&'static [&'static [&'static str]]),
    /// Changes of anything but metadata and status.
    CountsAllButStatus,
    /// Changes of anything but metadata.
    CountsAll,
}

impl Generation {
    /// The generation of `object`, which is new or replaces `old`. `None` when the kind has none.
    #[must_use]
    pub fn of(self, object: &Object, old: Option<&Object>) -> Option<i64> {
        if self == Self::Untracked {
            return None;
        }
        let Some(old) = old else { return Some(1) };
        let step = i64::from(self.counts_change(object, old));
        Some(old.generation() + step)
    }

    fn counts_change(self, object: &Object, old: &Object) -> bool {
        match self {
            Self::Untracked | Self::Fixed => false,
            Self::Counts(paths) => paths.iter().any(|path| object.at(path) != old.at(path)),
            Self::CountsAllButStatus => payload(object).ne(payload(old)),
            Self::CountsAll => {
                let status = [object, old].map(|object| object.0.get("status"));
                status[0] != status[1] || payload(object).ne(payload(old))
            }
        }
    }
}

fn payload(object: &Object) -> impl Iterator<Item = (&String, &serde_json::Value)> {
    let outside = ["apiVersion", "kind", "metadata", "status"];
    let inside = move |(name, _): &(&String, _)| !outside.contains(&name.as_str());
    object.0.iter().filter(inside)
}

/// What becomes of an object's dependents when its deletion does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependents {
    /// They go after it.
    Go,
    /// They stay, as they did in the first years of some kinds.
    Stay {
        /// What whoever deletes is told; empty when it is nothing.
        remark: &'static str,
    },
}

/// What becomes of `status` on a write to the main resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusRule {
    /// The kind has no status of its own.
    Absent,
    /// It is dropped on a create and kept from the old object on an update.
    Separate,
    /// It is taken on a create and kept from the old object on an update.
    TakenOnCreate,
}
