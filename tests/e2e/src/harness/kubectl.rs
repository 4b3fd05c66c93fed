//! Which `kubectl`s are on this machine, and our own.

use std::path::{Path, PathBuf};

/// One client for the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kubectl {
    /// How to call it in messages.
    pub(crate) name: String,
    /// The program.
    pub(crate) program: PathBuf,
    /// What comes before all other arguments.
    pub(crate) first: Option<&'static str>,
}

impl Kubectl {
    /// The one inside the binary.
    pub(crate) fn builtin(gantry: &Path) -> Self {
        let (name, program) = ("gantry kubectl".to_owned(), gantry.to_owned());
        Self {
            name,
            program,
            first: Some("kubectl"),
        }
    }

    /// The stock ones from the oldest to the newest: what the path leads to, and siblings of that
    /// file which carry a version, such as `kubectl.1.27`.
    pub(crate) fn stock() -> Vec<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let Some(found) = std::env::split_paths(&path)
            .map(|dir| dir.join("kubectl"))
            .find(|file| file.is_file())
        else {
            return Vec::new();
        };
        let real = found.canonicalize().unwrap_or_else(|_| found.clone());
        let beside = real.parent().map(std::fs::read_dir);
        let entries = beside.into_iter().flatten().flatten().flatten();
        let mut versions: Vec<((u32, u32), PathBuf)> = entries
            .filter_map(|entry| Some((version(entry.file_name().to_str()?)?, entry.path())))
            .collect();
        versions.sort();
        if versions.is_empty() {
            return vec![Self {
                name: "kubectl".into(),
                program: found,
                first: None,
            }];
        }
        let stock = |((major, minor), program)| {
            let name = format!("kubectl {major}.{minor}");
            Self {
                name,
                program,
                first: None,
            }
        };
        versions.into_iter().map(stock).collect()
    }
}

fn version(file: &str) -> Option<(u32, u32)> {
    let (major, minor) = file.strip_prefix("kubectl.")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
