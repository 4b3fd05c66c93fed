//! A container's output on disk: `<time> <stream> <F|P> <text>`, one line of output per line.
//!
//! A line that is long is cut into pieces marked `P`, of which the last is marked `F`. A file that
//! is full is put aside as `<file>.1`, the older ones moving up. A disk that is full loses output;
//! it never stops the container.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::limits::{LOG_FILE_BYTES, LOG_FILES, LOG_LINE_BYTES};

/// Which standard stream something was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// The log of one container.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: Option<File>,
    written: u64,
    limit: u64,
    /// What has come of lines that are not finished, by stream.
    pending: [Vec<u8>; 2],
}

impl Log {
    /// Opens a log to append to, with the directories that lead to it.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let file = append(path)?;
        let written = file.metadata()?.len();
        let path = path.to_owned();
        Ok(Self {
            path,
            file: Some(file),
            written,
            limit: LOG_FILE_BYTES,
            pending: Default::default(),
        })
    }

    /// Logs output as it came.
    pub(crate) fn write(&mut self, now: Timestamp, stream: Stream, output: &[u8]) {
        let mut lines = Vec::with_capacity(output.len() + 64);
        let mut pending = std::mem::take(self.pending_of(stream));
        for piece in output.split_inclusive(|byte| *byte == b'\n') {
            let (text, is_whole) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            pending.extend_from_slice(text);
            cut(&mut pending, |part| {
                line(&mut lines, now, stream, 'P', part)
            });
            if is_whole {
                line(&mut lines, now, stream, 'F', &pending);
                pending.clear();
            }
        }
        *self.pending_of(stream) = pending;
        self.append(&lines);
    }

    /// Logs what was never finished by a line's end.
    pub(crate) fn finish(&mut self, now: Timestamp) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let pending = std::mem::take(self.pending_of(stream));
            if !pending.is_empty() {
                let mut lines = Vec::new();
                line(&mut lines, now, stream, 'F', &pending);
                self.append(&lines);
            }
        }
    }

    fn pending_of(&mut self, stream: Stream) -> &mut Vec<u8> {
        match stream {
            Stream::Stdout => &mut self.pending[0],
            Stream::Stderr => &mut self.pending[1],
        }
    }

    fn append(&mut self, lines: &[u8]) {
        if lines.is_empty() {
            return;
        }
        if self.written >= self.limit {
            self.rotate();
        }
        if self.file.is_none() {
            self.file = append(&self.path).ok();
        }
        if let Some(file) = &mut self.file {
            // There is nobody to tell but the log itself, and the next line may fit again.
            if file.write_all(lines).is_ok() {
                self.written += u64::try_from(lines.len()).unwrap_or(u64::MAX);
            }
        }
    }

    fn rotate(&mut self) {
        for older in (1..LOG_FILES).rev() {
            let newer = if older == 1 {
                self.path.clone()
            } else {
                rotated(&self.path, older - 1)
            };
            let moved = fs::rename(newer, rotated(&self.path, older));
            gantry_base::ignore(moved, "not all of them exist yet");
        }
        self.file = None;
        self.written = 0;
    }
}

/// The name of a log that was put aside.
pub fn rotated(path: &Path, age: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{age}"));
    PathBuf::from(name)
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn cut(pending: &mut Vec<u8>, mut each: impl FnMut(&[u8])) {
    // A line of exactly the limit is whole: it is cut only when more of it follows.
    let mut rest = pending.as_slice();
    while rest.len() > LOG_LINE_BYTES {
        let (part, after) = rest.split_at(LOG_LINE_BYTES);
        each(part);
        rest = after;
    }
    let kept = rest.len();
    pending.drain(..pending.len() - kept);
}

fn line(lines: &mut Vec<u8>, now: Timestamp, stream: Stream, mark: char, text: &[u8]) {
    lines.extend_from_slice(format!("{now:.9} {} {mark} ", stream.name()).as_bytes());
    lines.extend_from_slice(text);
    lines.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        "2026-01-02T03:04:05.000000006Z".parse().unwrap()
    }

    #[test]
    fn a_line_is_logged_once_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c/0.log");
        let mut log = Log::open(&path).unwrap();
        log.write(at(), Stream::Stdout, b"one\ntw");
        log.write(at(), Stream::Stderr, b"oops\n");
        log.write(at(), Stream::Stdout, b"o");
        log.finish(at());
        expect_test::expect![[r"
            2026-01-02T03:04:05.000000006Z stdout F one
            2026-01-02T03:04:05.000000006Z stderr F oops
            2026-01-02T03:04:05.000000006Z stdout F two
        "]]
        .assert_eq(&fs::read_to_string(path).unwrap());
    }

    #[test]
    fn a_long_line_is_cut_and_its_last_piece_marked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("0.log");
        let mut log = Log::open(&path).unwrap();
        let mut long = vec![b'x'; LOG_LINE_BYTES + 3];
        long.push(b'\n');
        log.write(at(), Stream::Stdout, &long);
        let text = fs::read_to_string(path).unwrap();
        let marks: Vec<_> = text.lines().map(|l| l.split(' ').nth(2).unwrap()).collect();
        assert_eq!(marks, ["P", "F"]);
        assert!(text.ends_with(" F xxx\n"));
    }

    #[test]
    fn full_files_are_put_aside_and_only_so_many_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("0.log");
        let mut log = Log::open(&path).unwrap();
        log.limit = 1;
        for n in 0..9 {
            log.write(at(), Stream::Stdout, format!("{n}\n").as_bytes());
        }
        let files = fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(files, usize::try_from(LOG_FILES).unwrap());
        assert!(fs::read_to_string(&path).unwrap().ends_with(" 8\n"));
        assert!(
            fs::read_to_string(rotated(&path, 4))
                .unwrap()
                .ends_with(" 4\n")
        );
    }
}
