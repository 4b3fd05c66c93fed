//! What this process uses, as the kernel tells when somebody asks.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// The kernel counts processor time in hundredths of a second for programs, on every machine.
const TICKS: f64 = 100.0;

#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(used) = used() else {
            return Ok(());
        };
        let about = "Processor time of this process";
        let seconds = ConstCounter::new(used.cpu_seconds);
        let metric =
            encoder.encode_descriptor("process_cpu_seconds", about, None, seconds.metric_type())?;
        seconds.encode(metric)?;
        let gauges = [
            (
                "process_resident_memory_bytes",
                "Memory in use",
                used.resident_bytes,
            ),
            (
                "process_virtual_memory_bytes",
                "Memory reserved",
                used.virtual_bytes,
            ),
            (
                "process_start_time_seconds",
                "When it started, since 1970",
                used.started_at,
            ),
            (
                "process_open_fds",
                "Files and sockets that are open",
                used.open_files,
            ),
            ("process_threads", "Threads", used.threads),
        ];
        for (name, about, value) in gauges {
            let gauge = ConstGauge::new(value);
            let metric = encoder.encode_descriptor(name, about, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}

struct Used {
    cpu_seconds: f64,
    resident_bytes: f64,
    virtual_bytes: f64,
    started_at: f64,
    open_files: f64,
    threads: f64,
}

/// Nothing where the kernel does not tell.
fn used() -> Option<Used> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let booted = fs::read_to_string("/proc/stat").ok()?;
    let booted = booted.lines().find_map(|line| line.strip_prefix("btime "));
    let booted: f64 = booted?.trim().parse().ok()?;
    let open_files = fs::read_dir("/proc/self/fd").ok()?.count();
    parse(&stat, &status, booted, u32::try_from(open_files).ok()?)
}

/// Fields are counted from behind the name, which may contain anything.
fn parse(stat: &str, status: &str, booted: f64, open_files: u32) -> Option<Used> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number)?.parse::<f64>().ok();
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let number: f64 = line.split_whitespace().next()?.parse().ok()?;
        Some(number * 1024.0)
    };
    Some(Used {
        cpu_seconds: (field(11)? + field(12)?) / TICKS,
        threads: field(17)?,
        started_at: booted + field(19)? / TICKS,
        virtual_bytes: kib("VmSize:")?,
        resident_bytes: kib("VmRSS:")?,
        open_files: open_files.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_parentheses_moves_no_field() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4 9 0 0 0 150 50 0 0 20 0 3 0 200 4096 2 18446";
        let status = "Name:\ta\nVmSize:\t    4 kB\nVmRSS:\t    2 kB\n";
        let used = parse(stat, status, 1000.0, 5).unwrap();
        assert_eq!((used.cpu_seconds, used.threads), (2.0, 3.0));
        assert_eq!(
            (used.started_at, used.virtual_bytes, used.resident_bytes),
            (1002.0, 4096.0, 2048.0)
        );
    }
}
