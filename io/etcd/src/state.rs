//! What is noted in etcd about itself: the format, and whether anybody may work on it.

use std::fmt;

/// The format that this program writes, and the newest that it reads. Format 1 sealed no records.
pub(crate) const FORMAT: u32 = 2;

/// Whether the records are whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// They are; revisions are etcd's plus `base`.
    Ready { base: u64 },
    /// They are being written by a move or a restore, or that stopped half-way.
    Loading { base: u64 },
    /// They were moved elsewhere, and nobody may change them any more.
    Moved { base: u64 },
}

/// A note that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StateError {
    /// A later version of this program wrote it.
    Newer(u32),
    /// It makes no sense.
    Damaged,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready { base } => write!(f, "{FORMAT} ready {base}"),
            Self::Loading { base } => write!(f, "{FORMAT} loading {base}"),
            Self::Moved { base } => write!(f, "{FORMAT} moved {base}"),
        }
    }
}

impl State {
    /// Reads what was noted.
    pub(crate) fn read(note: &[u8]) -> Result<Self, StateError> {
        let text = std::str::from_utf8(note).map_err(|_| StateError::Damaged)?;
        let (format, rest) = text.split_once(' ').ok_or(StateError::Damaged)?;
        let format: u32 = format.parse().map_err(|_| StateError::Damaged)?;
        if format > FORMAT {
            return Err(StateError::Newer(format));
        }
        let base = |text: &str| text.parse().map_err(|_| StateError::Damaged);
        match rest.split_once(' ') {
            Some(("ready", text)) => Ok(Self::Ready { base: base(text)? }),
            Some(("loading", text)) => Ok(Self::Loading { base: base(text)? }),
            Some(("moved", text)) => Ok(Self::Moved { base: base(text)? }),
            _ => Err(StateError::Damaged),
        }
    }

    /// Whether a note that was read is of an older format than would be written.
    pub(crate) fn is_older(note: &[u8]) -> bool {
        !note.starts_with(format!("{FORMAT} ").as_bytes())
    }

    /// What is added to etcd's revisions.
    pub(crate) const fn base(&self) -> u64 {
        match self {
            Self::Ready { base } | Self::Loading { base } | Self::Moved { base } => *base,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read_back_and_what_is_later_is_refused() {
        let base = 7;
        for state in [
            State::Ready { base },
            State::Loading { base },
            State::Moved { base },
        ] {
            assert_eq!(State::read(state.to_string().as_bytes()), Ok(state));
        }
        assert_eq!(State::read(b"3 ready 0 x"), Err(StateError::Newer(3)));
        for note in ["", "1", "1 ready", "1 ready x", "ready 1", "1 else 0"] {
            assert_eq!(
                State::read(note.as_bytes()),
                Err(StateError::Damaged),
                "{note}"
            );
        }
    }
}
