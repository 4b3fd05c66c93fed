//! Watches: committed changes become frames, and watchers with the same view share them.

mod frames;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use gantry_api::Rejection;
use gantry_base::entropy::{Seeded, below};
use gantry_registry::limits::{CONVERTED_AT_ONCE, WATCH_SECONDS};
use gantry_registry::verbs::watch::{refusal, survives};
use gantry_registry::{Answers, Converted, Encoding, Event, Request, WatchPlan};
use gantry_store::{KeyRange, Watch, WatchError};

pub(crate) use frames::Frames;

use crate::call;
use crate::gateway::Shared;
use crate::limits::BOOKMARK_EVERY;
use crate::outside::Pending;

/// Changes as one watcher is told of them. Dropping it ends the watch.
pub struct WatchStream {
    shared: Arc<Shared>,
    plan: Box<WatchPlan>,
    watch: Watch,
    /// What becomes of the definition of the kind, if a user defined it.
    definition: Option<Watch>,
    /// What has not been told yet: at first all that was there at the beginning.
    untold: VecDeque<Event>,
    /// Frames that are ready to be sent.
    ready: VecDeque<Bytes>,
    /// Whether the end of the beginning is still to be marked.
    marks_beginning: bool,
    is_first: bool,
    is_over: bool,
    end: Pending<'static, ()>,
    bookmark: Pending<'static, ()>,
}

impl fmt::Debug for WatchStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchStream")
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}

/// What a watcher waits for.
enum Next {
    Change(Result<Arc<gantry_store::Change>, WatchError>),
    Bookmark,
    End,
}

/// Opens the watch that `request` asks for.
pub(crate) fn open(shared: &Arc<Shared>, request: &Request) -> Result<WatchStream, Rejection> {
    call::authorize(shared, request)?;
    let plan = shared.around(|registry, around| WatchPlan::of(registry, request, around))?;
    let watch = shared.ledger.watch(plan.range.clone(), plan.since);
    let watch = watch.map_err(|error| refusal(&error))?;
    let definition = plan.definition.clone().map(|key| {
        let range = KeyRange::One(key);
        shared.ledger.watch(range, plan.since)
    });
    let definition = definition.transpose().map_err(|error| refusal(&error))?;
    let untold = plan.begin(&shared.ledger.snapshot())?.into();
    Ok(WatchStream {
        marks_beginning: plan.marks_beginning,
        end: shared.clock.sleep(lifetime(shared, &plan)),
        bookmark: next_bookmark(shared, &plan),
        shared: Arc::clone(shared),
        plan,
        watch,
        definition,
        untold,
        ready: VecDeque::new(),
        is_first: true,
        is_over: false,
    })
}

/// Resolves when a bookmark is due; never for watchers that want none.
fn next_bookmark(shared: &Shared, plan: &WatchPlan) -> Pending<'static, ()> {
    if plan.bookmarks {
        shared.clock.sleep(BOOKMARK_EVERY)
    } else {
        Box::pin(std::future::pending())
    }
}

/// Resolves when a kind is not any more what it was; never for one that is always there.
async fn redefinition(definition: &mut Option<Watch>) {
    let Some(watch) = definition else {
        return std::future::pending().await;
    };
    while watch.next().await.is_ok_and(|change| survives(&change)) {}
}

/// As long as the client says, else between once and twice the usual time.
fn lifetime(shared: &Shared, plan: &WatchPlan) -> Duration {
    let seconds = plan
        .seconds
        .filter(|seconds| *seconds > 0)
        .unwrap_or_else(|| {
            let span = usize::try_from(WATCH_SECONDS).unwrap_or(1);
            let more = below(&mut Seeded::new(shared.seed()), span);
            WATCH_SECONDS + u64::try_from(more).unwrap_or(0)
        });
    Duration::from_secs(seconds)
}

