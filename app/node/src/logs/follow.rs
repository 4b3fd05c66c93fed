//! A container's log as a stream: what was written, and, when asked, what is being written.
//!
//! The kernel says when there is more; nobody looks again and again.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use rustix::fs::inotify;
use tokio::io::unix::AsyncFd;
use tokio::sync::{mpsc, watch};

use gantry_base::Timestamp;
use gantry_http::nodes::{LogOptions, LogStream, NodeError};

use super::line::Wanted;
use super::read::Reader;

/// How much is handed over at once.
const CHUNK_BYTES: usize = 64 << 10;
/// How many such pieces may wait for their reader.
const CHUNKS: usize = 4;

type Sender = mpsc::Sender<Result<Bytes, NodeError>>;

/// Whether the container may still write, asked anew at every change.
pub(crate) type IsOver = Box<dyn Fn() -> bool + Send + Sync>;

/// The log at `path`; it is followed until `is_over`, of which `changes` tells.
pub(crate) fn stream(
    path: PathBuf,
    (options, now): (&LogOptions, Timestamp),
    (is_over, changes): (IsOver, watch::Receiver<u64>),
) -> (LogStream, impl Future<Output = ()> + Send + use<>) {
    let (sender, receiver) = mpsc::channel(CHUNKS);
    let mut work = Work {
        reader: Reader::new(&path),
        wanted: Wanted::new(options, now),
        left: options.limit_bytes,
        last: options
            .tail_lines
            .map(|lines| Last::new(usize::try_from(lines).unwrap_or(usize::MAX))),
    };
    let follow = options.follow;
    let task = async move {
        let told = sender.clone();
        let done = async {
            if !follow {
                return work.hand_over(&sender).await.map(drop);
            }
            let news = News::of(&path)?;
            work.follow(&sender, news, (is_over, changes)).await
        };
        if let Err(error) = done.await {
            let message = format!("read the log {}: {error}", path.display());
            gantry_base::ignore(
                told.send(Err(NodeError::Failed { message })).await,
                "the reader has left",
            );
        }
    };
    let chunks = stream::unfold(receiver, |mut receiver| async move {
        let chunk = receiver.recv().await?;
        Some((chunk, receiver))
    });
    (chunks.boxed(), task)
}

/// A log that is being read for somebody.
struct Work {
    reader: Reader,
    wanted: Wanted,
    /// How many bytes may still be handed over.
    left: Option<u64>,
    /// Only the last lines are wanted of what was written before.
    last: Option<Last>,
}

/// Whether anybody still wants more.
#[derive(PartialEq, Eq)]
enum Interest {
    Lost,
    Kept,
}

impl Work {
    async fn follow(
        &mut self,
        sender: &Sender,
        mut news: News,
        (is_over, mut changes): (IsOver, watch::Receiver<u64>),
    ) -> io::Result<()> {
        loop {
            // In this order: what is written before the end is read after it.
            let over = is_over();
            if self.hand_over(sender).await? == Interest::Lost || over {
                return Ok(());
            }
            tokio::select! {
                () = sender.closed() => return Ok(()),
                more = news.wait() => more?,
                changed = changes.changed() => if changed.is_err() { return Ok(()) },
            }
        }
    }

    /// Hands over what was written so far.
    async fn hand_over(&mut self, sender: &Sender) -> io::Result<Interest> {
        loop {
            let (chunk, is_end) = self.chunk()?;
            if !chunk.is_empty() && sender.send(Ok(chunk)).await.is_err() {
                return Ok(Interest::Lost);
            }
            if self.left == Some(0) {
                return Ok(Interest::Lost);
            }
            if is_end {
                return Ok(Interest::Kept);
            }
            tokio::task::yield_now().await;
        }
    }

    /// The next piece, and whether it is the last one for now.
    fn chunk(&mut self) -> io::Result<(Bytes, bool)> {
        let mut out = Vec::new();
        let mut is_end = false;
        let mut read = 0;
        while read < CHUNK_BYTES {
            let Some(raw) = self.reader.next()? else {
                is_end = true;
                break;
            };
            read += raw.len() + 1;
            match &mut self.last {
                Some(last) => last.take(&mut self.wanted, &raw),
                None => drop(self.wanted.take(&raw, &mut out)),
            }
        }
        if is_end && let Some(last) = self.last.take() {
            out = last.into_bytes();
        }
        if let Some(left) = &mut self.left {
            out.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= u64::try_from(out.len()).unwrap_or(0).min(*left);
        }
        Ok((out.into(), is_end))
    }
}

/// The last lines of output so far.
struct Last {
    most: usize,
    lines: VecDeque<Vec<u8>>,
    begun: Vec<u8>,
}

impl Last {
    fn new(most: usize) -> Self {
        Self {
            most,
            lines: VecDeque::new(),
            begun: Vec::new(),
        }
    }

    fn take(&mut self, wanted: &mut Wanted, raw: &[u8]) {
        if wanted.take(raw, &mut self.begun) {
            self.lines.push_back(std::mem::take(&mut self.begun));
            if self.lines.len() > self.most {
                self.lines.pop_front();
            }
        }
    }

    fn into_bytes(self) -> Vec<u8> {
        let begun = if self.most == 0 {
            Vec::new()
        } else {
            self.begun
        };
        self.lines.into_iter().flatten().chain(begun).collect()
    }
}

/// Tells when something is written to a log, or it goes on in another file.
struct News {
    kernel: AsyncFd<OwnedFd>,
}

impl News {
    fn of(log: &Path) -> io::Result<Self> {
        let kernel = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
        let events = inotify::WatchFlags::MODIFY | inotify::WatchFlags::CREATE;
        inotify::add_watch(&kernel, log.parent().unwrap_or(log), events)?;
        Ok(Self {
            kernel: crate::sys::wait_for(kernel)?,
        })
    }

    async fn wait(&mut self) -> io::Result<()> {
        let mut ready = self.kernel.readable_mut().await?;
        let mut buffer = [0; 4096];
        // What exactly happened does not matter: whoever is woken looks.
        while let Ok(Ok(_)) = ready.try_io(|fd| Ok(rustix::io::read(fd.get_ref(), &mut buffer)?)) {}
        Ok(())
    }
}
