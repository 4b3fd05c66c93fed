//! The page itself: which pod answered, and how often.
//!
//! Runs in a container with nothing else in it, so it needs nothing but the standard library.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gantry_base::ignore;

use crate::output;

/// Where the page is served.
pub(super) const PORT: u16 = 8080;
/// A visitor who says nothing for so long is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// What of a request is looked at; the page is the same for all.
const REQUEST_BYTES: usize = 4096;
/// Visitors served at the same time.
const WORKERS: usize = 4;

/// Serves until it is killed.
pub(super) fn serve() -> ExitCode {
    let listener = match TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)) {
        Ok(listener) => Arc::new(listener),
        Err(error) => return output::fail("listen for visitors", &error),
    };
    let visits = Arc::new(AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            let (listener, visits) = (Arc::clone(&listener), Arc::clone(&visits));
            scope.spawn(move || work(&listener, &visits));
        }
    });
    ExitCode::SUCCESS
}

fn work(listener: &TcpListener, visits: &AtomicU64) {
    for visitor in listener.incoming().flatten() {
        ignore(
            answer(visitor, visits),
            "a visitor who left needs no answer",
        );
    }
}

fn answer(mut visitor: TcpStream, visits: &AtomicU64) -> std::io::Result<()> {
    visitor.set_read_timeout(Some(PATIENCE))?;
    visitor.set_write_timeout(Some(PATIENCE))?;
    if !asked(&mut visitor)? {
        return Ok(());
    }
    let page = page(visits.fetch_add(1, Ordering::Relaxed) + 1);
    write!(
        visitor,
        "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}",
        page.len()
    )
}

/// Whether a whole question came. What was left unread would reset the connection at its end, and
/// take the page with it.
fn asked(visitor: &mut TcpStream) -> std::io::Result<bool> {
    let mut request = [0; REQUEST_BYTES];
    let mut length = 0;
    while length < REQUEST_BYTES && !request[..length].ends_with(b"\r\n\r\n") {
        let read = visitor.read(&mut request[length..])?;
        if read == 0 {
            return Ok(false);
        }
        length += read;
    }
    Ok(true)
}

fn page(visit: u64) -> String {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| "unknown".to_owned());
    let (pod, address, node) = (
        variable("POD_NAME"),
        variable("POD_IP"),
        variable("NODE_NAME"),
    );
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Gantry</title><style>\
         body{{font-family:system-ui,sans-serif;max-width:40rem;margin:4rem auto;line-height:1.6}}\
         td{{padding:.2rem 1rem .2rem 0}}</style></head><body><h1>It works.</h1>\
         <p>This page comes out of a container, through a Service, from one of its pods. Reload it \
         and another pod may answer.</p><table><tr><td>Pod</td><td><b>{pod}</b></td></tr>\
         <tr><td>Address</td><td>{address}</td></tr><tr><td>Node</td><td>{node}</td></tr>\
         <tr><td>Visits to this pod</td><td>{visit}</td></tr></table>\
         <p>Try <code>kubectl scale deployment demo --replicas=5</code>.</p></body></html>\n"
    )
}
