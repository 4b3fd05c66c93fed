//! The channels between a client and a program, the same over WebSocket and SPDY.

use gantry_api::Rejection;
use tokio::io::{AsyncRead, DuplexStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::limits::STREAM_SETUP;
use crate::query::Query;
use crate::spdy::Stream;
use crate::streams::outlet::Outlet;

/// Bytes that a client sends.
pub(crate) type Input = Box<dyn AsyncRead + Send + Unpin>;

/// Which channels the client asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) stdin: bool,
    pub(crate) stdout: bool,
    pub(crate) stderr: bool,
    pub(crate) tty: bool,
}

impl Asked {
    /// What the query asks for. A terminal has no errors of its own.
    pub(crate) fn read(query: &Query) -> Result<Self, Rejection> {
        let tty = query.flag("tty");
        let asked = Self {
            stdin: query.flag("stdin"),
            stdout: query.flag("stdout"),
            stderr: query.flag("stderr") && !tty,
            tty,
        };
        if asked.stdin || asked.stdout || asked.stderr {
            return Ok(asked);
        }
        Err(Rejection::bad_request(
            "you must specify at least 1 of stdin, stdout, stderr",
        ))
    }
}

/// The client's ends of the channels.
pub(crate) struct Channels {
    pub(crate) stdin: Option<Input>,
    /// Sizes of the terminal, as JSON objects one behind the other.
    pub(crate) resize: Option<Input>,
    pub(crate) stdout: Option<Outlet>,
    pub(crate) stderr: Option<Outlet>,
    /// Where the outcome is told.
    pub(crate) error: Outlet,
    /// Whether the outcome is told as a Status, or only a failure as text, to older clients.
    pub(crate) tells_status: bool,
}

/// A client that did not open the streams it asked for.
#[derive(Debug, thiserror::Error)]
#[error("wait for the client to open its streams: {missing} is missing")]
pub(crate) struct Missing {
    missing: &'static str,
}

/// Waits for a SPDY client to open a stream for each channel it asked for.
pub(crate) async fn over_spdy(
    mut streams: mpsc::Receiver<Stream>,
    asked: Asked,
    tells_status: bool,
) -> Result<Channels, Missing> {
    let mut gathered = Gathered::default();
    let gather = async {
        while let Some(missing) = gathered.missing(asked) {
            let Some(stream) = streams.recv().await else {
                return Err(Missing { missing });
            };
            gathered.add(stream);
        }
        Ok(())
    };
    match timeout(STREAM_SETUP, gather).await {
        Ok(outcome) => outcome?,
        Err(_) => {
            return Err(Missing {
                missing: gathered.missing(asked).unwrap_or("nothing"),
            });
        }
    }
    let (_, error) = gathered.error.ok_or(Missing { missing: "error" })?;
    let input = |(input, _): (DuplexStream, Outlet)| Box::new(input) as Input;
    Ok(Channels {
        stdin: gathered.stdin.map(input),
        resize: gathered.resize.map(input),
        stdout: gathered.stdout.map(|(_, output)| output),
        stderr: gathered.stderr.map(|(_, output)| output),
        error,
        tells_status,
    })
}

type Ends = Option<(DuplexStream, Outlet)>;

#[derive(Default)]
struct Gathered {
    error: Ends,
    stdin: Ends,
    stdout: Ends,
    stderr: Ends,
    resize: Ends,
}

impl Gathered {
    fn add(&mut self, stream: Stream) {
        let place = match stream.headers.get("streamType") {
            Some("error") => &mut self.error,
            Some("stdin") => &mut self.stdin,
            Some("stdout") => &mut self.stdout,
            Some("stderr") => &mut self.stderr,
            Some("resize") => &mut self.resize,
            // Dropping a stream of no known type refuses whatever comes on it.
            Some(_) | None => return,
        };
        *place = Some((stream.input, stream.output));
    }

    /// What is still to come. Terminal sizes may come later or never; older clients send none.
    fn missing(&self, asked: Asked) -> Option<&'static str> {
        let wanted = [
            ("error", true, &self.error),
            ("stdin", asked.stdin, &self.stdin),
            ("stdout", asked.stdout, &self.stdout),
            ("stderr", asked.stderr, &self.stderr),
            ("resize", asked.tty, &self.resize),
        ];
        let missing = wanted
            .iter()
            .find(|(_, is_asked, there)| *is_asked && there.is_none());
        missing.map(|(name, _, _)| *name)
    }
}
