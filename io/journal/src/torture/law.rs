//! What must hold whenever the journal opens.
//!
//! On an honest disk it opens, and holds what was acknowledged, or that and the one batch that was
//! refused last, whole. On a disk that lied or rotted it may refuse instead and name the loss; if it
//! opens with less than was acknowledged, then with exactly a state that once was, and only if
//! nothing on the whole disk bears witness of a later one.
//!
//! The witnesses are read here by hand, so that judge and journal do not share a mistake.

use std::collections::BTreeMap;
use std::fmt;

use gantry_store::Revision;

use super::model::Model;

/// A law was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The seed of the life that shows it.
    pub seed: u64,
    /// What happened instead.
    pub law: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, law } = self;
        writeln!(f, "{law}")?;
        write!(
            f,
            "replay: cargo run --release -p gantry-journal --example torture -- --life {seed}"
        )
    }
}

impl std::error::Error for Violation {}

/// Everything on a disk.
pub(crate) type Image = BTreeMap<String, Vec<u8>>;

/// How things stand, and how else they may stand.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    acknowledged: Model,
    /// What was refused since: one of these may be found.
    refused: Vec<Model>,
    /// Everything there ever was, also what was refused and cut off: a disk that lied about the
    /// cut may bring it back.
    past: Vec<Model>,
}

/// What was found, if it was lawful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    Acknowledged,
    /// A refused batch was there, whole.
    Landed,
    /// Something is gone, and nothing on the disk could have told.
    Traceless,
}

impl Truth {
    pub(crate) const fn acknowledged(&self) -> &Model {
        &self.acknowledged
    }

    /// Something was committed. Only a write replaces what may still stand on the disk.
    pub(crate) fn acknowledge(&mut self, model: Model) {
        if self.acknowledged.revision < model.revision {
            self.refused.clear();
            self.past
                .push(std::mem::replace(&mut self.acknowledged, model));
        }
    }

    /// A commit failed.
    pub(crate) fn refuse(&mut self, model: Model) {
        self.past.push(model.clone());
        self.refused.push(model);
    }

    /// Judges what the journal found on an honest disk, or on one that held `image` and did not
    /// deserve trust.
    pub(crate) fn judge(&mut self, found: Model, image: Option<&Image>) -> Result<Finding, String> {
        let finding = if found == self.acknowledged {
            Finding::Acknowledged
        } else if self.refused.contains(&found) {
            Finding::Landed
        } else {
            self.excuse(&found, image)?;
            Finding::Traceless
        };
        self.refused.clear();
        self.acknowledged = found;
        Ok(finding)
    }

    fn excuse(&self, found: &Model, image: Option<&Image>) -> Result<(), String> {
        let (is, should) = (found.revision, self.acknowledged.revision);
        let Some(image) = image else {
            return Err(format!(
                "an honest disk served something else at revision {is} than what was \
                 acknowledged at {should}"
            ));
        };
        if !self.past.contains(found) {
            return Err(format!(
                "what is served at revision {is} never was; {should} was acknowledged"
            ));
        }
        match witness(image, is) {
            Some(witness) => Err(format!(
                "revision {is} is served in silence, but {should} was acknowledged and {witness}"
            )),
            None => Ok(()),
        }
    }
}

/// Something on the disk which says that more than `revision` was acknowledged.
fn witness(image: &Image, revision: Revision) -> Option<String> {
    image.iter().find_map(|(name, bytes)| {
        let number = name.rsplit('-').next().and_then(|end| end.parse().ok());
        if number.is_some_and(|number: u64| revision.0 < number) {
            return Some(format!("{name} is there"));
        }
        let said = if name == "promise" {
            promised(bytes)
        } else {
            begun(bytes)
        };
        let said = said.filter(|said| revision.0 < *said)?;
        Some(format!("{name} says that {said} was"))
    })
}

/// What a whole note says.
fn promised(bytes: &[u8]) -> Option<u64> {
    let (said, sum) = bytes.split_last_chunk::<4>()?;
    let is_whole = crc32fast::hash(said) == u32::from_be_bytes(*sum);
    let revision = said.first_chunk::<8>().filter(|_| is_whole)?;
    Some(u64::from_be_bytes(*revision))
}

/// What was acknowledged before the latest batch whose beginning is left.
///
/// The first batch that is not whole proves nothing: it may be unfinished, or its number rotten.
fn begun(bytes: &[u8]) -> Option<u64> {
    let mut rest = bytes.get(24..)?;
    let mut begun = None;
    while let Some(length) = whole(rest) {
        begun = begun.max(first(rest));
        rest = &rest[length..];
    }
    let behind = rest.get(1..).unwrap_or_default();
    begun.max(behind.windows(21).filter_map(first).max())
}

/// The length of the whole frame that a place begins with.
fn whole(place: &[u8]) -> Option<usize> {
    let number = |at: usize| Some(u32::from_be_bytes(*place.get(at..)?.first_chunk::<4>()?));
    let end = usize::try_from(number(4)?).ok()?.checked_add(12)?;
    let mut sum = crc32fast::Hasher::new();
    sum.update(place.get(4..8)?);
    sum.update(place.get(12..end)?);
    (sum.finalize() == number(8)?).then_some(end)
}

/// The revision before the batch whose frame a place begins with.
fn first(place: &[u8]) -> Option<u64> {
    let is_batch = place.starts_with(b"\xFFG\xFEF") && place.get(12) == Some(&5);
    let first = place.get(13..)?.first_chunk::<8>().filter(|_| is_batch)?;
    Some(u64::from_be_bytes(*first) - 1)
}
