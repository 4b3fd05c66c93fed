//! Runs a program in a container to its end, for probes and hooks.

use tokio::io::{AsyncRead, AsyncReadExt};

use gantry_kubelet::sandbox::ContainerId;
use gantry_runtime::Exec;

use crate::agent::Agent;

/// How much of its output is kept.
const OUTPUT_BYTES: usize = 10 << 10;

/// Runs a program; its exit code, and the beginning of what it wrote.
pub(crate) async fn run(
    agent: &Agent,
    id: ContainerId,
    argv: Vec<String>,
) -> Result<(i32, String), String> {
    let request = Exec {
        argv,
        ..Exec::default()
    };
    let told = |error: gantry_runtime::RuntimeError| gantry_base::chain(&error);
    let streams = agent.runtime.exec(id, request).await.map_err(told)?;
    let (out, err, exit) = tokio::join!(read(streams.stdout), read(streams.stderr), streams.exit);
    Ok((exit.map_err(told)?, out + &err))
}

/// The beginning of a stream; the rest is read too, so that nobody waits for its reader.
async fn read(stream: Option<Box<dyn AsyncRead + Send + Unpin>>) -> String {
    let Some(mut stream) = stream else {
        return String::new();
    };
    let mut kept = Vec::new();
    let mut buffer = vec![0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let room = OUTPUT_BYTES.saturating_sub(kept.len());
        kept.extend_from_slice(&buffer[..count.min(room)]);
    }
    String::from_utf8_lossy(&kept).into_owned()
}
