//! What the lives came to.

use std::fmt;

use crate::error::JournalError;

/// How often the journal refused what a lying or rotting disk gave it, by what it said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Detected {
    /// A file was not as it was written.
    pub damaged: u64,
    /// The end of the log was not there.
    pub lost: u64,
    /// A log began after the one before it ended.
    pub gap: u64,
    /// The log of a picture was not there.
    pub missing: u64,
}

impl Detected {
    /// Counts a refusal; false when it names no loss.
    pub(crate) const fn count(&mut self, error: &JournalError) -> bool {
        match error {
            JournalError::Damaged { .. } => self.damaged += 1,
            JournalError::Lost { .. } => self.lost += 1,
            JournalError::Gap { .. } => self.gap += 1,
            JournalError::Missing { .. } => self.missing += 1,
            JournalError::Medium { .. }
            | JournalError::Full
            | JournalError::InUse { .. }
            | JournalError::Newer { .. }
            | JournalError::Sealed { .. }
            | JournalError::Closed => return false,
        }
        true
    }
}

/// What the lives came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Disks.
    pub lives: u64,
    /// Power cuts.
    pub cuts: u64,
    /// Times that the process ended while the disk kept its power.
    pub kills: u64,
    /// Times that the journal was opened.
    pub opened: u64,
    /// Openings that the power, a full disk or a failing sync or read broke off.
    pub broken_off: u64,
    /// Batches that were acknowledged.
    pub acknowledged: u64,
    /// Batches that were refused.
    pub refused: u64,
    /// Refused batches that were found whole after a power cut.
    pub landed: u64,
    /// Pictures that were taken.
    pub pictures: u64,
    /// Syncs that lied and bits that turned.
    pub lies: u64,
    /// Refusals of what a lying or rotting disk held.
    pub detected: Detected,
    /// Times that a lying or rotting disk held an older state and no trace of a later one.
    pub traceless: u64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "disks            {}", self.lives)?;
        writeln!(f, "power cuts       {}", self.cuts)?;
        writeln!(f, "process ends     {}", self.kills)?;
        writeln!(
            f,
            "openings         {}, and {} broken off",
            self.opened, self.broken_off
        )?;
        writeln!(
            f,
            "batches          {} acknowledged, {} refused of which {} landed",
            self.acknowledged, self.refused, self.landed
        )?;
        writeln!(f, "pictures         {}", self.pictures)?;
        writeln!(f, "lies of the disk {}", self.lies)?;
        let Detected {
            damaged,
            lost,
            gap,
            missing,
        } = self.detected;
        writeln!(
            f,
            "losses named     {damaged} damaged, {lost} lost end, {gap} gap, {missing} missing log"
        )?;
        write!(f, "without a trace  {}", self.traceless)
    }
}
