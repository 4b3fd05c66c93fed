//! A process of a small world: a view, the feeds that keep it fresh, and loops over it.
//!
//! Events arrive one by one, and what arrived last is remembered with the view as it was before,
//! so that a turn can be taken on a view that lacks some of it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gantry_api::{Caller, GroupResource, ObjectKey};
use gantry_base::Timestamp;
use gantry_base::time::since;
use gantry_controllers::Visitor;
use gantry_reconcile::sources::Keys;
use gantry_reconcile::{Cached, Controller, Next, View};
use gantry_registry::WatchPlan;
use gantry_scheduler::Scheduler;
use gantry_steering::feed::News;
use gantry_steering::{Change, Feed};
use gantry_store::Revision;

use super::ground::Ground;
use super::looped::{Loop, Looped};

/// What controllers put into the objects that carry the cluster's root certificate.
const CA: &str = "-----BEGIN CERTIFICATE-----\nnot a real one\n-----END CERTIFICATE-----\n";
/// Who looks at whatever the process follows for others.
const EMPTIES: &str = "namespace-controller";
/// How many events are remembered: a view is never later than that.
const REMEMBERED: usize = 8;
/// For how long: a view is never later than that either.
const LATE_FOR: Duration = Duration::from_secs(10);

/// A process that runs some of the controllers.
pub(super) struct Process<'w> {
    pub(super) chosen: &'w [&'static str],
    pub(super) view: View,
    feeds: Vec<Followed>,
    pub(super) loops: Vec<Box<dyn Looped>>,
    listeners: BTreeMap<GroupResource, Vec<(usize, Keys)>>,
    seen: Revision,
    waiting: VecDeque<(usize, News)>,
    arrived: VecDeque<Arrived>,
}

struct Followed {
    feed: Feed,
    plan: Box<WatchPlan>,
}

/// An event that the view shows.
struct Arrived {
    at: Timestamp,
    before: View,
    feed: usize,
    news: News,
    changes: Vec<Change>,
}

/// Keys that become due, and the loops they are for.
pub(super) type Due = Vec<(usize, ObjectKey)>;

impl<'w> Process<'w> {
    /// Begins with an empty memory: everything is listed, and everything is due.
    pub(super) fn begin(chosen: &'w [&'static str], ground: &mut Ground) -> Self {
        let mut process = Self {
            chosen,
            view: View::default(),
            feeds: Vec::new(),
            loops: Vec::new(),
            listeners: BTreeMap::new(),
            seen: ground.snapshot().revision(),
            waiting: VecDeque::new(),
            arrived: VecDeque::new(),
        };
        let mut watched = Wanted {
            process: &mut process,
            watched: Vec::new(),
        };
        gantry_controllers::all(CA, &mut watched);
        watched.visit(Scheduler::default());
        let feeds = watched.watched;
        let mut changed = Vec::new();
        for mut feed in feeds {
            let plan = ground.watch(feed.request());
            feed.begin();
            changed.extend(list(&mut feed, &plan, ground, &mut process.view));
            process.feeds.push(Followed { feed, plan });
        }
        let due: Due = changed
            .iter()
            .flat_map(|(resource, change)| process.concerned(resource, change))
            .collect();
        process.due(due, ground.now);
        process
    }

    /// Takes what was committed since, to arrive one by one.
    pub(super) fn fetch(&mut self, ground: &Ground) {
        let snapshot = ground.snapshot();
        if snapshot.revision() == self.seen {
            return;
        }
        let changes = snapshot.changes(self.seen);
        for change in changes.expect("a small world forgets nothing") {
            for (at, followed) in self.feeds.iter_mut().enumerate() {
                let Followed { feed, plan } = followed;
                if !plan.range.contains(&change.key) {
                    continue;
                }
                let frame = plan.event(change);
                let frame = frame.map(|event| plan.frame(&event, false, ground.now));
                let news = frame.and_then(|frame| {
                    let news = feed.read(&frame);
                    news.expect("the server writes what feeds can read")
                });
                self.waiting.extend(news.map(|news| (at, news)));
            }
        }
        self.seen = snapshot.revision();
    }

    /// Lets the next event arrive; says what it makes due.
    pub(super) fn arrive(&mut self, now: Timestamp) -> Option<(GroupResource, Due)> {
        let (feed, news) = self.waiting.pop_front()?;
        let before = self.view.clone();
        let of = &self.feeds[feed].feed;
        let resource = of.watched().resource.clone();
        let changes = of.tell(news.clone(), &mut self.view);
        let due = changes
            .iter()
            .flat_map(|change| self.concerned(&resource, change))
            .collect();
        self.arrived.push_back(Arrived {
            at: now,
            before,
            feed,
            news,
            changes,
        });
        if self.arrived.len() > REMEMBERED {
            self.arrived.pop_front();
        }
        Some((resource, due))
    }

    /// Lets all events arrive.
    pub(super) fn catch_up(&mut self, ground: &Ground) {
        self.fetch(ground);
        while let Some((_, due)) = self.arrive(ground.now) {
            self.due(due, ground.now);
        }
    }

    pub(super) fn due(&mut self, due: Due, now: Timestamp) {
        for (at, key) in due {
            self.loops[at].due(key, now);
        }
    }

    /// Makes everything due that could be.
    pub(super) fn pass(&mut self, now: Timestamp) {
        let all: Vec<Arc<dyn Cached>> = self.view.everything().cloned().collect();
        let due = all.into_iter().flat_map(|object| {
            let resource = object.object_key().resource;
            let forms = vec![object];
            self.concerned(&resource, &Change { forms })
        });
        let due: Due = due.collect();
        self.due(due, now);
    }

    /// The server says that nothing else happened until now.
    pub(super) fn bookmark(&mut self) {
        for followed in &self.feeds {
            let news = News::Reached(self.seen);
            followed.feed.tell(news, &mut self.view);
        }
    }

    /// When the next key is due; `now` has to have nothing due any more.
    pub(super) fn due_at(&mut self, now: Timestamp) -> Option<Timestamp> {
        let waits = self.loops.iter_mut().filter_map(|one| match one.next(now) {
            Next::Wait(when) => Some(when),
            Next::Due(key) => {
                one.due(key, now);
                Some(now)
            }
            Next::Idle => None,
        });
        waits.min()
    }

    pub(super) fn holds(&self, resource: &GroupResource) -> bool {
        self.listeners.contains_key(resource)
    }

    /// The resources of which events arrived lately, with their number.
    pub(super) fn lately(&self, now: Timestamp) -> BTreeMap<GroupResource, usize> {
        let mut counts = BTreeMap::new();
        let lately = self.arrived.iter();
        for arrived in lately.filter(|arrived| since(now, arrived.at) < LATE_FOR) {
            let resource = &self.feeds[arrived.feed].feed.watched().resource;
            *counts.entry(resource.clone()).or_insert(0) += 1;
        }
        counts
    }

    /// The view without the last `count` events of a resource, and what they will make due.
    pub(super) fn without(&self, resource: &GroupResource, count: usize) -> Option<(View, Due)> {
        let is_of =
            |arrived: &Arrived| self.feeds[arrived.feed].feed.watched().resource == *resource;
        let mut of = (0..self.arrived.len()).rev();
        let start = of
            .by_ref()
            .filter(|at| is_of(&self.arrived[*at]))
            .nth(count.checked_sub(1)?)?;
        let mut view = self.arrived[start].before.clone();
        let mut late = Vec::new();
        for arrived in self.arrived.range(start..) {
            if is_of(arrived) {
                let due = arrived.changes.iter();
                late.extend(due.flat_map(|change| self.concerned(resource, change)));
            } else {
                let feed = &self.feeds[arrived.feed].feed;
                feed.tell(arrived.news.clone(), &mut view);
            }
        }
        Some((view, late))
    }

    fn concerned(&self, resource: &GroupResource, change: &Change) -> Due {
        let listeners = self.listeners.get(resource).map_or(&[][..], Vec::as_slice);
        let mut due = Vec::new();
        for (at, keys) in listeners {
            for form in &change.forms {
                due.extend(
                    keys(form.as_ref(), &self.view)
                        .into_iter()
                        .map(|key| (*at, key)),
                );
            }
        }
        due
    }
}

