use std::fs::{self, OpenOptions};
use std::io::Write;

use super::*;

fn line(text: &str) -> String {
    format!("2026-01-02T03:04:05.000000006Z stdout F {text}\n")
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn rest(reader: &mut LogReader) -> Vec<String> {
    let next = || {
        reader
            .next_line()
            .unwrap()
            .map(|l| String::from_utf8(l.text).unwrap())
    };
    std::iter::from_fn(next).collect()
}

#[test]
fn a_line_keeps_its_spaces_and_may_be_empty() {
    let parsed = LogLine::parse(b"2026-01-02T03:04:05.000000006Z stderr P  a  b\n").unwrap();
    assert_eq!((parsed.is_error, parsed.is_end), (true, false));
    assert_eq!(parsed.text, b" a  b");
    assert_eq!(LogLine::parse(line("").as_bytes()).unwrap().text, b"");
    assert_eq!(LogLine::parse(b"nonsense\n"), None);
}

#[test]
fn a_log_is_followed_across_the_files_it_is_put_aside_into() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("0.log");
    let mut reader = LogReader::open(&path).unwrap();
    assert!(rest(&mut reader).is_empty());
    append(&path, &line("one"));
    append(&path, "2026-01-02T03:04:05.0Z stdout F tw");
    assert_eq!(rest(&mut reader), ["one"]);
    append(&path, "o\n");
    assert_eq!(rest(&mut reader), ["two"]);
    append(&path, &line("three"));
    fs::rename(&path, rotated(&path, 1)).unwrap();
    append(&path, &line("four"));
    assert_eq!(rest(&mut reader), ["three", "four"]);
}

#[test]
fn older_files_come_first() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("0.log");
    append(&rotated(&path, 2), &line("one"));
    append(&rotated(&path, 1), &line("two"));
    append(&path, &line("three"));
    let mut reader = LogReader::open(&path).unwrap();
    assert_eq!(rest(&mut reader), ["one", "two", "three"]);
}

#[test]
fn a_slow_reader_skips_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("0.log");
    append(&path, &line("one"));
    let mut reader = LogReader::open(&path).unwrap();
    assert_eq!(rest(&mut reader), ["one"]);
    fs::rename(&path, rotated(&path, 1)).unwrap();
    append(&path, &line("two"));
    fs::rename(rotated(&path, 1), rotated(&path, 2)).unwrap();
    fs::rename(&path, rotated(&path, 1)).unwrap();
    append(&path, &line("three"));
    assert_eq!(rest(&mut reader), ["two", "three"]);
}
