//! Writes pictures in the background and removes what they make superfluous.
//!
//! A picture is an unchanging snapshot, so commits go on while it is written. When that fails, the
//! log simply stays longer. The keeper also reminds the writer that time passes, and
//! now and then makes durable what has been promised, beside the commits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use gantry_base::{chain, ignore};
use gantry_store::Revision;
use tokio::sync::mpsc::WeakSender;
use tracing::{debug, warn};

use crate::error::{JournalError, on};
use crate::header::FileKind;
use crate::limits::FORGET_EVERY;
use crate::medium::Medium;
use crate::picture::{self, Sitting};
use crate::promise;
use crate::recover::superfluous;
use crate::writer::Order;

/// The writer's handle to the keeper's thread; dropping it ends the thread and waits for it.
#[derive(Debug)]
pub(crate) struct Keeper {
    pictures: Option<SyncSender<Sitting>>,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct State {
    is_busy: AtomicBool,
    /// The size of the last picture.
    bytes: AtomicU64,
}

impl Keeper {
    /// Starts the thread; `bytes` is the size of the picture that there is.
    pub(crate) fn start(
        medium: Arc<dyn Medium>,
        writer: WeakSender<Order>,
        bytes: u64,
    ) -> Result<Self, JournalError> {
        let state = Arc::new(State {
            is_busy: AtomicBool::new(false),
            bytes: AtomicU64::new(bytes),
        });
        // One picture at a time: `is_busy` keeps the channel from ever being full.
        let (pictures, ordered) = sync_channel(1);
        let shared = Arc::clone(&state);
        let body = move || keep(&medium, &writer, &ordered, &shared);
        let thread = thread::Builder::new().name("journal-keeper".to_owned());
        let thread = thread.spawn(body).map_err(on("start", "journal-keeper"))?;
        Ok(Self {
            pictures: Some(pictures),
            state,
            thread: Some(thread),
        })
    }

    /// Whether a picture is being written.
    pub(crate) fn is_busy(&self) -> bool {
        self.state.is_busy.load(Ordering::Acquire)
    }

    /// The size of the last picture.
    pub(crate) fn picture_bytes(&self) -> u64 {
        self.state.bytes.load(Ordering::Acquire)
    }

    /// Orders a picture, unless one is being written.
    pub(crate) fn order(&self, sitting: Sitting) {
        self.state.is_busy.store(true, Ordering::Release);
        let pictures = self.pictures.as_ref().expect("there until the end");
        ignore(
            pictures.try_send(sitting),
            "without a picture the log stays longer",
        );
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.pictures = None;
        if let Some(thread) = self.thread.take() {
            ignore(thread.join(), "a picture that was not finished is not used");
        }
    }
}

fn keep(
    medium: &Arc<dyn Medium>,
    writer: &WeakSender<Order>,
    ordered: &Receiver<Sitting>,
    state: &State,
) {
    loop {
        match ordered.recv_timeout(FORGET_EVERY) {
            Ok(mut sitting) => {
                let drawn = draw(medium, &sitting).map_err(Arc::new);
                match &drawn {
                    Ok(bytes) => state.bytes.store(*bytes, Ordering::Release),
                    Err(error) => warn!(error = chain(error), "the log stays longer"),
                }
                state.is_busy.store(false, Ordering::Release);
                picture::tell(sitting.told.drain(..), &drawn.map(drop));
                if let Some(writer) = writer.upgrade() {
                    ignore(
                        writer.try_send(Order::Drawn),
                        "a busy writer looks again by itself",
                    );
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                promise::harden(medium);
                if let Some(writer) = writer.upgrade() {
                    ignore(
                        writer.try_send(Order::Forget),
                        "a busy writer forgets by itself",
                    );
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Writes a picture and removes what it makes superfluous; the size of the picture.
pub(crate) fn draw(medium: &Arc<dyn Medium>, sitting: &Sitting) -> Result<u64, JournalError> {
    let bytes = picture::write(medium, sitting).inspect_err(|_| {
        let removed = medium.remove(picture::UNFINISHED);
        ignore(
            removed,
            "it may not have been made; the next sweep looks again",
        );
    })?;
    sweep(medium)?;
    debug!(revision = %sitting.snapshot.revision(), bytes, "picture taken");
    Ok(bytes)
}

/// Removes what the newest picture makes superfluous, and what was left unfinished.
pub(crate) fn sweep(medium: &Arc<dyn Medium>) -> Result<(), JournalError> {
    let names = medium.list().map_err(on("list", "data directory"))?;
    let pictures = names
        .iter()
        .filter_map(|name| FileKind::Picture.revision(name));
    let newest = pictures.max().unwrap_or(Revision(0));
    // What replaces them is durable before anything goes.
    medium.sync_names().map_err(on("sync", "data directory"))?;
    let unfinished = |name: &&String| *name == picture::UNFINISHED;
    let unfinished = names.iter().filter(unfinished).cloned();
    for name in superfluous(&names, newest).into_iter().chain(unfinished) {
        medium.remove(&name).map_err(on("remove", &name))?;
    }
    Ok(())
}
