//! Full disks, failing syncs, and what is left of them.

use super::*;

#[test]
fn a_full_disk_fails_commits_and_nothing_else() {
    let disk = Disk::default();
    let mut dice = Dice::new(1);
    let (mut engine, _) = open(&disk).unwrap();
    let (before, _) = commit_some(&mut engine, &Model::default(), &mut dice);
    let files = disk.files();
    disk.limit(Some(files.values().map(Vec::len).sum::<usize>() + 20));
    for _ in 0..3 {
        assert!(!commit_some(&mut engine, &before, &mut dice).1);
    }
    assert_eq!(disk.files(), files, "nothing is left half-written");
    assert_eq!(Model::of(&engine.live().snapshot()), before);
    disk.limit(None);
    let (after, is_done) = commit_some(&mut engine, &before, &mut dice);
    assert!(is_done);
    drop(engine);
    let (engine, _) = open(&disk).unwrap();
    assert_eq!(Model::of(&engine.live().snapshot()), after);
}

#[test]
fn a_picture_that_does_not_fit_takes_no_room() {
    let disk = Disk::default();
    let mut dice = Dice::new(2);
    let (mut engine, _) = open(&disk).unwrap();
    let (before, _) = commit_some(&mut engine, &Model::default(), &mut dice);
    let used: usize = disk.files().values().map(Vec::len).sum();
    disk.limit(Some(used + 100));
    assert!(take_picture(&mut engine).is_err());
    assert!(disk.files().values().map(Vec::len).sum::<usize>() < used + 50);
    disk.limit(None);
    let (after, _) = commit_some(&mut engine, &before, &mut dice);
    drop(engine);
    let (engine, _) = open(&disk).unwrap();
    assert_eq!(Model::of(&engine.live().snapshot()), after);
}

#[test]
fn a_refusal_that_rests_on_an_undone_write_is_not_reported_as_such() {
    let disk = Disk::default();
    let (mut engine, _) = open(&disk).unwrap();
    let create = || Prepared::new(Txn::create(Key::new("a//x"), value("")));
    fail_syncs(&disk, 1);
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
    let (picture, _) = commit_some(&mut engine, &Model::default(), &mut dice);
    drop(engine);
    let (engine, report) = open(&disk).unwrap();
    assert_eq!(report.revision, picture.revision);
    let range = gantry_store::KeyRange::prefix("");
    let mut watch = engine.live().watch(range, Revision(0)).unwrap();
    assert_eq!(watch.try_next().unwrap().unwrap().revision, Revision(1));
}

/// Everything fails from here on: the process ends, and nothing was closed.
fn kill(disk: &Disk, engine: Engine) {
    disk.cut_after(0);
    drop(engine);
    disk.restore_power();
}

#[test]
fn a_refused_batch_at_the_end_of_an_old_log_never_displaces_an_acknowledged_one() {
    let put = |text| [Prepared::new(Txn::new().put(Key::new("a//x"), value(text)))];
    for seed in 0..50 {
        let mut dice = Dice::new(seed);
        let disk = Disk::new(dice.split());
        let (mut engine, _) = open(&disk).unwrap();
        engine.commit(&put("first"), now()).unwrap();
        // The sync fails, and so does the one that should have cut the frame off.
        fail_syncs(&disk, 2);
        assert!(engine.commit(&put("refused"), now()).is_err());
        engine.turn().unwrap();
        engine.commit(&put("acknowledged"), now()).unwrap();
        kill(&disk, engine);
        let (engine, _) = open(&disk.after_power_cut(&mut dice)).unwrap();
        let snapshot = engine.live().snapshot();
        let found = &snapshot.get(&Key::new("a//x")).unwrap().value;
        assert_eq!(found, &value("acknowledged"), "seed {seed}");
    }
}

#[test]
fn what_was_served_after_a_failed_sync_and_a_restart_survives_the_next_power_cut() {
    for seed in 0..50 {
        let mut dice = Dice::new(seed);
        let disk = Disk::new(dice.split());
        let (mut engine, _) = open(&disk).unwrap();
        let (before, _) = commit_some(&mut engine, &Model::default(), &mut dice);
        fail_syncs(&disk, 2);
        assert!(!commit_some(&mut engine, &before, &mut dice).1);
        kill(&disk, engine);
        let (engine, _) = open(&disk).unwrap();
        let served = Model::of(&engine.live().snapshot());
        kill(&disk, engine);
        let (engine, _) = open(&disk.after_power_cut(&mut dice)).unwrap();
        assert_eq!(Model::of(&engine.live().snapshot()), served, "seed {seed}");
    }
}

#[test]
fn a_promise_that_cannot_be_read_is_not_taken_for_none() {
    let disk = Disk::default();
    drop(open(&disk).unwrap());
    disk.fail(Faults {
        failing_read: 1,
        ..Faults::default()
    });
    let error = open(&disk).unwrap_err();
    assert_eq!(
        gantry_base::chain(&error),
        "read \"promise\": the disk does not read"
    );
    open(&disk).unwrap();
}
