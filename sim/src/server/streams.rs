//! The watches that are open: the real plan over the real hub, told over a network that may dawdle.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytes::Bytes;

use gantry_api::Rejection;
use gantry_base::Timestamp;
use gantry_base::time::after;
use gantry_registry::verbs::watch::refusal;
use gantry_registry::{Around, Encoding, Request, WatchPlan};
use gantry_store::{Watch, WatchError};

use super::Server;
use crate::actor::{Address, Input};
use crate::agenda::Event;
use crate::core::Core;
use crate::faults::Fault;

/// Names a watch at the server.
pub(crate) type StreamId = u64;

/// How often a watcher is told that nothing happened.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// How long a watch lasts when its client does not say.
const LIFETIME: (Duration, Duration) = (Duration::from_secs(1800), Duration::from_secs(3600));
/// How late a late watch is.
const LATE: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(20));
/// How long a stalled watch is not read.
const STALLED: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(400));

/// One open watch.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) member: usize,
    to: Address,
    plan: Box<WatchPlan>,
    watch: Watch,
    waker: Waker,
    /// Frames arrive in order: none before this moment.
    told_at: Timestamp,
    stalled_until: Timestamp,
}

/// The streams that have something to tell. Wakers are called while the store publishes.
#[derive(Clone, Debug, Default)]
pub(super) struct Woken(Arc<Mutex<Vec<StreamId>>>);

impl Woken {
    fn take(&self) -> Vec<StreamId> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has a watch read soon.
    fn ring(&self, id: StreamId) {
        let mut woken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        woken.push(id);
    }

    fn waker(&self, id: StreamId) -> Waker {
        Waker::from(Arc::new(Bell {
            id,
            woken: self.clone(),
        }))
    }
}

struct Bell {
    id: StreamId,
    woken: Woken,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.woken.ring(self.id);
    }
}

impl Server {
    /// Opens a watch, or says why not.
    pub(super) fn open(
        &mut self,
        core: &mut Core,
        (to, member): (Address, usize),
        request: &Request,
    ) {
        match self.try_open(core, (to, member), request) {
            Ok(id) => self.pump(core, id),
            Err(rejection) => self.answer(core, to, Err(rejection)),
        }
    }

    fn try_open(
        &mut self,
        core: &mut Core,
        (to, member): (Address, usize),
        request: &Request,
    ) -> Result<StreamId, Rejection> {
        let snapshot = self.ledger.snapshot();
        let access = self.members[member].authority.access(&snapshot);
        let around = Around {
            snapshot: &snapshot,
            access: &access,
            now: core.now,
            chance: core.chance.stream("registry"),
        };
        let plan = WatchPlan::of(&self.catalog.registry(&snapshot), request, around)?;
        let watch = self.ledger.watch(plan.range.clone(), plan.since);
        let watch = watch.map_err(|error| refusal(&error))?;
        let id = self.fresh_id();
        let mut events = plan.begin(&self.ledger.snapshot())?;
        self.plant.beginning(&mut events);
        let frames = events
            .iter()
            .map(|event| plan.frame(event, false, core.now));
        let mut frames: Vec<Bytes> = frames.collect();
        if plan.marks_beginning {
            frames.push(plan.bookmark(plan.since, true));
        }
        if plan.bookmarks {
            core.after(BOOKMARK_EVERY, Event::Bookmark(id));
        }
        let lifetime = core
            .chance
            .stream("watches")
            .between(LIFETIME.0, LIFETIME.1);
        core.after(lifetime, Event::EndOfStream(id));
        let stream = Stream {
            member,
            to,
            plan,
            watch,
            waker: self.woken.waker(id),
            told_at: core.now,
            stalled_until: core.now,
        };
        self.by_watcher.insert(to, id);
        self.streams.insert(id, stream);
        self.tell(core, id, frames);
        Ok(id)
    }

    /// Reads whatever the woken watches have.
    pub(crate) fn pump_woken(&mut self, core: &mut Core) {
        for id in self.woken.take() {
            self.pump(core, id);
        }
    }