impl WatchStream {
    /// The next frame: one event, as JSON with a line break or in protobuf behind its length. Nothing
    /// when the watch is over.
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            if self.is_over {
                return None;
            }
            if !self.untold.is_empty() {
                self.tell().await;
                continue;
            }
            if std::mem::take(&mut self.marks_beginning) {
                return Some(self.plan.bookmark(self.plan.since, true));
            }
            match self.wait().await {
                Next::Change(Ok(change)) => self.untold.extend(self.plan.event(&change)),
                Next::Change(Err(error)) => {
                    self.is_over = true;
                    return Some(WatchPlan::error(&refusal(&error), self.plan.encoding()));
                }
                Next::Bookmark => {
                    self.bookmark = next_bookmark(&self.shared, &self.plan);
                    return Some(self.plan.bookmark(self.watch.progress(), false));
                }
                Next::End => {
                    self.is_over = true;
                    return None;
                }
            }
        }
    }

    /// The encoding of the frames.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.plan.encoding()
    }

    async fn wait(&mut self) -> Next {
        tokio::select! {
            // Changes first: a busy watch must not end before it has told what happened.
            biased;
            change = self.watch.next() => Next::Change(change),
            () = redefinition(&mut self.definition) => Next::End,
            () = &mut self.end => Next::End,
            () = &mut self.bookmark => Next::Bookmark,
        }
    }

    /// Makes the frame of the next event, or those of several that a webhook is asked about
    /// together. An event goes when its frame is there, and not before. A webhook that fails ends
    /// the watch: to leave something out would be worse.
    async fn tell(&mut self) {
        let is_foreign = |event: &&Event| self.plan.is_foreign(event);
        let foreign = self.untold.iter().take_while(is_foreign);
        let foreign: Vec<Event> = foreign.take(CONVERTED_AT_ONCE).cloned().collect();
        if foreign.is_empty() {
            let event = self.untold.pop_front();
            let frame = event.map(|event| self.frame(&event));
            self.ready.extend(frame);
            return;
        }
        let is_first = self.is_first;
        match converted(&self.shared, &self.plan, &foreign, is_first).await {
            Ok(frames) => {
                self.untold.drain(..foreign.len());
                self.is_first = false;
                self.ready.extend(frames);
            }
            Err(rejection) => {
                self.untold.clear();
                self.is_over = true;
                let frame = WatchPlan::error(&rejection, self.plan.encoding());
                self.ready.push_back(frame);
            }
        }
    }

    fn frame(&mut self, event: &Event) -> Bytes {
        let now = self.shared.clock.now();
        let is_first = std::mem::take(&mut self.is_first);
        if self.plan.is_shared() {
            return self
                .shared
                .frames
                .get(&self.plan, event, || self.plan.frame(event, false, now));
        }
        self.plan.frame(event, is_first, now)
    }
}

/// The frames of events whose objects a webhook has to convert, unless somebody else just had them
/// converted.
async fn converted(
    shared: &Shared,
    plan: &WatchPlan,
    events: &[Event],
    is_first: bool,
) -> Result<Vec<Bytes>, Rejection> {
    if plan.is_shared() {
        let known = events.iter().map(|event| shared.frames.known(plan, event));
        if let Some(known) = known.collect::<Option<Vec<Bytes>>>() {
            return Ok(known);
        }
    }
    let mut answers = Answers::new();
    let objects = loop {
        let snapshot = shared.ledger.snapshot();
        match plan.converted(events, &answers, &snapshot)? {
            Converted::Objects(objects) => break objects,
            Converted::Ask(questions) => answers.extend(call::ask_each(shared, questions).await),
        }
    };
    let now = shared.clock.now();
    let mut is_first = is_first && !plan.is_shared();
    let frames = events.iter().zip(objects).map(|(event, object)| {
        let is_first = std::mem::take(&mut is_first);
        let frame = plan.frame_of(event, object, (is_first, now));
        if plan.is_shared() {
            return shared.frames.get(plan, event, || frame.clone());
        }
        frame
    });
    Ok(frames.collect())
}
