//! One file: read whole, replaced whole, one writer at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gantry_base::ignore;
use gantry_schema::decode;
use serde_json::{Value, json};

use super::KubeconfigError;

/// How long another writer is waited for.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How often it is looked whether the other writer has finished.
const LOCK_POLL: Duration = Duration::from_millis(20);

/// The tree in a file; nothing when there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Value>, KubeconfigError> {
    let content = match fs::read(path) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(KubeconfigError::file("read", path, error)),
    };
    let syntax = |source| KubeconfigError::Syntax {
        path: path.to_owned(),
        source,
    };
    let first = decode::documents(&content)
        .map_err(syntax)?
        .into_iter()
        .next();
    let tree = first.map(|document| document.untyped().value);
    Ok(Some(
        tree.filter(Value::is_object).unwrap_or_else(|| json!({})),
    ))
}

/// Changes the file with `change`, under its lock. A file that is not there is made.
pub(super) fn change(path: &Path, change: impl FnOnce(&mut Value)) -> Result<(), KubeconfigError> {
    let path = &resolved(path);
    let created = make_parent(path)?;
    let _lock = Lock::take(path)?;
    let mut tree = read(path)?.unwrap_or_else(|| json!({}));
    let before = tree.clone();
    change(&mut tree);
    if tree != before {
        replace(path, &tree)?;
    }
    if let Some(directory) = created {
        give_to_caller(&directory, None);
    }
    Ok(())
}

/// A link is followed, so that the file behind it is replaced and not the link.
fn resolved(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Makes the directory; returns it when it was not there.
fn make_parent(path: &Path) -> Result<Option<PathBuf>, KubeconfigError> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let Some(parent) = parent.filter(|parent| !parent.exists()) else {
        return Ok(None);
    };
    let made = DirBuilder::new().recursive(true).mode(0o700).create(parent);
    made.map_err(|error| KubeconfigError::file("create", parent, error))?;
    Ok(Some(parent.to_owned()))
}

fn replace(path: &Path, tree: &Value) -> Result<(), KubeconfigError> {
    let failed = |error| KubeconfigError::file("write", path, error);
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}.new", std::process::id()));
    let draft = PathBuf::from(draft);
    let written = write_draft(&draft, tree).and_then(|()| {
        give_to_caller(&draft, fs::metadata(path).ok());
        fs::rename(&draft, path)
    });
    if written.is_err() {
        ignore(
            fs::remove_file(&draft),
            "the first error is the one that matters",
        );
    }
    written.map_err(failed)
}

fn write_draft(draft: &Path, tree: &Value) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(draft)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(gantry_api::yaml::write(tree).as_bytes())?;
    file.sync_all()
}

/// Keeps the owner the file had; a new one belongs to the user who called sudo.
fn give_to_caller(path: &Path, before: Option<fs::Metadata>) {
    let id = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    let owner = match before {
        Some(before) => (Some(before.uid()), Some(before.gid())),
        None => (id("SUDO_UID"), id("SUDO_GID")),
    };
    let reason = "only root can give files away, and others own what they make";
    ignore(chown(path, owner.0, owner.1), reason);
}

/// The right to write a file. Other programs know the lock by its existence (`<file>.lock`).
struct Lock {
    path: PathBuf,
}

impl Lock {
    fn take(path: &Path) -> Result<Self, KubeconfigError> {
        let mut lock = path.as_os_str().to_owned();
        lock.push(".lock");
        let lock = PathBuf::from(lock);
        let deadline = Instant::now() + LOCK_WAIT;
        loop {
            match File::create_new(&lock) {
                Ok(_) => return Ok(Self { path: lock }),
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(KubeconfigError::file("lock", path, error));
                }
                Err(_) if Instant::now() >= deadline => {
                    let path = path.to_owned();
                    return Err(KubeconfigError::Locked { path, lock });
                }
                Err(_) => std::thread::sleep(LOCK_POLL),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        ignore(fs::remove_file(&self.path), "a lock that is gone is open");
    }
}
