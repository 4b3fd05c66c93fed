//! A disk in memory that can lose power at any operation and at any byte, fill up, and fail.
//!
//! It remembers what was synced. After a power cut it keeps that, and of everything else an
//! arbitrary part: names in order, bytes with holes.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::torture::Dice;

use super::{Medium, MediumFile};

const SECTOR: usize = 64;

/// A disk; clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    /// What the names were after each change that is not durable yet.
    name_steps: Vec<BTreeMap<String, usize>>,
    /// How many operations there are before the power goes.
    power: Option<u64>,
    /// How many bytes fit in all.
    capacity: Option<usize>,
    /// How many syncs fail from now on.
    failing_syncs: u32,
}

#[derive(Clone, Debug, Default)]
struct Inode {
    now: Vec<u8>,
    durable: Vec<u8>,
}

impl Disk {
    /// Lets the power go after so many operations.
    pub(crate) fn cut_after(&self, operations: u64) {
        self.lock().power = Some(operations);
    }

    pub(crate) fn limit(&self, capacity: Option<usize>) {
        self.lock().capacity = capacity;
    }

    pub(crate) fn fail_syncs(&self, count: u32) {
        self.lock().failing_syncs = count;
    }

    /// What a disk looks like when power comes back.
    pub(crate) fn after_power_cut(&self, dice: &mut Dice) -> Self {
        let state = self.lock();
        let kept = dice.below(state.name_steps.len() + 1);
        let names = match kept.checked_sub(1) {
            Some(step) => &state.name_steps[step],
            None => &state.durable_names,
        };
        Self::with_files(names.iter().map(|(name, inode)| {
            let Inode { now, durable } = &state.inodes[*inode];
            (name.clone(), survivor(durable, now, dice))
        }))
    }

    pub(crate) fn with_files(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let disk = Self::default();
        let mut state = disk.lock();
        for (name, bytes) in files {
            let (now, durable) = (bytes.clone(), bytes);
            let inode = state.inodes.len();
            state.inodes.push(Inode { now, durable });
            state.names.insert(name, inode);
        }
        state.durable_names = state.names.clone();
        drop(state);
        disk
    }

    /// All files and what is in them.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let state = self.lock();
        let file =
            |(name, inode): (&String, &usize)| (name.clone(), state.inodes[*inode].now.clone());
        state.names.iter().map(file).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

/// Some of what was written since the last sync, in sectors that are there or are not.
fn survivor(durable: &[u8], now: &[u8], dice: &mut Dice) -> Vec<u8> {
    if durable == now || dice.below(4) == 0 {
        return durable.to_vec();
    }
    if now.len() < durable.len() {
        return now.to_vec();
    }
    let shared = durable.iter().zip(now).take_while(|(a, b)| a == b).count();
    let kept = match dice.below(4) {
        0 => now.len(),
        _ => shared + dice.below(now.len() - shared + 1),
    };
    let has_holes = dice.below(2) == 0;
    let mut bytes = now[..kept.max(durable.len())].to_vec();
    for (number, sector) in bytes[shared..].chunks_mut(SECTOR).enumerate() {
        if has_holes && dice.below(3) == 0 {
            // Where the new content was not written, the old shows, or zeros if there was none.
            let old = durable.get(shared + number * SECTOR..).unwrap_or_default();
            let old = old.iter().copied().chain(std::iter::repeat(0));
            sector
                .iter_mut()
                .zip(old)
                .for_each(|(byte, old)| *byte = old);
        }
    }
    bytes
}

impl State {
    fn spend(&mut self) -> io::Result<()> {
        match &mut self.power {
            Some(0) => Err(io::Error::other("the power is gone")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn fail_sync(&mut self) -> io::Result<()> {
        if self.failing_syncs > 0 {
            self.failing_syncs -= 1;
            return Err(io::Error::other("the disk does not sync"));
        }
        Ok(())
    }

    /// Whether this very operation is the one that the power cut interrupts.
    fn is_interrupted(&self) -> bool {
        self.power == Some(0)
    }

    fn inode(&self, name: &str) -> io::Result<usize> {
        let inode = self.names.get(name).copied();
        inode.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn changed_names(&mut self) {
        self.name_steps.push(self.names.clone());
    }

    fn room(&self) -> usize {
        let used: usize = self
            .names
            .values()
            .map(|inode| self.inodes[*inode].now.len())
            .sum();
        self.capacity
            .map_or(usize::MAX, |capacity| capacity.saturating_sub(used))
    }
}

impl Medium for Disk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.lock().names.keys().cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let state = self.lock();
        Ok(state.inodes[state.inode(name)?].now.clone())
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn MediumFile>> {
        let mut state = self.lock();
        state.spend()?;
        let inode = match state.names.get(name) {
            Some(inode) => *inode,
            None => {
                state.inodes.push(Inode::default());
                let inode = state.inodes.len() - 1;
                state.names.insert(name.to_owned(), inode);
                state.changed_names();
                inode
            }
        };
        let disk = self.clone();
        Ok(Box::new(OpenFile { disk, inode }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.lock();
        state.spend()?;
        let inode = state.inode(from)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), inode);
        state.changed_names();
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.lock();
        state.spend()?;
        state.inode(name)?;
        state.names.remove(name);
        state.changed_names();
        Ok(())
    }

    fn sync_names(&self) -> io::Result<()> {
        let mut state = self.lock();
        state.spend()?;
        state.fail_sync()?;
        state.durable_names = state.names.clone();
        state.name_steps.clear();
        Ok(())
    }
}

#[derive(Debug)]
struct OpenFile {
    disk: Disk,
    inode: usize,
}

impl OpenFile {
    fn change(&self, change: impl FnOnce(&mut Inode)) -> io::Result<()> {
        let mut state = self.disk.lock();
        state.spend()?;
        change(&mut state.inodes[self.inode]);
        Ok(())
    }
}

impl MediumFile for OpenFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.lock();
        state.spend()?;
        let fits = bytes.len().min(state.room());
        let fits = if state.is_interrupted() {
            fits / 2
        } else {
            fits
        };
        state.inodes[self.inode]
            .now
            .extend_from_slice(&bytes[..fits]);
        if fits < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn overwrite(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.change(|inode| {
            let length = inode.now.len().max(bytes.len());
            inode.now.resize(length, 0);
            inode.now[..bytes.len()].copy_from_slice(bytes);
        })
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.change(|inode| inode.now.resize(usize::try_from(length).unwrap(), 0))
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.lock();
        state.spend()?;
        state.fail_sync()?;
        let inode = &mut state.inodes[self.inode];
        inode.durable.clone_from(&inode.now);
        Ok(())
    }
}
