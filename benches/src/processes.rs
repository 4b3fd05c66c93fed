//! What all processes of the binary use together.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

/// What the kernel counts processor time in, for programs, on every architecture.
const TICK: Duration = Duration::from_millis(10);

/// Resident memory and processor time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) resident_bytes: u64,
    pub(crate) processor: Duration,
}

/// The sum over all processes that run `program`.
pub(crate) fn usage(program: &Path) -> Result<Usage> {
    let mut sum = Usage::default();
    for entry in fs::read_dir("/proc")? {
        let process = entry?.path();
        if fs::read_link(process.join("exe")).is_ok_and(|exe| exe == program) {
            // One that ends while it is looked at uses nothing any more.
            let one = of(&process).unwrap_or_default();
            sum.resident_bytes += one.resident_bytes;
            sum.processor += one.processor;
        }
    }
    Ok(sum)
}

/// What this process has used.
pub(crate) fn own() -> Result<Usage> {
    of(Path::new("/proc/self"))
}

fn of(process: &Path) -> Result<Usage> {
    let stat = fs::read_to_string(process.join("stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("read a process's figures")?;
    // Counted from the state, which follows the name.
    let field = |place| -> Result<u64> {
        let text = fields.split_whitespace().nth(place);
        Ok(text.context("find a figure")?.parse()?)
    };
    Ok(Usage {
        resident_bytes: resident(process)?,
        processor: TICK * u32::try_from(field(11)? + field(12)?)?,
    })
}

fn resident(process: &Path) -> Result<u64> {
    let status = fs::read_to_string(process.join("status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibi = line
        .context("find the resident memory")?
        .trim()
        .trim_end_matches(" kB");
    Ok(kibi.parse::<u64>()? * 1024)
}
