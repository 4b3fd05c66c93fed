//! Which capabilities a container has: the default set, with what was added and dropped.
//!
//! The set is a ceiling. A user other than root holds none of it, and gains it only by running a
//! program that carries capabilities of its own.

use gantry_kubelet::sandbox::ContainerConfig;
use rustix::io;
use rustix::thread::{CapabilitySet, CapabilitySets};
use thiserror::Error;

/// A capability that does not exist.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("understand the capability {0:?}")]
pub struct UnknownCapability(pub String);

/// What a container may do when nothing else is said.
const DEFAULT: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::MKNOD)
    .union(CapabilitySet::NET_RAW)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::SETFCAP)
    .union(CapabilitySet::SETPCAP)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::SYS_CHROOT)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::AUDIT_WRITE);

/// The number of the highest capability that is known here, `CHECKPOINT_RESTORE`.
const HIGHEST: u32 = 40;

/// The capabilities that a container's configuration comes to.
pub(crate) fn granted(config: &ContainerConfig) -> Result<CapabilitySet, UnknownCapability> {
    if config.privileged {
        return Ok(all());
    }
    let asked = &config.capabilities;
    let mut set = if asked.add.contains("ALL") {
        all()
    } else {
        DEFAULT
    };
    if asked.drop.contains("ALL") {
        set = CapabilitySet::empty();
    }
    for name in asked.add.iter().filter(|name| *name != "ALL") {
        set |= parse(name)?;
    }
    for name in asked.drop.iter().filter(|name| *name != "ALL") {
        set -= parse(name)?;
    }
    Ok(set)
}

fn all() -> CapabilitySet {
    each().fold(CapabilitySet::empty(), CapabilitySet::union)
}

fn each() -> impl Iterator<Item = CapabilitySet> {
    (0..=HIGHEST).map(|n| CapabilitySet::from_bits_retain(1 << n))
}

fn parse(name: &str) -> Result<CapabilitySet, UnknownCapability> {
    let upper = name.to_ascii_uppercase();
    let short = upper.strip_prefix("CAP_").unwrap_or(&upper);
    CapabilitySet::from_name(short).ok_or_else(|| UnknownCapability(name.to_owned()))
}

/// Makes `set` the most that this process and all it runs can ever have.
///
/// What this process lacks itself cannot be given, and is left out in silence: a nested machine
/// has fewer to give.
pub(crate) fn bound(set: CapabilitySet) -> io::Result<()> {
    for capability in each().filter(|one| !set.contains(*one)) {
        match rustix::thread::remove_capability_from_bounding_set(capability) {
            Ok(()) | Err(io::Errno::INVAL) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Gives up everything outside of `set`, as the last act before running a program.
pub(crate) fn keep(set: CapabilitySet) -> io::Result<()> {
    let held = rustix::thread::capabilities(None)?;
    let kept = held.permitted & set;
    let sets = CapabilitySets {
        effective: kept,
        permitted: kept,
        inheritable: CapabilitySet::empty(),
    };
    rustix::thread::set_capabilities(None, sets)
}

#[cfg(test)]
mod tests {
    use gantry_kubelet::sandbox::Capabilities;

    use super::*;

    fn of(add: &[&str], drop: &[&str]) -> Result<CapabilitySet, UnknownCapability> {
        let set = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect();
        let capabilities = Capabilities {
            add: set(add),
            drop: set(drop),
        };
        granted(&ContainerConfig {
            capabilities,
            ..ContainerConfig::default()
        })
    }

    #[test]
    fn dropping_all_leaves_only_what_is_added() {
        assert_eq!(of(&["net_admin"], &["ALL"]), Ok(CapabilitySet::NET_ADMIN));
    }

    #[test]
    fn adding_all_and_dropping_one_leaves_the_others() {
        let set = of(&["ALL"], &["CAP_SYS_ADMIN"]).unwrap();
        assert!(set.contains(CapabilitySet::NET_ADMIN));
        assert!(!set.contains(CapabilitySet::SYS_ADMIN));
    }

    #[test]
    fn the_default_set_cannot_mount_or_trace() {
        let set = of(&[], &[]).unwrap();
        assert!(!set.intersects(CapabilitySet::SYS_ADMIN | CapabilitySet::SYS_PTRACE));
    }

    #[test]
    fn an_unknown_name_is_refused() {
        assert_eq!(
            of(&["NET_ADMN"], &[]),
            Err(UnknownCapability("NET_ADMN".into()))
        );
    }
}