/// Lists what a feed follows into the view.
fn list(
    feed: &mut Feed,
    plan: &WatchPlan,
    ground: &Ground,
    view: &mut View,
) -> Vec<(GroupResource, Change)> {
    let events = plan.begin(&ground.snapshot());
    let events = events.expect("a small world forgets nothing");
    let frames = events
        .iter()
        .map(|event| plan.frame(event, false, ground.now));
    let resource = feed.watched().resource.clone();
    let mut changes = Vec::new();
    for frame in frames.chain([plan.bookmark(plan.since, true)]) {
        let told = feed.apply(&frame, view);
        changes.extend(told.expect("the server writes what feeds can read"));
    }
    changes
        .into_iter()
        .map(|change| (resource.clone(), change))
        .collect()
}

/// Finds the chosen ones among all controllers.
struct Wanted<'p, 'w> {
    process: &'p mut Process<'w>,
    watched: Vec<Feed>,
}

impl Visitor for Wanted<'_, '_> {
    fn visit<C: Controller>(&mut self, controller: C)
    where
        C::World: Send + Sync + fmt::Debug,
    {
        let is_chosen = self.process.chosen.contains(&C::NAME);
        let at = self.process.loops.len();
        for source in controller.sources().as_slice() {
            if !is_chosen && !self.process.chosen.contains(&EMPTIES) {
                continue;
            }
            let listeners = &mut self.process.listeners;
            let resource = source.watched.resource.clone();
            let mut feeds = self.watched.iter_mut();
            match feeds.find(|feed| feed.watched().resource == resource) {
                Some(feed) => feed.join(&source.watched),
                None => self.watched.push(Feed::new(source.watched.clone())),
            }
            let of = listeners.entry(resource).or_default();
            if is_chosen {
                of.push((at, Arc::clone(&source.keys)));
            }
        }
        if !is_chosen {
            return;
        }
        let looped = Loop::new(controller, caller(C::NAME));
        self.process.loops.push(Box::new(looped));
    }
}

/// The scheduler has a name of its own; controllers have accounts.
fn caller(name: &str) -> Caller {
    if name == gantry_scheduler::NAME {
        Caller::authenticated("system:kube-scheduler", &[])
    } else {
        gantry_controllers::caller(name)
    }
}
