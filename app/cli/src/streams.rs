//! The conversation with a program in a container, over one WebSocket with numbered channels.

use std::io::{IsTerminal, Write};

use bytes::Bytes;
use gantry_base::ignore;
use gantry_client::remote::Socket;
use serde_json::{Value, json};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::Receiver;

use crate::failure::{Failure, said};
use crate::fields::{items, text};
use crate::session::Session;
use crate::terminal::{self, Raw};

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
const RESIZE: u8 = 4;
/// Says in the fifth protocol that a channel will bring nothing more.
const CLOSE: u8 = 255;
const PROTOCOLS: &str = "v5.channel.k8s.io, v4.channel.k8s.io";

/// Which streams to connect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Streams {
    pub(crate) stdin: bool,
    pub(crate) tty: bool,
    /// Whether to say that a prompt may be waiting.
    pub(crate) hint: bool,
}

impl Streams {
    /// A terminal is used only when there is one.
    pub(crate) fn checked(mut self, session: &Session) -> Self {
        if self.tty && !self.stdin {
            self.tty = false;
        } else if self.tty && !std::io::stdin().is_terminal() {
            session
                .out
                .remark("Unable to use a TTY - input is not a terminal or the right kind of file");
            self.tty = false;
        }
        self
    }

    /// Connects the streams at `path` until the program ends; fails with its exit status.
    pub(crate) async fn run(self, session: &Session, path: &str) -> Result<(), Failure> {
        let socket = session.websocket(path, PROTOCOLS).await?;
        if self.hint && self.tty {
            session
                .out
                .remark("If you don't see a command prompt, try pressing enter.");
        }
        let raw = self.tty.then(Raw::enter);
        let mut talk = Talk {
            has_close: socket.protocol().starts_with("v5"),
            socket,
            input: self.stdin.then(terminal::input),
            resized: self
                .tty
                .then(|| signal(SignalKind::window_change()))
                .transpose()?,
            verdict: None,
        };
        let ended = talk.run(session).await;
        drop(raw);
        ended?;
        verdict(session, talk.verdict.as_ref())
    }
}

struct Talk {
    socket: Socket,
    has_close: bool,
    input: Option<Receiver<Vec<u8>>>,
    resized: Option<Signal>,
    verdict: Option<Value>,
}

enum Turn {
    Input(Option<Vec<u8>>),
    Resized,
    Message(Option<(u8, Bytes)>),
}

impl Talk {
    async fn run(&mut self, session: &Session) -> Result<(), Failure> {
        if self.resized.is_some() {
            self.send_size().await?;
        }
        loop {
            match self.turn().await? {
                Turn::Message(None) => return Ok(()),
                Turn::Message(Some((channel, content))) => {
                    self.receive(session, channel, &content)?;
                    if self.verdict.is_some() {
                        ignore(self.socket.close().await, "the program has already ended");
                        return Ok(());
                    }
                }
                Turn::Resized => self.send_size().await?,
                Turn::Input(Some(piece)) => self.socket.send(STDIN, &piece).await?,
                Turn::Input(None) => {
                    self.input = None;
                    if self.has_close {
                        self.socket.send(CLOSE, &[STDIN]).await?;
                    }
                }
            }
        }
    }

    async fn turn(&mut self) -> Result<Turn, Failure> {
        let (input, resized) = (&mut self.input, &mut self.resized);
        let next_input = async {
            match input {
                Some(input) => input.recv().await,
                None => std::future::pending().await,
            }
        };
        let next_size = async {
            match resized {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            message = self.socket.next() => Ok(Turn::Message(message?)),
            piece = next_input => Ok(Turn::Input(piece)),
            _ = next_size => Ok(Turn::Resized),
        }
    }

    async fn send_size(&mut self) -> Result<(), Failure> {
        if let Some((width, height)) = terminal::size() {
            let size = json!({"Width": width, "Height": height}).to_string();
            self.socket.send(RESIZE, size.as_bytes()).await?;
        }
        Ok(())
    }

    fn receive(&mut self, session: &Session, channel: u8, content: &[u8]) -> Result<(), Failure> {
        match channel {
            STDOUT => {
                session.out.write(content)?;
                session.out.flush()
            }
            STDERR => Ok(std::io::stderr().write_all(content)?),
            ERROR if !content.is_empty() => {
                let status = serde_json::from_slice(content);
                let status = status.unwrap_or_else(
                    |_| json!({"status": "Failure", "message": String::from_utf8_lossy(content)}),
                );
                self.verdict = Some(status);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// What the server said about the end of the program.
fn verdict(session: &Session, status: Option<&Value>) -> Result<(), Failure> {
    let Some(status) = status.filter(|status| status["status"] != "Success") else {
        return Ok(());
    };
    let mut causes = items(status, "details.causes").iter();
    let code = causes.find(|cause| cause["reason"] == "ExitCode");
    let code = code.and_then(|cause| text(cause, "message").parse::<u8>().ok());
    match code {
        Some(code) => {
            session
                .out
                .remark(format!("command terminated with exit code {code}"));
            Err(Failure::Exit(code))
        }
        None => said(text(status, "message")),
    }
}
