//! What happens to one disk under one seed.

use gantry_base::{Timestamp, chain};
use gantry_store::Revision;

use crate::config::JournalConfig;
use crate::engine::Engine;
use crate::error::JournalError;
use crate::keeper;
use crate::medium::memory::{Disk, Faults};
use crate::picture::Sitting;
use crate::promise;

use super::Dice;
use super::figures::Figures;
use super::law::{Finding, Truth};
use super::model::Model;
use super::seam::Seam;

/// What one may expect of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It may fail, and says so.
    Honest,
    /// Its syncs may succeed without having synced.
    Lying,
    /// Bits turn while the power is off.
    Rotting,
}

impl Trust {
    /// What the life of `seed` is about.
    pub(crate) const fn of(seed: u64) -> Self {
        match seed % 4 {
            0 | 1 => Self::Honest,
            2 => Self::Lying,
            _ => Self::Rotting,
        }
    }
}

/// A law that was broken, in words.
type Broken = String;

#[derive(Debug)]
pub(crate) struct Life<'a> {
    seam: &'a dyn Seam,
    trust: Trust,
    dice: Dice,
    disk: Disk,
    truth: Truth,
    /// A picture that was ordered and not drawn yet.
    sitting: Option<Sitting>,
    /// Whether openings may be broken off.
    is_troubled: bool,
    figures: &'a mut Figures,
}

impl<'a> Life<'a> {
    pub(crate) fn new(
        seam: &'a dyn Seam,
        seed: u64,
        trust: Trust,
        figures: &'a mut Figures,
    ) -> Self {
        let mut dice = Dice::new(seed);
        Self {
            seam,
            trust,
            disk: Disk::new(dice.split()),
            dice,
            truth: Truth::default(),
            sitting: None,
            is_troubled: false,
            figures,
        }
    }

    /// Lives until so many power cuts have passed, or the journal has refused the disk.
    pub(crate) fn live(mut self, cuts: u32) -> Result<(), Broken> {
        self.figures.lives += 1;
        let end = self.figures.cuts + u64::from(cuts);
        let mut is_usable = true;
        while is_usable && self.figures.cuts < end {
            is_usable = self.troubled_session()? && self.calm_session()?;
        }
        self.figures.lies += u64::from(self.disk.lies());
        Ok(())
    }

    /// Opens, works and ends, with trouble at any point; false when the journal refused the disk.
    fn troubled_session(&mut self) -> Result<bool, Broken> {
        self.is_troubled = true;
        self.trouble_opening();
        match self.open()? {
            Opened::Ready(mut engine) => {
                self.work(&mut engine)?;
                self.end(*engine);
            }
            Opened::BrokenOff => self.cut_or_restart(),
            Opened::Refused => return Ok(false),
        }
        Ok(true)
    }

    /// Opens an untroubled disk twice: the second time it holds the same.
    fn calm_session(&mut self) -> Result<bool, Broken> {
        self.is_troubled = false;
        for _ in 0..1 + self.dice.below(2) {
            self.disk.restore_power();
            self.disk.limit(None);
            self.disk.fail(Faults::default());
            match self.open()? {
                Opened::Ready(engine) => self.kill(*engine),
                Opened::BrokenOff => return Err("an untroubled disk was not opened".to_owned()),
                Opened::Refused => return Ok(false),
            }
        }
        Ok(true)
    }

    fn trouble_opening(&mut self) {
        let dice = &mut self.dice;
        if !dice.is_one_in(4) {
            let operations = dice.below(60);
            self.disk
                .cut_after(u64::try_from(operations).expect("it is small"));
        }
        let mut faults = Faults::default();
        match dice.below(16) {
            0 => faults.failing_read = 1,
            1 => faults.failing_read = 2 + u32::try_from(dice.below(3)).expect("it is small"),
            2 => faults.failing_syncs = 1,
            3 => self.disk.limit(Some(self.disk.used() + dice.below(100))),
            4 if self.trust == Trust::Lying => faults.late_syncs = 2,
            5 if self.trust == Trust::Lying => faults.lost_syncs = 1,
            _ => {}
        }
        self.disk.fail(faults);
    }

