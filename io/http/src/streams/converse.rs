//! Carries the bytes between a client's channels and a program, and tells the outcome.

use bytes::BytesMut;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::limits::{COPY_BYTES, OUTPUT_DRAIN, RESIZE_BYTES};
use crate::nodes::{NodeError, Session, TerminalSize};
use crate::streams::channels::{Channels, Input};
use crate::streams::outlet::{Gone, Outlet};

/// How a conversation ended, for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As it should.
    Success,
    /// The program said so.
    Exit(i32),
    /// Something else went wrong.
    Failure(NodeError),
}

/// Lets client and program talk until the program ends and its output is sent; gives its exit code.
pub(crate) async fn converse(session: Session, channels: &mut Channels) -> Result<i32, NodeError> {
    let Session {
        stdin,
        stdout,
        stderr,
        resize,
        mut exit,
    } = session;
    let feed = async {
        if let (Some(mut from), Some(mut to)) = (channels.stdin.take(), stdin) {
            // A program that no longer reads, or a client that is gone, ends this silently.
            gantry_base::ignore(tokio::io::copy(&mut from, &mut to).await, "ends silently");
            gantry_base::ignore(to.shutdown().await, "the program may have ended already");
        }
    };
    let sizes = async {
        if let (Some(from), Some(set)) = (channels.resize.take(), resize) {
            follow_sizes(from, set.as_ref()).await;
        }
    };
    let outputs = async {
        let out = drain(stdout, channels.stdout.as_ref());
        let err = drain(stderr, channels.stderr.as_ref());
        tokio::join!(out, err);
    };
    tokio::pin!(feed, sizes, outputs);
    let (mut is_fed, mut is_sized, mut is_drained) = (false, false, false);
    let exit = loop {
        tokio::select! {
            exit = &mut exit => break exit,
            () = &mut feed, if !is_fed => is_fed = true,
            () = &mut sizes, if !is_sized => is_sized = true,
            () = &mut outputs, if !is_drained => is_drained = true,
        }
    };
    if !is_drained && timeout(OUTPUT_DRAIN, outputs).await.is_err() {
        tracing::debug!("the output of a program that has ended is still held open");
    }
    exit
}

/// Sends all that a program writes. Without a channel it is read all the same, so that the program
/// is never held up.
async fn drain(source: Option<Input>, outlet: Option<&Outlet>) {
    let Some(mut source) = source else { return };
    let sent = match outlet {
        Some(outlet) => outlet.copy(&mut source).await,
        None => Err(Gone),
    };
    if sent.is_err() {
        let rest = tokio::io::copy(&mut source, &mut tokio::io::sink()).await;
        gantry_base::ignore(
            rest,
            "nobody wants it; it is read so that the program can go on",
        );
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Size {
    width: u16,
    height: u16,
}

/// Sets the terminal's size whenever the client says so.
async fn follow_sizes(
    mut from: impl AsyncRead + Unpin,
    set: &(dyn Fn(TerminalSize) + Send + Sync),
) {
    let mut buffer = BytesMut::new();
    while buffer.len() < RESIZE_BYTES {
        buffer.reserve(COPY_BYTES.min(RESIZE_BYTES));
        if matches!(from.read_buf(&mut buffer).await, Ok(0) | Err(_)) {
            return;
        }
        let mut sizes = serde_json::Deserializer::from_slice(&buffer).into_iter::<Size>();
        while let Some(Ok(Size { width, height })) = sizes.next() {
            set(TerminalSize { width, height });
        }
        let read = sizes.byte_offset();
        bytes::Buf::advance(&mut buffer, read);
    }
}

/// Tells the client how it ended, and that this was all.
pub(crate) async fn conclude(channels: Channels, outcome: &Outcome) -> Result<(), Gone> {
    for outlet in [&channels.stdout, &channels.stderr].into_iter().flatten() {
        outlet.end().await?;
    }
    if let Some(text) = told(outcome, channels.tells_status) {
        channels.error.send(text.into()).await?;
    }
    channels.error.end().await?;
    channels.error.close().await
}

fn told(outcome: &Outcome, as_status: bool) -> Option<String> {
    let status = status(outcome);
    if as_status {
        return Some(status.to_string());
    }
    status["message"].as_str().map(str::to_owned)
}

/// The outcome as the API writes it; clients take the exit code from its cause.
fn status(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Success | Outcome::Exit(0) => json!({"metadata": {}, "status": "Success"}),
        Outcome::Exit(code) => json!({
            "metadata": {},
            "status": "Failure",
            "message": format!(
                "command terminated with non-zero exit code: command terminated with exit code \
                 {code}"
            ),
            "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
        }),
        Outcome::Failure(error) => json!({
            "metadata": {},
            "status": "Failure",
            "message": gantry_base::chain(error),
            "reason": "InternalError",
            "details": {"causes": [{"message": gantry_base::chain(error)}]},
            "code": 500,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn an_exit_code_stands_where_clients_look_for_it() {
        let told = status(&Outcome::Exit(3));
        assert_eq!(told["reason"], "NonZeroExitCode");
        assert_eq!(
            told["details"]["causes"][0],
            json!({"reason": "ExitCode", "message": "3"})
        );
        assert_eq!(status(&Outcome::Exit(0))["status"], "Success");
    }

    #[test]
    fn older_clients_hear_of_failures_only() {
        assert_eq!(super::told(&Outcome::Success, false), None);
        assert!(
            super::told(&Outcome::Exit(1), false)
                .unwrap()
                .ends_with("exit code 1")
        );
    }

    #[tokio::test]
    async fn sizes_are_read_however_they_are_cut() {
        let (mut client, server) = tokio::io::duplex(1024);
        let seen = Mutex::new(Vec::new());
        let set = |size: TerminalSize| seen.lock().unwrap().push((size.width, size.height));
        let send = async {
            for part in [
                r#"{"Width":80,"Hei"#,
                r#"ght":24}{"Width":1"#,
                r#"00,"Height":50}"#,
            ] {
                client.write_all(part.as_bytes()).await.unwrap();
                tokio::task::yield_now().await;
            }
            drop(client);
        };
        tokio::join!(follow_sizes(server, &set), send);
        assert_eq!(*seen.lock().unwrap(), [(80, 24), (100, 50)]);
    }
}
