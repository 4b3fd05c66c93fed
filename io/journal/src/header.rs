//! How every file begins: what it is, its format, and the revision it starts from.
//!
//! These first bytes keep their layout in every later format, so that an older program can say
//! why it does not read a file.

use gantry_store::Revision;

use crate::error::JournalError;
use crate::frame::checksum;

/// The format that this program writes, and the newest that it reads.
///
/// Format 1 did not link its batches, format 2 sealed no records; both are still read.
pub(crate) const FORMAT: u32 = 3;

/// The number of bytes of a header.
pub(crate) const HEADER: usize = 24;

/// The files that belong to a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// What happened after the revision.
    Log,
    /// Everything at the revision.
    Picture,
}

impl FileKind {
    const fn stem(self) -> &'static str {
        match self {
            Self::Log => "log-",
            Self::Picture => "picture-",
        }
    }

    const fn magic(self) -> &'static [u8; 8] {
        match self {
            Self::Log => b"gantryLG",
            Self::Picture => b"gantryPC",
        }
    }

    /// The file for `revision`; names sort as revisions do.
    pub(crate) fn name(self, revision: Revision) -> String {
        format!("{}{:020}", self.stem(), revision.0)
    }

    /// The revision of the file called `name`, if it is of this kind.
    pub(crate) fn revision(self, name: &str) -> Option<Revision> {
        let digits = name.strip_prefix(self.stem())?;
        let revision = Revision(digits.parse().ok()?);
        (self.name(revision) == name).then_some(revision)
    }

    /// The header of the file for `revision`.
    pub(crate) fn header(self, revision: Revision) -> Vec<u8> {
        self.header_of_format(revision, FORMAT)
    }

    pub(crate) fn header_of_format(self, revision: Revision, format: u32) -> Vec<u8> {
        let mut header = Vec::with_capacity(HEADER);
        header.extend_from_slice(self.magic());
        header.extend_from_slice(&format.to_be_bytes());
        header.extend_from_slice(&revision.0.to_be_bytes());
        header.extend_from_slice(&checksum(&header, &[]).to_be_bytes());
        header
    }

    /// Checks that `bytes`, the file for `revision`, begins as it should.
    pub(crate) fn check(self, revision: Revision, bytes: &[u8]) -> Result<(), JournalError> {
        let file = self.name(revision);
        let format = self.format(bytes).ok_or_else(|| JournalError::Damaged {
            file: file.clone(),
            offset: 0,
            found: "no header",
        })?;
        if format > FORMAT {
            let (found, known) = (format, FORMAT);
            return Err(JournalError::Newer { file, found, known });
        }
        if bytes.starts_with(&self.header_of_format(revision, format)) {
            return Ok(());
        }
        let (offset, found) = (0, "a header that is not its own");
        Err(JournalError::Damaged {
            file,
            offset,
            found,
        })
    }

    fn format(self, bytes: &[u8]) -> Option<u32> {
        let (said, rest) = bytes.split_at_checked(HEADER - 4)?;
        let sum = rest.first_chunk::<4>()?;
        let is_ours = said.starts_with(self.magic());
        let is_whole = checksum(said, &[]) == u32::from_be_bytes(*sum);
        let format = said[8..].first_chunk::<4>()?;
        (is_ours && is_whole).then_some(u32::from_be_bytes(*format))
    }
}
