//! A file that is rotated: when it is full it is put beside itself under the time at which that
//! happened, and the oldest of those are removed.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use flate2::Compression;
use flate2::write::GzEncoder;
use gantry_base::time::{rfc3339_micro, since};
use gantry_base::{Timestamp, ignore};
use tracing::warn;

use crate::log::LogConfig;

const GZIP: &str = "gz";
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// The file that is written at the moment.
pub(crate) struct Rotated {
    config: LogConfig,
    path: PathBuf,
    file: File,
    size: u64,
    /// Who compresses the one that was full last.
    packing: Option<JoinHandle<()>>,
}

impl Rotated {
    pub(crate) fn open(path: &Path, config: &LogConfig) -> io::Result<Self> {
        if let Some(parent) = path.parent().filter(|own| !own.as_os_str().is_empty()) {
            fs::create_dir_all(parent)?;
        }
        let file = open(path)?;
        Ok(Self {
            config: config.clone(),
            path: path.to_owned(),
            size: file.metadata()?.len(),
            file,
            packing: None,
        })
    }

    /// Makes room for so many bytes in one file.
    pub(crate) fn make_room(&mut self, bytes: usize, now: Timestamp) -> io::Result<()> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        if self.size == 0 || self.size.saturating_add(bytes) <= self.config.most_bytes {
            return Ok(());
        }
        self.file.sync_all()?;
        let full = self.backup(now);
        fs::rename(&self.path, &full)?;
        self.file = open(&self.path)?;
        self.size = 0;
        if self.config.compress {
            self.pack(full);
        }
        self.tidy(now);
        Ok(())
    }

    /// Writes some bytes; how many of them.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.size += u64::try_from(written).unwrap_or(u64::MAX);
        Ok(written)
    }

    /// Sees to it that all is on the disk.
    pub(crate) fn finish(&mut self) {
        if let Err(error) = self.file.sync_all() {
            warn!(%error, "could not write the end of the audit log to the disk");
        }
        if let Some(packing) = self.packing.take() {
            ignore(packing.join(), "it has told what went wrong");
        }
    }

    /// What the file is called once it is full.
    fn backup(&self, now: Timestamp) -> PathBuf {
        let time = rfc3339_micro(now).replace(':', "-");
        let (stem, end) = self.words();
        let end = end.map(|end| format!(".{end}")).unwrap_or_default();
        self.path.with_file_name(format!("{stem}-{time}{end}"))
    }

    /// The file's name and its ending.
    fn words(&self) -> (String, Option<String>) {
        let text = |word: &std::ffi::OsStr| word.to_string_lossy().into_owned();
        let stem = self.path.file_stem().map(text);
        (stem.unwrap_or_default(), self.path.extension().map(text))
    }

    /// Compresses a file that is full, beside what is written next.
    fn pack(&mut self, full: PathBuf) {
        if let Some(packing) = self.packing.take() {
            ignore(packing.join(), "it has told what went wrong");
        }
        let packed = std::thread::Builder::new()
            .name("audit-pack".to_owned())
            .spawn(move || {
                if let Err(error) = pack(&full) {
                    let path = full.display().to_string();
                    warn!(path, %error, "could not compress an audit log");
                }
            });
        self.packing = packed.ok();
    }

    /// Removes what is too old, and the oldest of too many.
    fn tidy(&self, now: Timestamp) {
        let backups = self.backups();
        // One that is being compressed is there twice for a moment.
        let times: BTreeSet<Timestamp> = backups.iter().map(|(at, _)| *at).collect();
        let kept = self.config.most_backups.checked_sub(1);
        let oldest = kept.and_then(|kept| times.iter().rev().nth(kept).copied());
        let is_old = |at: Timestamp| {
            let days = since(now, at).as_secs() / DAY_SECONDS;
            self.config.most_days != 0 && self.config.most_days <= days
        };
        let is_one_too_many = |at: Timestamp| oldest.is_some_and(|oldest| at < oldest);
        let all = backups.into_iter();
        for (_, path) in all.filter(|(at, _)| is_one_too_many(*at) || is_old(*at)) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    let path = path.display().to_string();
                    warn!(path, %error, "could not remove an old audit log");
                }
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// The files that were full, with when that was.
    fn backups(&self) -> Vec<(Timestamp, PathBuf)> {
        let parent = self.path.parent().filter(|own| !own.as_os_str().is_empty());
        let Ok(entries) = fs::read_dir(parent.unwrap_or(Path::new("."))) else {
            return Vec::new();
        };
        let (stem, end) = self.words();
        let backup = |path: PathBuf| {
            let name = path.file_name()?.to_str()?;
            let name = name.strip_suffix(&format!(".{GZIP}")).unwrap_or(name);
            let name = match &end {
                Some(end) => name.strip_suffix(&format!(".{end}"))?,
                None => name,
            };
            let time = name.strip_prefix(&format!("{stem}-"))?;
            let (day, hours) = time.split_once('T')?;
            let at = format!("{day}T{}", hours.replace('-', ":")).parse().ok()?;
            Some((at, path))
        };
        entries
            .flatten()
            .filter_map(|entry| backup(entry.path()))
            .collect()
    }
}

/// Opens a file to write at its end; only its owner may read it.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600).open(path)
}

fn pack(full: &Path) -> io::Result<()> {
    let mut name = full.as_os_str().to_owned();
    name.push(format!(".{GZIP}"));
    let packed = PathBuf::from(name);
    let mut source = File::open(full)?;
    let mut encoder = GzEncoder::new(open(&packed)?, Compression::default());
    let written = io::copy(&mut source, &mut encoder).and_then(|_| encoder.finish()?.sync_all());
    if let Err(error) = written {
        ignore(fs::remove_file(&packed), "the file itself is still there");
        return Err(error);
    }
    fs::remove_file(full)
}
