//! One file of the disk in memory: what readers see, and what would survive a power cut.
//!
//! Nothing is durable before a sync. Until then any sector may have been written back at any
//! moment, in any order, and one may be torn within; the length likewise.

use std::collections::BTreeMap;

use crate::torture::Dice;

/// What a disk writes at once.
pub(crate) const SECTOR: usize = 512;

/// How many moments of one sector are remembered; the oldest are forgotten.
const VERSIONS_MAX: usize = 8;

#[derive(Clone, Debug, Default)]
pub(crate) struct Inode {
    /// What readers see.
    cache: Vec<u8>,
    /// What was synced.
    durable: Vec<u8>,
    /// What each changed sector held since, oldest first.
    dirty: BTreeMap<usize, Vec<Vec<u8>>>,
    /// What the length was since.
    lengths: Vec<usize>,
}

impl Inode {
    /// A file that is durable as it is.
    pub(crate) fn durable(bytes: Vec<u8>) -> Self {
        Self {
            cache: bytes.clone(),
            durable: bytes,
            ..Self::default()
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.cache
    }

    pub(crate) fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        if self.cache.len() < end {
            self.resize(end);
        }
        self.cache[offset..end].copy_from_slice(bytes);
        self.touch(offset, end);
    }

    pub(crate) fn resize(&mut self, length: usize) {
        let before = self.cache.len();
        self.cache.resize(length, 0);
        remember(&mut self.lengths, length);
        self.touch(before.min(length), length);
    }

    /// Turns one bit of what is durable, and of what readers see.
    pub(crate) fn flip(&mut self, byte: usize, bit: usize) {
        self.cache[byte] ^= 1 << bit;
        self.durable = self.cache.clone();
    }

    /// Makes everything durable that was written since the last sync.
    pub(crate) fn sync(&mut self) {
        for (sector, versions) in std::mem::take(&mut self.dirty) {
            let newest = versions.last().expect("a dirty sector has a version");
            put(&mut self.durable, sector, newest);
        }
        self.lengths.clear();
        self.durable.resize(self.cache.len(), 0);
    }

    /// Writes some of it back and forgets that the rest was ever written.
    pub(crate) fn lose(&mut self, dice: &mut Dice) {
        self.durable = self.survivor(dice);
        self.dirty.clear();
        self.lengths.clear();
    }

    /// What may be there after a power cut.
    pub(crate) fn survivor(&self, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        let manner = dice.below(4);
        if manner == 0 || (self.dirty.is_empty() && self.lengths.is_empty()) {
            return bytes;
        }
        for (sector, versions) in &self.dirty {
            let newest = versions.len();
            let kept = if manner == 1 {
                newest
            } else {
                dice.below(newest + 1)
            };
            let Some(version) = kept.checked_sub(1).map(|kept| &versions[kept]) else {
                continue;
            };
            match dice.below(16) {
                0 if manner != 1 => tear(&mut bytes, *sector, version, dice),
                _ => put(&mut bytes, *sector, version),
            }
        }
        bytes.resize(self.surviving_length(manner, dice), 0);
        bytes
    }

    fn surviving_length(&self, manner: usize, dice: &mut Dice) -> usize {
        match dice.below(self.lengths.len() + 2) {
            0 if manner != 1 => self.durable.len(),
            kept if manner != 1 && kept <= self.lengths.len() => self.lengths[kept - 1],
            _ => self.cache.len(),
        }
    }

    fn touch(&mut self, start: usize, end: usize) {
        // Shortening a file changes the sector in which it now ends.
        for sector in start / SECTOR..end.div_ceil(SECTOR).max(start / SECTOR + 1) {
            let from = (sector * SECTOR).min(self.cache.len());
            let to = ((sector + 1) * SECTOR).min(self.cache.len());
            let content = self.cache[from..to].to_vec();
            remember(self.dirty.entry(sector).or_default(), content);
        }
    }
}

fn remember<T>(versions: &mut Vec<T>, version: T) {
    if versions.len() == VERSIONS_MAX {
        versions.remove(0);
    }
    versions.push(version);
}

fn put(bytes: &mut Vec<u8>, sector: usize, content: &[u8]) {
    let (start, end) = (sector * SECTOR, sector * SECTOR + content.len());
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[start..end].copy_from_slice(content);
}

/// Writes one side of a sector and leaves the other as it was.
fn tear(bytes: &mut Vec<u8>, sector: usize, content: &[u8], dice: &mut Dice) {
    let start = sector * SECTOR;
    let mut torn = bytes.get(start..).unwrap_or_default().to_vec();
    torn.resize(content.len(), 0);
    let at = dice.below(content.len() + 1);
    let side = if dice.below(2) == 0 {
        0..at
    } else {
        at..content.len()
    };
    torn[side.clone()].copy_from_slice(&content[side]);
    put(bytes, sector, &torn);
}
