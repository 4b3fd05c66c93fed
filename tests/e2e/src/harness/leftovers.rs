//! What clusters make on a machine, so that it can be seen that nothing of it is left.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use super::program::contents;
use super::wait::until;
use super::{Lab, Program};

/// How deep cgroups of ours may lie.
const CGROUP_DEPTH: usize = 4;

/// Everything that looks like ours: processes, mounts, cgroups, namespaces, links, tables.
pub(crate) fn now(lab: &Lab) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    found.extend(processes(lab.gantry()));
    found.extend(mounts(lab.dir()));
    cgroups(Path::new("/sys/fs/cgroup"), CGROUP_DEPTH, &mut found);
    found.extend(names("/run/netns").map(|name| format!("network namespace {name}")));
    let links =
        names("/sys/class/net").filter(|name| name.starts_with("gantry") || name.starts_with("gv"));
    found.extend(links.map(|name| format!("link {name}")));
    found.extend(tables()?);
    Ok(found)
}

/// Fails for what is there now and was not before.
pub(crate) fn none_since(lab: &Lab, before: &BTreeSet<String>) -> Result<()> {
    // The kernel takes links away a moment after their namespace.
    until("nothing is left behind", || {
        let left: Vec<_> = now(lab)?.difference(before).cloned().collect();
        ensure!(left.is_empty(), "still there: {}", left.join(", "));
        Ok(())
    })
}

fn processes(gantry: &Path) -> impl Iterator<Item = String> {
    let path = gantry.display().to_string();
    names("/proc").filter_map(move |pid| {
        let exe = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
        let line = contents(format!("/proc/{pid}/cmdline").as_ref())?.replace('\0', " ");
        exe.to_string_lossy()
            .starts_with(&path)
            .then(|| format!("process {pid} {line}"))
    })
}

fn mounts(lab: &Path) -> Vec<String> {
    let below = lab.display().to_string();
    let table = contents("/proc/self/mountinfo".as_ref()).unwrap_or_default();
    let places = table.lines().filter_map(|line| line.split(' ').nth(4));
    places
        .filter(|place| place.starts_with(&below))
        .map(|place| format!("mount {place}"))
        .collect()
}

fn cgroups(directory: &Path, depth: usize, found: &mut BTreeSet<String>) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        if entry.file_name().to_string_lossy().starts_with("gantry") {
            found.insert(format!("cgroup {}", entry.path().display()));
        } else if 0 < depth {
            cgroups(&entry.path(), depth - 1, found);
        }
    }
}

fn tables() -> Result<Vec<String>> {
    let Ok(said) = Program::new("nft").words("list tables").run() else {
        return Ok(Vec::new());
    };
    let text = said.ok()?;
    Ok(text
        .lines()
        .filter(|line| line.contains("gantry"))
        .map(str::to_owned)
        .collect())
}

fn names(directory: &str) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned())
}