    /// Reads whatever a watch has, and tells it.
    pub(crate) fn pump(&mut self, core: &mut Core, id: StreamId) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        if core.now < stream.stalled_until {
            let when = stream.stalled_until;
            return core.at(when, Event::Pump(id));
        }
        let (mut frames, mut error) = (Vec::new(), None);
        let waker = stream.waker.clone();
        let mut context = Context::from_waker(&waker);
        loop {
            let next = pin!(stream.watch.next()).poll(&mut context);
            match next {
                Poll::Ready(Ok(change)) => {
                    let event = stream.plan.event(&change);
                    let event = event.and_then(|event| self.plant.event(event, stream.plan.since));
                    if let Some(event) = event {
                        let frame = stream.plan.frame(&event, false, core.now);
                        self.plant.tell(id, frame, &mut frames);
                    }
                }
                Poll::Ready(Err(why)) => {
                    error = Some(why);
                    break;
                }
                Poll::Pending => break,
            }
        }
        self.tell(core, id, frames);
        match error {
            Some(error) if self.plant.goes_on(&error) => self.skip(id),
            Some(error) => self.fail(core, id, &error),
            None => {}
        }
    }

    /// Lets a watch go on with what happens from now on: a planted bug.
    fn skip(&mut self, id: StreamId) {
        let newest = self.ledger.snapshot().revision();
        if let Some(stream) = self.streams.get_mut(&id)
            && let Ok(watch) = self.ledger.watch(stream.plan.range.clone(), newest)
        {
            stream.watch = watch;
            self.woken.ring(id);
        }
    }

    /// Ends a watch that cannot go on.
    fn fail(&mut self, core: &mut Core, id: StreamId, error: &WatchError) {
        core.line("server", format_args!("watch {id} fails: {error}"));
        let frame = WatchPlan::error(&refusal(error), Encoding::Json);
        self.tell(core, id, vec![frame]);
        let delay = core.trip();
        self.end_stream(core, id, delay);
    }

    /// Sends frames in order, after whatever was sent before.
    fn tell(&mut self, core: &mut Core, id: StreamId, frames: Vec<Bytes>) {
        if frames.is_empty() {
            return;
        }
        if core.strikes(Fault::WatchCut, "a watch") {
            let delay = core.trip();
            return self.end_stream(core, id, delay);
        }
        let mut delay = core.trip();
        if core.strikes(Fault::WatchLate, "a watch") {
            delay += core.faults.lasts(Fault::WatchLate, LATE.0, LATE.1);
        }
        let is_stalled = core.strikes(Fault::WatchStalled, "a watch");
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        if is_stalled {
            let lasts = core.faults.lasts(Fault::WatchStalled, STALLED.0, STALLED.1);
            stream.stalled_until = after(core.now, lasts);
        }
        stream.told_at = stream.told_at.max(after(core.now, delay));
        core.at(
            stream.told_at,
            Event::Input(stream.to, Input::Frames(frames)),
        );
    }

    /// Tells a watcher how far it is.
    pub(crate) fn bookmark(&mut self, core: &mut Core, id: StreamId) {
        self.pump(core, id);
        let Some(stream) = self.streams.get(&id) else {
            return;
        };
        if core.now >= stream.stalled_until {
            let progress = self.plant.progress(stream.watch.progress());
            let frame = stream.plan.bookmark(progress, false);
            self.tell(core, id, vec![frame]);
        }
        core.after(BOOKMARK_EVERY, Event::Bookmark(id));
    }

    /// Ends a watch; its client learns of it after `delay`, and after what was told before.
    pub(crate) fn end_stream(&mut self, core: &mut Core, id: StreamId, delay: Duration) {
        let Some(stream) = self.streams.remove(&id) else {
            return;
        };
        self.by_watcher.remove(&stream.to);
        let when = stream.told_at.max(after(core.now, delay));
        core.at(when, Event::Input(stream.to, Input::Over));
    }

    /// The client of a watch has left, or died.
    pub(crate) fn leave(&mut self, to: Address) {
        if let Some(id) = self.by_watcher.remove(&to) {
            self.streams.remove(&id);
        }
    }

    /// Whoever sat there has died: nobody reads their watches.
    pub(crate) fn forget_seat(&mut self, seat: usize) {
        let streams = &mut self.streams;
        self.by_watcher.retain(|address, id| {
            let stays = address.seat != seat;
            if !stays {
                streams.remove(id);
            }
            stays
        });
    }

    /// All watches of one seat are lost; whoever sits there learns of it after a while.
    pub(crate) fn cut(&mut self, core: &mut Core, seat: usize) {
        let ids: Vec<StreamId> = self
            .by_watcher
            .iter()
            .filter(|(address, _)| address.seat == seat)
            .map(|(_, id)| *id)
            .collect();
        for id in ids {
            let delay = core.patience();
            self.end_stream(core, id, delay);
        }
    }

    /// How many watches are open.
    pub(crate) fn stream_count(&self) -> usize {
        self.streams.len()
    }
}
