//! What the loops did: counted for Prometheus, and the latest plans with their reasons, so that
//! "why?" has an answer for any object.
//!
//! Only plans that did something, gave a reason or failed are kept, the newest few thousand of them.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use gantry_api::ObjectKey;
use gantry_base::Timestamp;
use gantry_base::time::since;
use gantry_reconcile::Reason;
use gantry_steering::End;

use crate::limits::{ACTIONS_SHOWN, PLANS};

/// A plan and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// When it was decided.
    pub at: Timestamp,
    /// By which loop.
    pub by: &'static str,
    /// What was to be done, in order; the first few.
    pub actions: Vec<String>,
    /// Why.
    pub reasons: Vec<Reason>,
    /// What became of it.
    pub outcome: String,
    /// The objects that it concerned, first the one that was looked at.
    pub objects: Vec<ObjectKey>,
}

/// What a loop says of a plan that it has decided.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) at: Timestamp,
    pub(crate) actions: Vec<String>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) objects: Vec<ObjectKey>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Name {
    name: &'static str,
}

#[derive(Clone, Debug)]
struct Seconds;

impl MetricConstructor<Histogram> for Seconds {
    fn new_metric(&self) -> Histogram {
        Histogram::new([0.000_1, 0.001, 0.01, 0.1, 1.0, 10.0])
    }
}

/// What the loops of this process did. Clones are the same record.
#[derive(Clone, Default)]
pub struct Record {
    shared: Arc<Shared>,
}

struct Shared {
    turns: Family<Name, Counter<u64, AtomicU64>>,
    retries: Family<Name, Counter<u64, AtomicU64>>,
    depth: Family<Name, Gauge<i64, AtomicI64>>,
    duration: Family<Name, Histogram, Seconds>,
    leads: Family<Name, Gauge<i64, AtomicI64>>,
    /// Held while one plan is added, or the list is searched.
    plans: Mutex<VecDeque<Decided>>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            turns: Family::default(),
            retries: Family::default(),
            depth: Family::default(),
            duration: Family::new_with_constructor(Seconds),
            leads: Family::default(),
            plans: Mutex::new(VecDeque::new()),
        }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").finish_non_exhaustive()
    }
}

impl Record {
    /// Enters what is counted, under the names that are known from client-go's work queues.
    pub fn register(&self, registry: &mut Registry) {
        let shared = &self.shared;
        registry.register(
            "workqueue_adds",
            "Keys that were looked at, by loop",
            shared.turns.clone(),
        );
        registry.register(
            "workqueue_retries",
            "Keys that come again since their plan could not be carried out",
            shared.retries.clone(),
        );
        registry.register(
            "workqueue_depth",
            "Keys that are due, now or later",
            shared.depth.clone(),
        );
        registry.register(
            "workqueue_work_duration_seconds",
            "Time from looking at a key until its plan was carried out",
            shared.duration.clone(),
        );
        registry.register(
            "leader_election_master_status",
            "Whether this process holds a lease, by lease",
            shared.leads.clone(),
        );
    }

    /// The plans that concerned an object, the newest last.
    #[must_use]
    pub fn about(&self, object: &ObjectKey) -> Vec<Decided> {
        let plans = self.plans();
        let about = plans.iter().filter(|plan| plan.objects.contains(object));
        about.cloned().collect()
    }

    /// Whether this process holds the lease of this name.
    pub(crate) fn leads(&self, name: &'static str, is_so: bool) {
        let gauge = self.shared.leads.get_or_create(&Name { name });
        gauge.set(i64::from(is_so));
    }

    /// So many keys are due, now or later.
    pub(crate) fn depth(&self, name: &'static str, keys: usize) {
        let keys = i64::try_from(keys).unwrap_or(i64::MAX);
        self.shared.depth.get_or_create(&Name { name }).set(keys);
    }

    /// A key was looked at, and this came of it.
    pub(crate) fn ended<A>(&self, name: &'static str, draft: Draft, end: &End<A>, now: Timestamp) {
        let label = Name { name };
        self.shared.turns.get_or_create(&label).inc();
        let took = since(now, draft.at).as_secs_f64();
        self.shared.duration.get_or_create(&label).observe(took);
        let outcome = match end {
            End::Done => "done".to_owned(),
            End::Stale => "somebody else's write came first".to_owned(),
            End::Refused(_, why) => format!("refused: {why}"),
            End::Failed(why) => format!("failed: {why}"),
        };
        let is_done = matches!(end, End::Done);
        if !is_done {
            self.shared.retries.get_or_create(&label).inc();
        }
        if !is_done || !draft.actions.is_empty() || !draft.reasons.is_empty() {
            self.keep(name, draft, outcome);
        }
    }

    fn keep(&self, by: &'static str, draft: Draft, outcome: String) {
        let mut plans = self.plans();
        if plans.len() >= PLANS {
            plans.pop_front();
        }
        plans.push_back(Decided {
            at: draft.at,
            by,
            actions: draft.actions,
            reasons: draft.reasons,
            outcome,
            objects: draft.objects,
        });
    }

    fn plans(&self) -> MutexGuard<'_, VecDeque<Decided>> {
        let plans = self.shared.plans.lock();
        plans.unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first few actions in words, and how many more there are.
pub(crate) fn shown(actions: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let more = actions.len().saturating_sub(ACTIONS_SHOWN);
    let mut shown: Vec<String> = actions.take(ACTIONS_SHOWN).collect();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use gantry_api::GroupResource;

    fn key(name: &str) -> ObjectKey {
        ObjectKey::new(GroupResource::new("", "pods"), "default", name)
    }

    fn draft(name: &str, actions: &[&str]) -> Draft {
        Draft {
            at: Timestamp::UNIX_EPOCH,
            actions: actions.iter().map(|&action| action.to_owned()).collect(),
            reasons: Vec::new(),
            objects: vec![key(name)],
        }
    }

    #[test]
    fn what_was_decided_is_found_by_the_object_that_it_concerned() {
        let record = Record::default();
        let now = Timestamp::UNIX_EPOCH;
        record.ended("one", draft("a", &["create b"]), &End::<()>::Done, now);
        record.ended("two", draft("b", &[]), &End::<()>::Done, now);
        let failed = End::<()>::Failed("no".to_owned());
        record.ended("two", draft("b", &[]), &failed, now);
        let about = |name: &str| {
            let found = record.about(&key(name)).into_iter();
            found
                .map(|plan| (plan.by, plan.outcome))
                .collect::<Vec<_>>()
        };
        assert_eq!(about("a"), [("one", "done".to_owned())]);
        assert_eq!(about("b"), [("two", "failed: no".to_owned())]);
    }

    #[test]
    fn only_the_newest_plans_are_kept() {
        let record = Record::default();
        for number in 0..=PLANS {
            let name = format!("p{number}");
            record.ended(
                "one",
                draft(&name, &["x"]),
                &End::<()>::Done,
                Timestamp::UNIX_EPOCH,
            );
        }
        assert!(record.about(&key("p0")).is_empty());
        assert_eq!(record.about(&key("p1")).len(), 1);
    }

    #[test]
    fn of_a_long_plan_the_first_actions_are_shown() {
        let many = (0..ACTIONS_SHOWN + 2).map(|number| number.to_string());
        assert_eq!(
            shown(many.collect::<Vec<_>>().into_iter()).last().unwrap(),
            "and 2 more"
        );
    }
}
