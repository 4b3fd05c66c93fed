//! Collects the published examples: one object of each kind with every field set, in JSON and in
//! protobuf.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

/// Where the examples of one encoding are committed, seen from the workspace root.
const JSON: &str = "model/schema/src/proto/examples/json.gz";
const PROTO: &str = "model/schema/src/proto/examples/proto.gz";
/// Where they are published, seen from the folder of modules.
const FOLDERS: [&str; 2] = [
    "api@v0.35.0/testdata/HEAD",
    "apiextensions-apiserver@v0.35.0/pkg/apis/testdata/HEAD",
];

/// Writes the examples of `kinds`: a line of JSON each, and as many messages, each behind its length
/// in four bytes.
pub(crate) fn write(folder: &Path, kinds: &BTreeSet<(String, String)>) -> Result<()> {
    let (mut json, mut proto) = (Vec::new(), Vec::new());
    for path in published(folder)? {
        let text = std::fs::read_to_string(&path)?;
        let object: Value =
            serde_json::from_str(&text).with_context(|| format!("read {}", path.display()))?;
        let word = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
        if !kinds.contains(&(word("apiVersion"), word("kind"))) {
            continue;
        }
        let message = std::fs::read(path.with_extension("pb"))?;
        writeln!(json, "{object}")?;
        proto.extend(u32::try_from(message.len())?.to_be_bytes());
        proto.extend(message);
    }
    for (target, content) in [(JSON, json), (PROTO, proto)] {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&content)?;
        let target = crate::workspace::root().join(target);
        std::fs::create_dir_all(target.parent().context("find the folder")?)?;
        std::fs::write(&target, encoder.finish()?)
            .with_context(|| format!("write {}", target.display()))?;
    }
    Ok(())
}

/// All examples in JSON, in the order of their names.
fn published(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut paths = BTreeSet::new();
    for inside in FOLDERS {
        let folder = folder.join(inside);
        let entries = std::fs::read_dir(&folder);
        for entry in entries.with_context(|| format!("read {}", folder.display()))? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                paths.insert(path);
            }
        }
    }
    Ok(paths)
}
