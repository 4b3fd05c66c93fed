//! One request over a connection of its own, as `curl` makes it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

const PATIENCE: Duration = Duration::from_secs(5);

/// Gets `path` from an address; the body of an answer with status 200.
pub(crate) fn get(address: SocketAddr, path: &str) -> Result<String> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE);
    let mut stream = stream.with_context(|| format!("connect to {address}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .with_context(|| format!("read from {address}"))?;
    ensure!(
        answer.starts_with("HTTP/1.1 200"),
        "get {address}{path}: {answer:?}"
    );
    let (_, body) = answer.split_once("\r\n\r\n").context("find the body")?;
    Ok(body.to_owned())
}
