//! Reading what a container wrote, from the files that its shim writes.
//!
//! Knows the form of the lines and follows a log across the files that it is put aside into. What
//! to do with a line, and which lines are wanted, is the reader's.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use gantry_oci::limits::LOG_FILES;
use gantry_oci::rotated;
use jiff::Timestamp;

/// One line of a log, or a piece of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub at: Timestamp,
    /// Whether it was written to standard error.
    pub is_error: bool,
    /// Whether the line ends here; otherwise the next piece of the stream goes on with it.
    pub is_end: bool,
    /// What was written, without the line's end.
    pub text: Vec<u8>,
}

impl LogLine {
    /// Understands one line of a log; none when it is not one.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let mut fields = line.splitn(4, |byte| *byte == b' ');
        let mut field = || fields.next();
        let at = std::str::from_utf8(field()?).ok()?.parse().ok()?;
        let is_error = match field()? {
            b"stdout" => false,
            b"stderr" => true,
            _ => return None,
        };
        let is_end = field()? != b"P";
        Some(Self {
            at,
            is_error,
            is_end,
            text: field()?.to_vec(),
        })
    }
}

/// Reads a container's log from the oldest file that is left, and goes on as more is written.
///
/// Never waits: the end for now is none, and asking again later finds what came since.
#[derive(Debug)]
pub struct LogReader {
    path: PathBuf,
    /// Files put aside that are still to be read, the oldest first.
    older: VecDeque<File>,
    current: Option<BufReader<File>>,
    line: Vec<u8>,
}

impl LogReader {
    /// Opens the log that a container writes to. It need not exist yet.
    pub fn open(path: &Path) -> io::Result<Self> {
        let files = (1..LOG_FILES)
            .rev()
            .map(|age| rotated(path, age))
            .chain([path.to_owned()]);
        let mut older: VecDeque<File> = VecDeque::new();
        for file in files {
            match File::open(file) {
                Ok(file) => older.push_back(file),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        let current = older.pop_front().map(BufReader::new);
        Ok(Self {
            path: path.to_owned(),
            older,
            current,
            line: Vec::new(),
        })
    }

    /// The next line; none at the end for now. What is no line of a log is passed over.
    pub fn next_line(&mut self) -> io::Result<Option<LogLine>> {
        loop {
            let Some(current) = &mut self.current else {
                if !self.advance()? {
                    return Ok(None);
                }
                continue;
            };
            current.read_until(b'\n', &mut self.line)?;
            if self.line.ends_with(b"\n") {
                let line = LogLine::parse(&self.line);
                self.line.clear();
                if line.is_some() {
                    return Ok(line);
                }
            } else if !self.advance()? {
                return Ok(None);
            }
        }
    }

    /// Goes on to the next file; returns false when the one that is being written was read.
    fn advance(&mut self) -> io::Result<bool> {
        if let Some(next) = self.older.pop_front() {
            return Ok(self.take(next));
        }
        let newest = match File::open(&self.path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(e) => return Err(e),
        };
        let Some(current) = &mut self.current else {
            return Ok(self.take(newest));
        };
        let (old, new) = (current.get_ref().metadata()?, newest.metadata()?);
        if old.ino() == new.ino() {
            return Ok(false);
        }
        // It was put aside; something may have come between reading its end and its renaming.
        if old.len() > current.stream_position()? {
            return Ok(true);
        }
        let next = self.put_aside_after(old.ino())?.unwrap_or(newest);
        Ok(self.take(next))
    }

    /// The file that was begun when the given one was put aside, if it was put aside since, too.
    fn put_aside_after(&self, file: u64) -> io::Result<Option<File>> {
        let mut newer = None;
        for age in 1..LOG_FILES {
            match File::open(rotated(&self.path, age)) {
                Ok(found) if found.metadata()?.ino() == file => return Ok(newer),
                Ok(found) => newer = Some(found),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        // So much was written since that it is gone: go on with the oldest that is left.
        Ok(newer)
    }

    fn take(&mut self, file: File) -> bool {
        self.line.clear();
        self.current = Some(BufReader::new(file));
        true
    }
}

#[cfg(test)]
mod tests;
