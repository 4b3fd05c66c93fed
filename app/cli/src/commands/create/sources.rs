//! Data from literals, files and environment files, as config maps and secrets take it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clap::Args;

use crate::failure::{Failure, said};

/// Where data comes from.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Sources {
    /// A key and literal value (i.e. mykey=somevalue)
    #[arg(long)]
    from_literal: Vec<String>,
    /// A file, a directory, or key=file
    #[arg(long)]
    from_file: Vec<String>,
    /// A file of key=val pairs, one a line
    #[arg(long)]
    from_env_file: Vec<String>,
}

impl Sources {
    /// Everything that is named, by key.
    pub(crate) fn read(&self) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
        let mut data = BTreeMap::new();
        for file in &self.from_file {
            add_file(&mut data, file)?;
        }
        for literal in &self.from_literal {
            let Some((key, value)) = literal.split_once('=').filter(|(key, _)| !key.is_empty())
            else {
                return said(format!(
                    "invalid literal source {literal}, expected key=value"
                ));
            };
            add(
                &mut data,
                key,
                value.trim_matches(['\'', '"']).as_bytes().to_vec(),
            )?;
        }
        for file in &self.from_env_file {
            let content = String::from_utf8_lossy(&read(Path::new(file))?).into_owned();
            for line in content.lines().map(str::trim_start) {
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let (key, value) = line.split_once('=').unwrap_or((line, ""));
                add(&mut data, key, value.as_bytes().to_vec())?;
            }
        }
        Ok(data)
    }
}

fn add_file(data: &mut BTreeMap<String, Vec<u8>>, source: &str) -> Result<(), Failure> {
    let (key, path) = match source.split_once('=') {
        Some((key, path)) => (Some(key), Path::new(path)),
        None => (None, Path::new(source)),
    };
    if path.is_dir() {
        if key.is_some() {
            return said("cannot give a key name for a directory path");
        }
        let wrong = |error| Failure::Said(format!("error reading {source}: {error}"));
        for entry in fs::read_dir(path).map_err(wrong)? {
            let path = entry.map_err(wrong)?.path();
            if path.is_file() {
                add(data, &file_name(&path), read(&path)?)?;
            }
        }
        return Ok(());
    }
    let key = key.map_or_else(|| file_name(path), str::to_owned);
    add(data, &key, read(path)?)
}

fn add(data: &mut BTreeMap<String, Vec<u8>>, key: &str, value: Vec<u8>) -> Result<(), Failure> {
    if data.insert(key.to_owned(), value).is_some() {
        return said(format!(
            "cannot add key {key:?}, another key by that name already exists"
        ));
    }
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path)
        .map_err(|error| Failure::Said(format!("error reading {}: {error}", path.display())))
}
