//! The one loop: take a due key, wait for a view that knows our own writes, observe, decide, act.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, error, info, warn};

use gantry_api::{GroupResource, Revision};
use gantry_base::Timestamp;
use gantry_base::time::{after, since};
use gantry_gateway::Clock;
use gantry_reconcile::{Awaits, Next, Plan, Queue, View};

use crate::cache::Cache;
use crate::inbox::Inbox;
use crate::limits::{STALE, VIEW_WAIT};

/// What the loop keeps true.
pub trait Subject: Send + Sync + 'static {
    /// What is looked at in one go.
    type Key: Clone + Ord + Send + Sync + fmt::Debug + 'static;
    /// Everything a decision depends on.
    type World: Send + Sync;
    /// What a decision may lead to.
    type Action: Send + Sync + 'static;

    /// What the loop is called in logs.
    fn name(&self) -> &'static str;

    /// Which of its own writes it must see before it decides again.
    fn awaits(&self) -> Awaits {
        Awaits::SameKey
    }

    /// Gathers the world for `key`, or nothing if there is nothing to keep true.
    fn observe(&self, view: &View, key: &Self::Key, now: Timestamp) -> Option<Self::World>;

    /// Decides what to do next.
    fn decide(&self, world: &Self::World) -> Plan<Self::Action>;

    /// What to do when an action was refused for good.
    fn refused(
        &self,
        _world: &Self::World,
        _action: &Self::Action,
        _why: &str,
    ) -> Plan<Self::Action> {
        Plan::nothing()
    }
}

/// Carries plans out.
pub trait Executor<A>: Send + Sync + 'static {
    /// Carries out actions in order, until one does not succeed.
    fn carry_out(&self, actions: Vec<A>) -> impl Future<Output = Outcome<A>> + Send;
}

/// What became of a plan.
#[derive(Debug)]
pub struct Outcome<A> {
    /// The revisions of the writes that went through, the newest of each resource.
    pub written: BTreeMap<GroupResource, Revision>,
    /// How it ended.
    pub end: End<A>,
}

/// How carrying out a plan ended.
#[derive(Debug)]
pub enum End<A> {
    /// Everything was done.
    Done,
    /// Somebody else's write came first: look again soon.
    Stale,
    /// This action was refused for good, for this reason.
    Refused(A, String),
    /// It failed in a way that may pass.
    Failed(String),
}

/// One loop and what it works on.
#[derive(Debug)]
pub struct Driver<S: Subject, X> {
    subject: S,
    executor: X,
    cache: Cache,
    inbox: Inbox<S::Key>,
    clock: Arc<dyn Clock>,
    queue: Queue<S::Key>,
    writes: BTreeMap<Option<S::Key>, BTreeMap<GroupResource, Revision>>,
}

impl<S: Subject, X: Executor<S::Action>> Driver<S, X> {
    /// A loop over the keys that are left in `inbox`.
    pub fn new(
        subject: S,
        executor: X,
        cache: Cache,
        inbox: Inbox<S::Key>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            subject,
            executor,
            cache,
            inbox,
            clock,
            queue: Queue::default(),
            writes: BTreeMap::new(),
        }
    }

    /// Runs until it is dropped.
    pub async fn run(mut self) {
        loop {
            let now = self.clock.now();
            for key in self.inbox.take() {
                self.queue.push(key, now);
            }
            match self.queue.next(now) {
                Next::Due(key) => self.turn(key).await,
                Next::Wait(until) => {
                    let nap = self
                        .clock
                        .sleep(since(until, now).max(Duration::from_millis(1)));
                    tokio::select! {
                        () = self.inbox.filled() => {}
                        () = nap => {}
                    }
                }
                Next::Idle => self.inbox.filled().await,
            }
        }
    }

    /// Observes, decides and acts for one key.
    async fn turn(&mut self, key: S::Key) {
        let scope = match self.subject.awaits() {
            Awaits::SameKey => Some(key.clone()),
            Awaits::AllKeys => None,
        };
        if let Some(writes) = self.writes.get(&scope) {
            if !self.cache.reaches(writes, VIEW_WAIT).await {
                warn!(
                    subject = self.subject.name(),
                    ?key,
                    "own writes are not in the view yet"
                );
                self.queue.failed(key, self.clock.now());
                return;
            }
            self.writes.remove(&scope);
        }
        let view = self.cache.view();
        let now = self.clock.now();
        let decided = catch_unwind(AssertUnwindSafe(|| {
            let world = self.subject.observe(&view, &key, now)?;
            let plan = self.subject.decide(&world);
            Some((world, plan))
        }));
        match decided {
            Ok(Some((world, plan))) => self.act(key, scope, &world, plan).await,
            Ok(None) => self.queue.succeeded(&key),
            Err(_) => {
                error!(subject = self.subject.name(), ?key, "deciding panicked");
                self.queue.failed(key, now);
            }
        }
    }

    async fn act(
        &mut self,
        key: S::Key,
        scope: Option<S::Key>,
        world: &S::World,
        plan: Plan<S::Action>,
    ) {
        for reason in &plan.reasons {
            debug!(
                subject = self.subject.name(),
                about = reason.about,
                because = reason.because,
                "decided"
            );
        }
        let recheck = plan.recheck;
        let end = self.carry_out(&scope, plan.actions).await;
        let now = self.clock.now();
        match end {
            End::Done => {
                self.queue.succeeded(&key);
                if let Some(delay) = recheck {
                    self.queue.push(key, after(now, delay));
                }
            }
            End::Stale => self.queue.push(key, after(now, STALE)),
            End::Refused(action, why) => {
                info!(
                    subject = self.subject.name(),
                    ?key,
                    why,
                    "a write was refused"
                );
                let plan = self.subject.refused(world, &action, &why);
                drop(self.carry_out(&scope, plan.actions).await);
                self.queue.failed(key, now);
            }
            End::Failed(why) => {
                let delay = self.queue.failed(key.clone(), now);
                warn!(
                    subject = self.subject.name(),
                    ?key,
                    ?delay,
                    why,
                    "could not carry out a plan"
                );
            }
        }
    }

    async fn carry_out(
        &mut self,
        scope: &Option<S::Key>,
        actions: Vec<S::Action>,
    ) -> End<S::Action> {
        if actions.is_empty() {
            return End::Done;
        }
        let outcome = self.executor.carry_out(actions).await;
        if !outcome.written.is_empty() {
            let writes = self.writes.entry(scope.clone()).or_default();
            for (resource, revision) in outcome.written {
                let known = writes.entry(resource).or_default();
                *known = revision.max(*known);
            }
        }
        outcome.end
    }
}
