//! The committed inputs: a folder for each target, a file for each input.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target)
}

/// The inputs of a target with their names, in the order of these.
pub fn read(target: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let folder = folder(target);
    let mut inputs = Vec::new();
    let entries = fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let input = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
        inputs.push((name.into_owned(), input));
    }
    inputs.sort();
    Ok(inputs)
}

/// Keeps an input that was found, so that it is tried first from now on.
pub fn keep(target: &str, name: &str, input: &[u8]) -> Result<PathBuf> {
    let path = folder(target).join(name);
    fs::write(&path, input).with_context(|| format!("write {}", path.display()))?;
    Ok(path)
}
