//! Flipped bits, missing ends, missing files, later formats.

use crate::header::FileKind;

use super::*;

/// A closed journal: a picture, and a log that goes on from it.
fn closed(with_picture: bool) -> (Disk, Model) {
    let disk = Disk::default();
    let mut dice = Dice::new(9);
    let (mut engine, _) = open(&disk).unwrap();
    let mut picture = Model::default();
    for round in 0..4 {
        if round == 2 && with_picture {
            take_picture(&mut engine).unwrap();
        }
        picture = commit_some(&mut engine, &picture, &mut dice).0;
    }
    drop(engine);
    (disk, picture)
}

/// Opens what `change` makes of the files: refused, or as if nothing had happened.
fn check(files: BTreeMap<String, Vec<u8>>, expected: &Model) -> Result<(), JournalError> {
    let (engine, _) = open(&Disk::with_files(files))?;
    assert_eq!(&Model::of(&engine.live().snapshot()), expected);
    Ok(())
}

#[test]
fn no_flipped_bit_is_ever_served() {
    for with_picture in [false, true] {
        let (disk, expected) = closed(with_picture);
        let files = disk.files();
        for (name, bytes) in &files {
            for at in 0..bytes.len() {
                let mut changed = files.clone();
                changed.get_mut(name).unwrap()[at] ^= 1 << (at % 8);
                let outcome = check(changed, &expected);
                let is_note = name == "promise";
                assert_eq!(outcome.is_ok(), is_note, "{name} at {at}");
            }
        }
    }
}

#[test]
fn no_missing_end_is_ever_overlooked() {
    let (disk, expected) = closed(true);
    let files = disk.files();
    for (name, bytes) in files.iter().filter(|(name, _)| *name != "promise") {
        for length in 0..bytes.len() {
            let mut changed = files.clone();
            changed.get_mut(name).unwrap().truncate(length);
            assert!(check(changed, &expected).is_err(), "{name} cut to {length}");
        }
        let mut changed = files.clone();
        changed.remove(name);
        assert!(check(changed, &expected).is_err(), "without {name}");
    }
}

#[test]
fn damage_is_named() {
    let (disk, expected) = closed(false);
    let mut files = disk.files();
    let name = FileKind::Log.name(Revision(0));
    files.get_mut(&name).unwrap()[30] ^= 4;
    let error = check(files, &expected).unwrap_err();
    assert_eq!(
        error.to_string(),
        "read \"log-00000000000000000000\": it is damaged at byte 24 (no whole frame); \
         restore it from a backup"
    );
}

#[test]
fn a_later_format_is_refused_with_its_number() {
    let (disk, expected) = closed(false);
    let mut files = disk.files();
    let log = files.get_mut(&FileKind::Log.name(Revision(0))).unwrap();
    let header = FileKind::Log.header_of_format(Revision(0), 7);
    log[..header.len()].copy_from_slice(&header);
    let error = check(files, &expected).unwrap_err();
    assert!(matches!(
        error,
        JournalError::Newer {
            found: 7,
            known: 3,
            ..
        }
    ));
}

#[test]
fn files_that_are_not_ours_are_left_alone() {
    let (disk, expected) = closed(true);
    let mut files = disk.files();
    files.insert("lost+found".to_owned(), Vec::new());
    files.insert("log-7".to_owned(), b"notes".to_vec());
    check(files, &expected).unwrap();
}

#[test]
fn a_picture_without_its_log_is_refused_even_if_nothing_was_promised() {
    let (disk, expected) = closed(true);
    let mut files = disk.files();
    files.remove("promise");
    files.retain(|name, _| !name.starts_with("log-"));
    let error = check(files, &expected).unwrap_err();
    assert!(matches!(error, JournalError::Missing { .. }), "{error}");
}

#[test]
fn a_batch_never_stands_in_for_another_of_the_same_revision() {
    let log = FileKind::Log.name(Revision(0));
    let lives = |text: &str| {
        let disk = Disk::default();
        let (mut engine, _) = open(&disk).unwrap();
        let mut commit = |text| {
            let txn = Txn::new().put(Key::new("a//x"), value(text));
            engine.commit(&[Prepared::new(txn)], now()).unwrap();
            disk.files()[&log].len()
        };
        let first = commit(text);
        commit("then");
        drop(engine);
        (disk.files(), first)
    };
    let ((ours, end), (other, same_end)) = (lives("ours"), lives("four"));
    assert_eq!(end, same_end);
    let mut files = ours;
    files.get_mut(&log).unwrap()[..end].copy_from_slice(&other[&log][..end]);
    for is_promised in [true, false] {
        if !is_promised {
            files.remove("promise");
        }
        let error = check(files.clone(), &Model::default()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("a batch that follows another one"),
            "{error}"
        );
    }
}

#[test]
fn the_last_batch_is_the_one_that_was_promised() {
    let disk = Disk::default();
    let (mut engine, _) = open(&disk).unwrap();
    let txn = |text| [Prepared::new(Txn::new().put(Key::new("a//x"), value(text)))];
    engine.commit(&txn("ours"), now()).unwrap();
    drop(engine);
    let other = Disk::default();
    let (mut engine, _) = open(&other).unwrap();
    engine.commit(&txn("four"), now()).unwrap();
    drop(engine);
    let mut files = other.files();
    files.insert("promise".to_owned(), disk.files()["promise"].clone());
    let error = check(files, &Model::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("another batch than the acknowledged one"),
        "{error}"
    );
}

#[test]
fn a_log_that_lost_its_name_is_not_forgotten() {
    let (disk, expected) = closed(false);
    let mut files = disk.files();
    files.remove("promise");
    let log = files.remove(&FileKind::Log.name(Revision(0))).unwrap();
    files.insert(crate::log::UNFINISHED.to_owned(), log);
    let error = check(files, &expected).unwrap_err();
    assert!(error.to_string().contains("lost its name"), "{error}");
}
