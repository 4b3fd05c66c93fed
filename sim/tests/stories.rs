//! Every story in `tests/stories` still goes as it is told there.
//!
//! `cargo xtask bless` writes down how they go today.

#![expect(
    clippy::disallowed_methods,
    reason = "the stories are files; only the library under test keeps away from files"
)]

use std::path::{Path, PathBuf};

use gantry_sim::story::retell;

fn stories() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/stories");
    let entries = folder.read_dir().expect("the stories are in their folder");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "txt"));
    files.sort();
    files
}

/// The first line in which two texts differ, with both forms of it.
fn difference(told: &str, today: &str) -> String {
    let mut lines = told.lines().zip(today.lines()).enumerate();
    match lines.find(|(_, (told, today))| told != today) {
        Some((at, (told, today))) => {
            format!("line {}:\n  told:  {told}\n  today: {today}", at + 1)
        }
        None => "one of them is longer".to_owned(),
    }
}

/// Tells one story again; what is wrong with it.
fn check(file: &Path, blesses: bool) -> Option<String> {
    let name = file.display();
    let told = std::fs::read_to_string(file).expect("a story is text");
    match retell(&told) {
        Err(mistake) => Some(format!("{name}: could not {mistake}")),
        Ok(today) if today == told => None,
        Ok(today) if blesses => {
            std::fs::write(file, today).expect("the story can be written");
            None
        }
        Ok(today) => Some(format!("{name}: {}", difference(&told, &today))),
    }
}

#[test]
fn all_stories_go_as_they_are_told() {
    let blesses = std::env::var_os("UPDATE_EXPECT").is_some();
    let stories = stories();
    assert!(!stories.is_empty(), "there are stories");
    let wrong = std::thread::scope(|scope| {
        // Two at a time: each is one thread's work.
        let (one, other) = stories.split_at(stories.len() / 2);
        let tell = |files: &[PathBuf]| -> Vec<String> {
            let checked = files.iter().filter_map(|file| check(file, blesses));
            checked.collect()
        };
        let other = scope.spawn(move || tell(other));
        let mut wrong = tell(one);
        wrong.extend(other.join().expect("a story does not panic"));
        wrong
    });
    assert!(
        wrong.is_empty(),
        "stories go another way; if that is meant, run `cargo xtask bless`\n{}",
        wrong.join("\n")
    );
}
