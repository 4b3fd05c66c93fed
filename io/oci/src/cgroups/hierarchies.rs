//! Which control group hierarchies a node has mounted, and where.

use std::path::PathBuf;
use std::{fs, io};

/// The two generations of the kernel's interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    One,
    Two,
}

/// One tree of groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hierarchy {
    pub(crate) version: Version,
    /// What can be limited there.
    pub(crate) controllers: Vec<String>,
    pub(crate) mount: PathBuf,
}

impl Hierarchy {
    pub(crate) fn has(&self, controller: &str) -> bool {
        self.controllers.iter().any(|name| name == controller)
    }
}

/// All trees of groups that matter to containers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hierarchies {
    all: Vec<Hierarchy>,
}

/// The hierarchy by which service managers of the hybrid layout know their services.
const SERVICES: &str = "name=systemd";

impl Hierarchies {
    /// Finds those that are mounted.
    pub fn discover() -> io::Result<Self> {
        let mut found = Self::parse(&fs::read_to_string("/proc/self/mountinfo")?);
        for unified in found.all.iter_mut().filter(|h| h.version == Version::Two) {
            let offered = fs::read_to_string(unified.mount.join("cgroup.controllers"))?;
            unified.controllers = offered.split_whitespace().map(str::to_owned).collect();
        }
        if found.all.is_empty() {
            let text = "no cgroup hierarchy is mounted below /sys/fs/cgroup";
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        Ok(found)
    }

    fn parse(mountinfo: &str) -> Self {
        let mut all: Vec<Hierarchy> = Vec::new();
        for found in mountinfo.lines().filter_map(parse_line) {
            let known =
                |h: &Hierarchy| h.version == found.version && h.controllers == found.controllers;
            if !all.iter().any(known) {
                all.push(found);
            }
        }
        let unified = all.iter().any(|h| h.version == Version::Two);
        // The second version counts processor time and kills groups by itself, so with it these
        // two controllers of the first have nothing left to do.
        let mut wanted = vec!["cpu", "memory", "pids", SERVICES];
        if !unified {
            wanted.extend(["cpuacct", "freezer"]);
        }
        all.retain(|h| h.version == Version::Two || wanted.iter().any(|name| h.has(name)));
        Self { all }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Hierarchy> {
        self.all.iter()
    }

    /// Those that a container gets groups of its own in.
    pub(crate) fn limiting(&self) -> impl Iterator<Item = &Hierarchy> {
        self.all.iter().filter(|h| !h.has(SERVICES))
    }

    /// The only hierarchy, when it is one of the second version.
    pub(crate) fn only_unified(&self) -> Option<&Hierarchy> {
        match self.all.as_slice() {
            [only] if only.version == Version::Two => Some(only),
            _ => None,
        }
    }
}

fn parse_line(line: &str) -> Option<Hierarchy> {
    let (place, kind) = line.split_once(" - ")?;
    let mount = PathBuf::from(place.split(' ').nth(4)?);
    let mut kind = kind.split(' ');
    let version = match kind.next()? {
        "cgroup" => Version::One,
        "cgroup2" => Version::Two,
        _ => return None,
    };
    let options = kind.nth(1)?.split(',');
    let controllers = match version {
        Version::One => options
            .filter(|o| !["rw", "ro"].contains(o))
            .map(str::to_owned)
            .collect(),
        Version::Two => Vec::new(),
    };
    Some(Hierarchy {
        version,
        controllers,
        mount,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID: &str = "\
26 25 0:23 / /sys/fs/cgroup/unified rw,nosuid shared:5 - cgroup2 cgroup2 rw,nsdelegate
27 25 0:24 / /sys/fs/cgroup/systemd rw,nosuid shared:6 - cgroup cgroup rw,xattr,name=systemd
28 25 0:25 / /sys/fs/cgroup/cpu,cpuacct rw shared:7 - cgroup cgroup rw,cpu,cpuacct
29 25 0:26 / /sys/fs/cgroup/freezer rw shared:8 - cgroup cgroup rw,freezer
30 25 0:27 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory
31 22 0:28 / /other/memory rw shared:9 - cgroup cgroup rw,memory
32 22 8:1 / / rw - ext4 /dev/root rw
";

    #[test]
    fn a_hybrid_node_is_limited_by_the_first_version_and_counted_by_the_second() {
        let found = Hierarchies::parse(HYBRID);
        let mounts: Vec<_> = found
            .limiting()
            .map(|h| h.mount.display().to_string())
            .collect();
        let expected = ["unified", "cpu,cpuacct", "memory"];
        assert_eq!(
            mounts,
            expected.map(|name| format!("/sys/fs/cgroup/{name}"))
        );
        assert!(found.all().any(|h| h.has(SERVICES)));
        assert!(found.only_unified().is_none());
    }

    #[test]
    fn a_node_of_the_second_version_has_one_hierarchy() {
        let found = Hierarchies::parse("26 25 0:23 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
        assert!(found.only_unified().is_some());
    }
}
