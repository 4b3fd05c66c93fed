//! The file of keys that a cluster gets when nothing else is configured.
//!
//! It is an EncryptionConfiguration like any other, with one key for Secrets. A file that is there
//! is never replaced by a fresh one: its keys may be the only ones that open what is kept.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::cipher::{Seed, random, shown};
use crate::config::{Configuration, NamedKey, Provider};
use crate::error::SealingError;

/// What is sealed unless somebody says otherwise.
const USUAL: &str = "secrets";

/// Makes the file with a fresh key, unless it is there; whether it was made.
pub fn make(path: &Path) -> Result<bool, SealingError> {
    if path.exists() {
        return Configuration::read(path).map(|_| false);
    }
    write(path, &[fresh()?])?;
    Ok(true)
}

/// Puts a fresh key before those that are there: what is sealed from now on is sealed with it.
pub fn add(path: &Path) -> Result<String, SealingError> {
    let mut keys = keys(path)?;
    let fresh = fresh()?;
    let name = fresh.name.clone();
    keys.insert(0, fresh);
    write(path, &keys)?;
    Ok(name)
}

/// Forgets all keys but the first; how many that were.
pub fn retire(path: &Path) -> Result<usize, SealingError> {
    let mut keys = keys(path)?;
    let old = keys.split_off(1.min(keys.len()));
    if !old.is_empty() {
        write(path, &keys)?;
    }
    Ok(old.len())
}

fn keys(path: &Path) -> Result<Vec<NamedKey>, SealingError> {
    let configuration = Configuration::read(path)?;
    let providers = configuration
        .rules
        .into_iter()
        .flat_map(|rule| rule.providers);
    let keys = providers.filter_map(|provider| match provider {
        Provider::Key(key) => Some(key),
        Provider::Identity | Provider::PlugIn(_) => None,
    });
    Ok(keys.collect())
}

fn fresh() -> Result<NamedKey, SealingError> {
    let seed = Seed::draw()?;
    let name = format!("key-{}", shown(random()?));
    Ok(NamedKey { name, seed })
}

fn write(path: &Path, keys: &[NamedKey]) -> Result<(), SealingError> {
    let entry = |key: &NamedKey| {
        let secret = STANDARD.encode(key.seed.bytes());
        format!("      - name: {}\n        secret: {secret}\n", key.name)
    };
    let text = format!(
        "# The keys that a cluster's Secrets are sealed with, the current one first. Without this\n\
         # file they cannot be read: keep a copy, and not beside the cluster's data.\n\
         apiVersion: apiserver.config.k8s.io/v1\n\
         kind: EncryptionConfiguration\n\
         resources:\n\
         - resources: [{USUAL}]\n  providers:\n  - aesgcm:\n      keys:\n{}  - identity: {{}}\n",
        keys.iter().map(entry).collect::<String>()
    );
    replace(path, &text).map_err(|source| SealingError::Write {
        path: path.to_owned(),
        source,
    })
}

/// Replaces a file as a whole, durably, readable by its owner only.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder)?;
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_added_before_the_old_one_and_the_old_one_is_retired() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/keys.yaml");
        assert!(make(&path).unwrap());
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let first = fs::read_to_string(&path).unwrap();
        assert!(!make(&path).unwrap(), "one that is there stays");
        assert_eq!(fs::read_to_string(&path).unwrap(), first);
        assert_eq!(retire(&path).unwrap(), 0);
        let old = Configuration::read(&path).unwrap();
        let name = add(&path).unwrap();
        let both = Configuration::read(&path).unwrap();
        assert_eq!(both.keys(), [name.as_str(), old.keys()[0]]);
        assert_eq!(retire(&path).unwrap(), 1);
        assert_eq!(Configuration::read(&path).unwrap().keys(), [name.as_str()]);
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.yaml");
        make(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let refused = Configuration::read(&path).unwrap_err().to_string();
        assert!(refused.contains("mode 644"), "{refused}");
        fs::remove_file(&path).unwrap();
        let missing = Configuration::read(&path).unwrap_err().to_string();
        assert!(missing.contains("the file is missing"), "{missing}");
    }
}
