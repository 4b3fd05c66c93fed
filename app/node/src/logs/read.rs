//! Reads the files of one container's log in order, the oldest first, also while they move on.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::line;

/// How many files of a log were rotated away at most.
const ROTATED_MAX: u32 = 16;

/// A place in a log, from which it is read on.
#[derive(Debug)]
pub(super) struct Reader {
    path: PathBuf,
    /// Rotated files that were not begun yet, the oldest last.
    older: Vec<PathBuf>,
    open: Option<BufReader<File>>,
    /// The beginning of a line whose end was not written yet.
    begun: Vec<u8>,
}

impl Reader {
    /// The beginning of the log whose newest file is at `path`.
    pub(super) fn new(path: &Path) -> Self {
        let rotated = |age: u32| {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".{age}"));
            PathBuf::from(name)
        };
        Self {
            path: path.to_owned(),
            older: (1..ROTATED_MAX)
                .map(rotated)
                .take_while(|file| file.exists())
                .collect(),
            open: None,
            begun: Vec::new(),
        }
    }

    /// The next whole line without its end; nothing when no more was written yet.
    pub(super) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if self.open.is_none() && !self.open_next()? {
                return Ok(None);
            }
            let Some(open) = &mut self.open else {
                return Ok(None);
            };
            open.read_until(b'\n', &mut self.begun)?;
            if self.begun.last() == Some(&b'\n') {
                self.begun.pop();
                return Ok(Some(std::mem::take(&mut self.begun)));
            }
            if !self.has_moved_on()? {
                return Ok(None);
            }
            self.begun.clear();
            self.open = None;
        }
    }

    fn open_next(&mut self) -> io::Result<bool> {
        let path = self.older.pop().unwrap_or_else(|| self.path.clone());
        match File::open(&path) {
            Ok(file) => {
                self.open = Some(BufReader::new(file));
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether the log goes on in another file than the one that was read to its end.
    fn has_moved_on(&self) -> io::Result<bool> {
        if !self.older.is_empty() {
            return Ok(true);
        }
        let Some(open) = &self.open else {
            return Ok(true);
        };
        let own = open.get_ref().metadata()?;
        let newest = match self.path.metadata() {
            Ok(newest) => newest,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        Ok((own.dev(), own.ino()) != (newest.dev(), newest.ino()))
    }
}

/// The last lines of a log, as text; empty when there are none.
pub(crate) fn tail(path: &Path, lines: usize, bytes: usize) -> String {
    // Each line has its time and its source before its text.
    let text = end_of(path, bytes * 2 + lines * 64).unwrap_or_default();
    let all: Vec<Vec<u8>> = text.split(|byte| *byte == b'\n').map(line::text).collect();
    let shown: Vec<&Vec<u8>> = all.iter().filter(|line| !line.is_empty()).collect();
    let last = shown[shown.len().saturating_sub(lines)..].iter();
    let joined: Vec<u8> = last.flat_map(|line| line.iter().copied()).collect();
    let cut = &joined[joined.len().saturating_sub(bytes)..];
    String::from_utf8_lossy(cut).into_owned()
}

fn end_of(path: &Path, bytes: usize) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    file.seek(SeekFrom::Start(size.saturating_sub(bytes)))?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;

    fn rest(reader: &mut Reader) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(line) = reader.next().unwrap() {
            all.push(String::from_utf8(line).unwrap());
        }
        all
    }

    #[test]
    fn a_log_is_read_across_files_that_are_rotated_meanwhile() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("0.log");
        fs::write(dir.path().join("0.log.2"), "a\n").unwrap();
        fs::write(dir.path().join("0.log.1"), "b\n").unwrap();
        fs::write(&path, "c\nd").unwrap();
        let mut reader = Reader::new(&path);
        assert_eq!(rest(&mut reader), ["a", "b", "c"]);
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"d\n").unwrap();
        fs::rename(&path, dir.path().join("0.log.1")).unwrap();
        fs::write(&path, "e\n").unwrap();
        assert_eq!(rest(&mut reader), ["dd", "e"]);
    }

    #[test]
    fn the_last_words_are_the_last_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("0.log");
        let line = |text: &str| format!("2026-01-01T00:00:01.000000000Z stderr F {text}\n");
        fs::write(&path, ["x", "why", "so"].map(line).concat()).unwrap();
        assert_eq!(tail(&path, 2, 2048), "why\nso\n");
        assert_eq!(tail(&path, 2, 4), "\nso\n");
        assert_eq!(tail(&dir.path().join("none"), 2, 4), "");
    }
}