    fn open(&mut self) -> Result<Opened, Broken> {
        let image = (self.trust != Trust::Honest).then(|| self.disk.files());
        self.figures.opened += 1;
        match Engine::open(self.seam.medium(&self.disk), &JournalConfig::default()) {
            Ok((engine, _)) => {
                let found = Model::of(&engine.live().snapshot());
                match self.truth.judge(found, image.as_ref())? {
                    Finding::Acknowledged => {}
                    Finding::Landed => self.figures.landed += 1,
                    Finding::Traceless if self.disk.lies() > 0 => self.figures.traceless += 1,
                    Finding::Traceless => {
                        return Err("something is gone, and the disk did not lie".to_owned());
                    }
                }
                Ok(Opened::Ready(Box::new(engine)))
            }
            Err(error) => self.refused(&error),
        }
    }

    fn refused(&mut self, error: &JournalError) -> Result<Opened, Broken> {
        if matches!(error, JournalError::Medium { .. }) && self.is_troubled {
            self.figures.broken_off += 1;
            return Ok(Opened::BrokenOff);
        }
        if self.disk.lies() == 0 || !self.figures.detected.count(error) {
            let said = chain(error);
            return Err(format!("a disk that was not to blame was refused: {said}"));
        }
        Ok(Opened::Refused)
    }

    fn work(&mut self, engine: &mut Engine) -> Result<(), Broken> {
        // An idle session loses what a busy one would write again.
        let is_idle = self.dice.is_one_in(4);
        let batches = if is_idle { 0 } else { self.dice.below(12) };
        for _ in 0..batches {
            if self.disk.is_dark() {
                break;
            }
            self.trouble();
            self.keep(engine);
            self.commit(engine)?;
        }
        Ok(())
    }

    fn trouble(&mut self) {
        let dice = &mut self.dice;
        let some = |dice: &mut Dice| 1 + u32::try_from(dice.below(4)).expect("it is small");
        let mut faults = Faults::default();
        match dice.below(20) {
            0 | 1 => faults.failing_syncs = some(dice),
            2 => self.disk.limit(Some(self.disk.used() + dice.below(4000))),
            3..=5 => self.disk.limit(None),
            6..=8 if self.trust == Trust::Lying => faults.late_syncs = some(dice),
            9 | 10 if self.trust == Trust::Lying => faults.lost_syncs = some(dice),
            6.. => return,
        }
        self.disk.fail(faults);
    }

    /// What the keeper does beside the commits.
    fn keep(&mut self, engine: &mut Engine) {
        match self.dice.below(12) {
            0..=2 => self.sitting = engine.turn().ok().or(self.sitting.take()),
            3 => engine.forget(now()),
            4 => promise::harden(engine.medium()),
            _ => {}
        }
        if self.dice.is_one_in(2)
            && let Some(sitting) = self.sitting.take()
        {
            let sitting = self.seam.sitting(sitting);
            let drawn = keeper::draw(engine.medium(), &sitting);
            self.figures.pictures += u64::from(drawn.is_ok());
        }
    }

    fn commit(&mut self, engine: &mut Engine) -> Result<(), Broken> {
        let mut after = self.truth.acknowledged().clone();
        let (batch, expected) = after.batch(&mut self.dice);
        match engine.commit(&batch, now()) {
            Ok(outcomes) => {
                let landed: Vec<Option<Revision>> = outcomes.into_iter().map(Result::ok).collect();
                if landed != expected {
                    return Err(format!("a batch landed at {landed:?}, not at {expected:?}"));
                }
                self.figures.acknowledged += 1;
                self.truth.acknowledge(after);
            }
            Err(_) => {
                self.figures.refused += 1;
                self.truth.refuse(after);
            }
        }
        let visible = Model::of(&engine.live().snapshot());
        if &visible == self.truth.acknowledged() {
            return Ok(());
        }
        Err("readers see something else than what is acknowledged".to_owned())
    }

    /// The process is closed, and then, or while it works, the power goes or the process ends.
    fn end(&mut self, engine: Engine) {
        self.sitting = None;
        if self.dice.is_one_in(6) {
            drop(engine);
        } else {
            self.kill(engine);
        }
        self.cut_or_restart();
    }

    /// Ends the process without letting it close anything.
    fn kill(&mut self, engine: Engine) {
        self.disk.cut_after(0);
        drop(engine);
    }

    fn cut_or_restart(&mut self) {
        if self.dice.is_one_in(4) {
            self.figures.kills += 1;
            return;
        }
        self.figures.cuts += 1;
        self.disk = self.disk.after_power_cut(&mut self.dice);
        if self.trust == Trust::Rotting && self.dice.is_one_in(4) {
            self.disk.flip(&mut self.dice);
        }
    }
}

enum Opened {
    Ready(Box<Engine>),
    /// By a trouble that passes.
    BrokenOff,
    /// For good.
    Refused,
}

pub(crate) const fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}
