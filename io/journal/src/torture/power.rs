//! Power cuts, full disks and failing syncs.

use super::*;

/// One disk's life under one seed: how things stand, and how they may stand after a cut.
struct Life {
    disk: Disk,
    dice: Dice,
    acknowledged: Picture,
    /// What was refused since: one of these may be found after a power cut.
    possible: Vec<Picture>,
}

impl Life {
    fn new(seed: u64) -> Self {
        Self {
            disk: Disk::default(),
            dice: Dice::new(seed),
            acknowledged: Picture::default(),
            possible: Vec::new(),
        }
    }

    /// Works until the power goes, or for a while.
    fn work(&mut self, engine: &mut Engine) {
        for _ in 0..self.dice.below(12) {
            match self.dice.below(12) {
                0 => self.disk.fail_syncs(1),
                1 => self.disk.limit(Some(self.dice.below(4000))),
                2 | 3 => self.disk.limit(None),
                4 | 5 => drop(take_picture(engine)),
                _ => {}
            }
            let (picture, is_done) = commit_some(engine, &self.acknowledged, &mut self.dice);
            if !is_done {
                self.possible.push(picture);
            } else if self.acknowledged.revision < picture.revision {
                // Only a write that landed replaces what may still stand on the disk.
                self.acknowledged = picture;
                self.possible.clear();
            }
            let visible = Picture::of(&engine.live().snapshot());
            assert_eq!(
                visible, self.acknowledged,
                "readers see what is acknowledged"
            );
        }
    }

    /// Lets the power go within the next operations, and comes back.
    fn cut(&mut self) {
        self.disk = self.disk.after_power_cut(&mut self.dice);
    }

    fn check(&mut self, engine: &Engine, seed: u64) {
        let found = Picture::of(&engine.live().snapshot());
        if found != self.acknowledged {
            let is_possible = self.possible.contains(&found);
            assert!(
                is_possible,
                "seed {seed}: {found:#?} instead of {:#?}",
                self.acknowledged
            );
            self.acknowledged = found;
        }
        self.possible.clear();
    }
}

fn live_through(seed: u64) -> u32 {
    let mut life = Life::new(seed);
    let mut cuts = 0;
    for _ in 0..12 {
        life.disk
            .cut_after(u64::try_from(life.dice.below(50)).unwrap());
        if let Ok((mut engine, _)) = open(&life.disk) {
            life.check(&engine, seed);
            life.work(&mut engine);
        }
        life.cut();
        cuts += 1;
        let (engine, _) = open(&life.disk).unwrap_or_else(|error| {
            panic!(
                "seed {seed}: {}: {:?}",
                gantry_base::chain(&error),
                life.disk.files().keys()
            )
        });
        life.check(&engine, seed);
    }
    cuts
}

#[test]
fn what_was_acknowledged_survives_every_power_cut() {
    let cuts: u32 = (0..250).map(live_through).sum();
    assert!(cuts >= 3000);
}

#[test]
fn a_full_disk_fails_commits_and_nothing_else() {
    let disk = Disk::default();
    let mut dice = Dice::new(1);
    let (mut engine, _) = open(&disk).unwrap();
    let (before, _) = commit_some(&mut engine, &Picture::default(), &mut dice);
    let files = disk.files();
    disk.limit(Some(files.values().map(Vec::len).sum::<usize>() + 20));
    for _ in 0..3 {
        assert!(!commit_some(&mut engine, &before, &mut dice).1);
    }
    assert_eq!(disk.files(), files, "nothing is left half-written");
    assert_eq!(Picture::of(&engine.live().snapshot()), before);
    disk.limit(None);
    let (after, is_done) = commit_some(&mut engine, &before, &mut dice);
    assert!(is_done);
    drop(engine);
    let (engine, _) = open(&disk).unwrap();
    assert_eq!(Picture::of(&engine.live().snapshot()), after);
}

#[test]
fn a_picture_that_does_not_fit_takes_no_room() {
    let disk = Disk::default();
    let mut dice = Dice::new(2);
    let (mut engine, _) = open(&disk).unwrap();
    let (before, _) = commit_some(&mut engine, &Picture::default(), &mut dice);
    let used: usize = disk.files().values().map(Vec::len).sum();
    disk.limit(Some(used + 100));
    assert!(take_picture(&mut engine).is_err());
    assert!(disk.files().values().map(Vec::len).sum::<usize>() < used + 50);
    disk.limit(None);
    let (after, _) = commit_some(&mut engine, &before, &mut dice);
    drop(engine);
    let (engine, _) = open(&disk).unwrap();
    assert_eq!(Picture::of(&engine.live().snapshot()), after);
}

#[test]
fn a_refusal_that_rests_on_an_undone_write_is_not_reported_as_such() {
    let disk = Disk::default();
    let (mut engine, _) = open(&disk).unwrap();
    let create = || Prepared::new(Txn::create(Key::new("a//x"), value("")));
    disk.fail_syncs(1);
    assert!(engine.commit(&[create(), create()], now()).is_err());
    let outcomes = engine.commit(&[create(), create()], now()).unwrap();
    let landed: Vec<_> = outcomes.into_iter().map(Result::ok).collect();
    assert_eq!(landed, [Some(Revision(1)), None]);
}

#[test]
fn a_watcher_goes_on_across_a_restart() {
    let disk = Disk::default();
    let mut dice = Dice::new(5);
    let (mut engine, _) = open(&disk).unwrap();
    let (picture, _) = commit_some(&mut engine, &Picture::default(), &mut dice);
    drop(engine);
    let (engine, report) = open(&disk).unwrap();
    assert_eq!(report.revision, picture.revision);
    let range = gantry_store::KeyRange::prefix("");
    let mut watch = engine.live().watch(range, Revision(0)).unwrap();
    assert_eq!(watch.try_next().unwrap().unwrap().revision, Revision(1));
}
