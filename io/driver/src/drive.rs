//! The one loop: take a due key, wait for a view that knows our own writes, observe, decide, act.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, error, info, warn};

use gantry_api::ObjectKey;
use gantry_base::Timestamp;
use gantry_base::time::since;
use gantry_gateway::Clock;
use gantry_reconcile::{Awaits, Next, Plan, Reason, View};
use gantry_steering::limits::VIEW_WAIT;
use gantry_steering::{End, Outcome, Turns};

use crate::cache::Cache;
use crate::inbox::Inbox;
use crate::record::{self, Draft, Record};

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

    /// All keys there are something to keep true for, for the slow pass over everything.
    fn all_keys(&self, view: &View) -> Vec<Self::Key>;

    /// Gathers the world for `key`, or nothing if there is nothing to keep true.
    fn observe(&self, view: &View, key: &Self::Key, now: Timestamp) -> Option<Self::World>;

    /// Decides what to do next.
    fn decide(&self, world: &Self::World) -> Plan<Self::Action>;

    /// The objects that a plan concerned: first what `key` stands for, then what `actions` change.
    fn concerned(&self, _key: &Self::Key, _actions: &[Self::Action]) -> Vec<ObjectKey> {
        Vec::new()
    }

    /// An action in words, for people; nothing in it may be secret.
    fn wording(&self, _action: &Self::Action) -> String {
        "make it so".to_owned()
    }

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

/// One loop and what it works on.
#[derive(Debug)]
pub struct Driver<S: Subject, X> {
    subject: S,
    executor: X,
    cache: Cache,
    inbox: Inbox<S::Key>,
    clock: Arc<dyn Clock>,
    turns: Turns<S::Key>,
    record: Option<Record>,
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
            turns: Turns::new(subject.awaits()),
            subject,
            executor,
            cache,
            inbox,
            clock,
            record: None,
        }
    }

    /// The same loop, which enters what it does into `record`.
    #[must_use]
    pub fn recorded(mut self, record: &Record) -> Self {
        self.record = Some(record.clone());
        self
    }

    /// Runs until it is dropped.
    pub async fn run(mut self) {
        loop {
            let now = self.clock.now();
            for key in self.inbox.take() {
                self.turns.due(key, now);
            }
            if self.turns.pass_is_due(now) {
                let all = self.subject.all_keys(&self.cache.view());
                self.turns.pass(all.into_iter(), now);
            }
            if let Some(record) = &self.record {
                record.depth(self.subject.name(), self.turns.len());
            }
            match self.turns.next(now) {
                Next::Due(key) => self.turn(key).await,
                Next::Wait(until) => {
                    let pause = since(until, now).max(Duration::from_millis(1));
                    tokio::select! {
                        () = self.inbox.filled() => {}
                        () = self.clock.sleep(pause) => {}
                    }
                }
                Next::Idle => self.inbox.filled().await,
            }
        }
    }

    /// Observes, decides and acts for one key.
    async fn turn(&mut self, key: S::Key) {
        if let Some(writes) = self.turns.awaited(&key) {
            if !self.cache.reaches(writes, VIEW_WAIT).await {
                let subject = self.subject.name();
                warn!(subject, ?key, "own writes are not in the view yet");
                self.turns.unseen(key, self.clock.now());
                return;
            }
            self.turns.seen(&key);
        }
        let view = self.cache.view();
        let now = self.clock.now();
        let decided = catch_unwind(AssertUnwindSafe(|| {
            let world = self.subject.observe(&view, &key, now)?;
            let plan = self.subject.decide(&world);
            Some((world, plan))
        }));
        match decided {
            Ok(Some((world, plan))) => self.act(key, &world, plan, now).await,
            Ok(None) => self.turns.idle(&key),
            Err(_) => {
                error!(subject = self.subject.name(), ?key, "deciding panicked");
                let end = End::<S::Action>::Failed("deciding panicked".to_owned());
                self.turns.ended(key, &end, None, now);
            }
        }
    }

    async fn act(&mut self, key: S::Key, world: &S::World, plan: Plan<S::Action>, at: Timestamp) {
        let subject = self.subject.name();
        let draft = self.record.as_ref().map(|_| self.draft(&key, &plan, at));
        for Reason { about, because } in &plan.reasons {
            debug!(subject, about, because, "decided");
        }
        let recheck = plan.recheck;
        let end = self.carry_out(&key, plan.actions).await;
        let now = self.clock.now();
        if let (Some(record), Some(draft)) = (&self.record, draft) {
            record.ended(subject, draft, &end, now);
        }
        if let End::Refused(action, why) = &end {
            info!(subject, ?key, why, "a write was refused");
            let plan = self.subject.refused(world, action, why);
            drop(self.carry_out(&key, plan.actions).await);
        }
        let delay = self.turns.ended(key.clone(), &end, recheck, now);
        if let End::Failed(why) = &end {
            warn!(subject, ?key, ?delay, why, "could not carry out a plan");
        }
    }

    fn draft(&self, key: &S::Key, plan: &Plan<S::Action>, at: Timestamp) -> Draft {
        let actions = plan.actions.iter();
        Draft {
            at,
            actions: record::shown(actions.map(|action| self.subject.wording(action))),
            reasons: plan.reasons.clone(),
            objects: self.subject.concerned(key, &plan.actions),
        }
    }

    async fn carry_out(&mut self, key: &S::Key, actions: Vec<S::Action>) -> End<S::Action> {
        if actions.is_empty() {
            return End::Done;
        }
        let outcome = self.executor.carry_out(actions).await;
        self.turns.wrote(key, outcome.written);
        outcome.end
    }
}
