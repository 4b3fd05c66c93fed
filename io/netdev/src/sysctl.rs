//! The kernel's network switches.
//!
//! A switch that already stands right is not touched, so a read-only `/proc/sys` does no harm on a
//! machine that was prepared. Switches are found in the network namespace of the calling thread.

use std::io;
use std::path::PathBuf;

/// Why a switch could not be set.
#[derive(Debug, thiserror::Error)]
#[error("set {} to {value}", path.display())]
pub struct SysctlError {
    /// The file that stands for the switch.
    pub path: PathBuf,
    /// What it should be.
    pub value: &'static str,
    source: io::Error,
}

/// Sets a switch below `/proc/sys/net/ipv4`, unless it already stands so.
pub(crate) fn set(switch: &str, value: &'static str) -> Result<(), SysctlError> {
    let path = PathBuf::from("/proc/sys/net/ipv4").join(switch);
    let stands = std::fs::read_to_string(&path).is_ok_and(|found| found.trim() == value);
    if stands {
        return Ok(());
    }
    std::fs::write(&path, value).map_err(|source| SysctlError {
        path,
        value,
        source,
    })
}
