//! A disk in memory that can lose power at any operation and at any byte, fill up, fail, and lie.
//!
//! It remembers what was synced. After a power cut it keeps that, and of everything else an
//! arbitrary part: names in order, sectors in none. The same seed fails in the same way.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::torture::Dice;

use super::{Medium, MediumFile};

mod inode;

use inode::Inode;

/// A disk; clones are the same disk.
#[derive(Clone, Debug)]
pub(crate) struct Disk(Arc<Mutex<State>>);

/// What goes wrong from now on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    /// How many syncs fail, and leave any part of what they should have made durable.
    pub(crate) failing_syncs: u32,
    /// How many syncs succeed, while the disk still holds everything in a memory of its own.
    pub(crate) late_syncs: u32,
    /// How many syncs succeed, and after which part of it is never written at all.
    pub(crate) lost_syncs: u32,
    /// Which read from now fails: 1 is the next, 0 none.
    pub(crate) failing_read: u32,
}

#[derive(Debug)]
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
    faults: Faults,
    /// How often the disk has lied.
    lies: u32,
    /// What a failing sync leaves.
    dice: Dice,
}

impl Default for Disk {
    fn default() -> Self {
        Self::with_files([])
    }
}

impl Disk {
    /// An empty disk that fails as `dice` has it.
    pub(crate) fn new(dice: Dice) -> Self {
        let disk = Self::default();
        disk.lock().dice = dice;
        disk
    }

    /// Lets the power go after so many operations.
    pub(crate) fn cut_after(&self, operations: u64) {
        self.lock().power = Some(operations);
    }

    /// Gives the power back without having lost anything: it was the program that ended.
    pub(crate) fn restore_power(&self) {
        self.lock().power = None;
    }

    /// Whether the power is gone.
    pub(crate) fn is_dark(&self) -> bool {
        self.lock().is_interrupted()
    }

    pub(crate) fn limit(&self, capacity: Option<usize>) {
        self.lock().capacity = capacity;
    }

    pub(crate) fn fail(&self, faults: Faults) {
        self.lock().faults = faults;
    }

    pub(crate) fn lies(&self) -> u32 {
        self.lock().lies
    }

    /// How many bytes the files take.
    pub(crate) fn used(&self) -> usize {
        self.lock().used()
    }

    /// What a disk looks like when power comes back.
    pub(crate) fn after_power_cut(&self, dice: &mut Dice) -> Self {
        let state = self.lock();
        let kept = dice.below(state.name_steps.len() + 1);
        let names = match kept.checked_sub(1) {
            Some(step) => &state.name_steps[step],
            None => &state.durable_names,
        };
        let survivors = names
            .iter()
            .map(|(name, inode)| (name.clone(), state.inodes[*inode].survivor(dice)));
        let disk = Self::with_files(survivors.collect::<Vec<_>>());
        disk.lock().dice = dice.split();
        disk.lock().lies = state.lies;
        disk
    }

    /// Flips one bit somewhere, if there is any.
    pub(crate) fn flip(&self, dice: &mut Dice) {
        let mut state = self.lock();
        let at = dice.below(state.used().max(1));
        let mut passed = 0;
        let State {
            inodes,
            names,
            lies,
            ..
        } = &mut *state;
        for inode in names.values() {
            let length = inodes[*inode].bytes().len();
            if passed <= at && at < passed + length {
                inodes[*inode].flip(at - passed, dice.below(8));
                *lies += 1;
                return;
            }
            passed += length;
        }
    }

    pub(crate) fn with_files(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let mut state = State {
            inodes: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            name_steps: Vec::new(),
            power: None,
            capacity: None,
            faults: Faults::default(),
            lies: 0,
            dice: Dice::new(1),
        };
        for (name, bytes) in files {
            state.names.insert(name, state.inodes.len());
            state.inodes.push(Inode::durable(bytes));
        }
        state.durable_names = state.names.clone();
        Self(Arc::new(Mutex::new(state)))
    }

    /// All files and what readers see in them.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let state = self.lock();
        let file = |(name, inode): (&String, &usize)| {
            let bytes = state.inodes[*inode].bytes().to_vec();
            (name.clone(), bytes)
        };
        state.names.iter().map(file).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics while holding the disk")
    }
}

/// What a sync does.
enum Sync {
    Honest,
    Fails,
    Late,
    Lost,
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

    fn next_sync(&mut self) -> Sync {
        let Faults {
            failing_syncs,
            late_syncs,
            lost_syncs,
            ..
        } = &mut self.faults;
        if is_struck(failing_syncs) {
            return Sync::Fails;
        }
        let sync = match (is_struck(late_syncs), is_struck(lost_syncs)) {
            (true, _) => Sync::Late,
            (_, true) => Sync::Lost,
            _ => return Sync::Honest,
        };
        self.lies += 1;
        sync
    }

    /// Whether no operation is left: the power cut interrupts the one under way.
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

    fn used(&self) -> usize {
        let inodes = self.names.values();
        inodes.map(|inode| self.inodes[*inode].bytes().len()).sum()
    }

    fn room(&self) -> usize {
        self.capacity
            .map_or(usize::MAX, |capacity| capacity.saturating_sub(self.used()))
    }
}

fn is_struck(times: &mut u32) -> bool {
    let is_struck = *times > 0;
    *times = times.saturating_sub(1);
    is_struck
}

fn sync_fails() -> io::Error {
    io::Error::other("the disk does not sync")
}

impl Medium for Disk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.lock().names.keys().cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut state = self.lock();
        if is_struck(&mut state.faults.failing_read) && state.faults.failing_read == 0 {
            return Err(io::Error::other("the disk does not read"));
        }
        Ok(state.inodes[state.inode(name)?].bytes().to_vec())
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
        match state.next_sync() {
            Sync::Fails => return Err(sync_fails()),
            Sync::Late | Sync::Lost => return Ok(()),
            Sync::Honest => {}
        }
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
        let inode = &mut state.inodes[self.inode];
        let end = inode.bytes().len();
        inode.write(end, &bytes[..fits]);
        if fits < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn overwrite(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        self.change(|inode| inode.write(offset, bytes))
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        self.change(|inode| inode.resize(length))
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.lock();
        state.spend()?;
        let sync = state.next_sync();
        let State { inodes, dice, .. } = &mut *state;
        let inode = &mut inodes[self.inode];
        match sync {
            Sync::Honest => inode.sync(),
            Sync::Late => {}
            Sync::Lost => inode.lose(dice),
            Sync::Fails => {
                inode.lose(dice);
                return Err(sync_fails());
            }
        }
        Ok(())
    }
}
