//! Leader election as a state machine: of several candidates one holds a lease and works, the
//! others wait.
//!
//! Nobody compares clocks. Who waits goes by how long ago the lease was seen to change, who holds
//! it by how long ago its renewal began, each on a time of its own that only grows. The moments in
//! the lease are for people.
//!
//! Invariant: who cannot renew stops, after the deadline, before anybody else may begin, after the
//! lease's duration. What was on its way then can still arrive; every write has its precondition.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};

use gantry_base::Timestamp;

use crate::plan::Plan;
use crate::write::{EventNote, Write};

/// How long things take, as an operator may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long others wait for a holder that says nothing.
    pub duration: Duration,
    /// How long a holder works on without a renewal.
    pub deadline: Duration,
    /// The pause between two attempts.
    pub retry: Duration,
}

/// Why times do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimingError {
    /// A lease is written in whole seconds.
    #[error("hold a lease for {0:?}: expected one or more whole seconds")]
    Duration(Duration),
    /// The holder would work on while another one begins.
    #[error(
        "hold a lease for {duration:?}: it must be longer than the renew deadline {deadline:?}"
    )]
    Deadline {
        /// How long a lease counts.
        duration: Duration,
        /// How long its holder works on.
        deadline: Duration,
    },
    /// There would be no second attempt.
    #[error(
        "renew within {deadline:?}: it must be longer than the retry period {retry:?}, which must not be 0"
    )]
    Retry {
        /// How long a holder works on.
        deadline: Duration,
        /// The pause between two attempts.
        retry: Duration,
    },
}

impl Default for Timing {
    /// What Kubernetes' components use.
    fn default() -> Self {
        Self {
            duration: Duration::from_secs(15),
            deadline: Duration::from_secs(10),
            retry: Duration::from_secs(2),
        }
    }
}

impl Timing {
    /// The same times, if they keep two holders apart.
    pub fn checked(self) -> Result<Self, TimingError> {
        let Self {
            duration,
            deadline,
            retry,
        } = self;
        let is_whole = duration.subsec_nanos() == 0 && i32::try_from(duration.as_secs()).is_ok();
        if !is_whole || duration.is_zero() {
            return Err(TimingError::Duration(duration));
        }
        if duration <= deadline {
            return Err(TimingError::Deadline { duration, deadline });
        }
        if retry.is_zero() || deadline <= retry {
            return Err(TimingError::Retry { deadline, retry });
        }
        Ok(self)
    }
}

/// When something is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// What the clock on the wall says.
    pub now: Timestamp,
    /// The time that has passed since a beginning of our own; it only grows.
    pub ticks: Duration,
}

/// One candidate for one lease.
#[derive(Clone, Debug)]
pub struct Election {
    namespace: String,
    name: String,
    identity: String,
    timing: Timing,
    /// What the lease said when it changed last, and when that was seen.
    seen: Option<(Option<LeaseSpec>, Duration)>,
    /// When the renewal began that went through last, while the lease is ours.
    renewed: Option<Duration>,
}

/// An attempt to have the lease.
#[derive(Clone, Debug, PartialEq)]
pub struct Bid {
    /// What to write.
    pub plan: Plan<Write>,
    at: Duration,
}

impl Election {
    /// A candidate that must not share `identity` with anybody, not even with an earlier life.
    #[must_use]
    pub fn new(namespace: &str, name: &str, identity: &str, timing: Timing) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            identity: identity.to_owned(),
            timing,
            seen: None,
            renewed: None,
        }
    }

    /// Where the lease is.
    #[must_use]
    pub fn place(&self) -> (&str, &str) {
        (&self.namespace, &self.name)
    }

    /// The candidate's name.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Until when the candidate may work, if it may at `ticks`.
    #[must_use]
    pub fn holds_until(&self, ticks: Duration) -> Option<Duration> {
        let until = self.renewed? + self.timing.deadline;
        (ticks < until).then_some(until)
    }

    /// How long to wait before the next attempt: no longer than anything stays as it is.
    #[must_use]
    pub fn pause(&self, ticks: Duration) -> Duration {
        let turn = match (self.holds_until(ticks), &self.seen) {
            (Some(until), _) => until,
            (None, Some((spec, at))) => *at + self.term(spec.as_ref()),
            (None, None) => return self.timing.retry,
        };
        match turn.saturating_sub(ticks) {
            Duration::ZERO => self.timing.retry,
            left => left.min(self.timing.retry),
        }
    }

    /// How long an answer to the next attempt would count.
    #[must_use]
    pub fn patience(&self, ticks: Duration) -> Duration {
        let until = self.holds_until(ticks);
        until.map_or(self.timing.deadline, |until| until.saturating_sub(ticks))
    }

    /// Decides on the lease as it was just read: what to write to have it, or nothing while
    /// somebody else has it.
    pub fn bid(&mut self, known: Option<Lease>, moment: Moment) -> Option<Bid> {
        let spec = known.as_ref().and_then(|lease| lease.spec.clone());
        if self.seen.as_ref().is_none_or(|(seen, _)| *seen != spec) {
            self.seen = Some((spec.clone(), moment.ticks));
        }
        let holder = spec.as_ref().and_then(holder);
        let is_ours = holder == Some(self.identity.as_str());
        if holder.is_some() && !is_ours && !self.has_lapsed(moment.ticks) {
            self.renewed = None;
            return None;
        }
        let mut plan = Plan::default();
        let is_new = known.is_none();
        let lease = self.claimed(known, is_ours, moment.now);
        let note = (!is_ours).then(|| self.note(&lease, "became leader"));
        plan.act(if is_new {
            Write::create(&lease)
        } else {
            Write::update(&lease)
        });
        plan.actions.extend(note);
        Some(Bid {
            plan,
            at: moment.ticks,
        })
    }

    /// Notes whether a bid went through.
    pub fn ended(&mut self, bid: &Bid, well: bool) {
        if well {
            self.renewed = Some(bid.at);
        }
    }

    /// What to write to give up the lease, as it was just read, so that nobody has to wait.
    pub fn release(&mut self, known: Lease, now: Timestamp) -> Option<Plan<Write>> {
        self.renewed = None;
        let spec = known.spec.clone().unwrap_or_default();
        if holder(&spec) != Some(self.identity.as_str()) {
            return None;
        }
        let released = Lease {
            spec: Some(LeaseSpec {
                holder_identity: None,
                lease_duration_seconds: Some(1),
                acquire_time: Some(MicroTime(now)),
                renew_time: Some(MicroTime(now)),
                ..spec
            }),
            ..known
        };
        let mut plan = Plan::default();
        plan.act(Write::update(&released));
        plan.act(self.note(&released, "stopped leading"));
        Some(plan)
    }

    /// Whether the holder has said nothing for longer than it may.
    fn has_lapsed(&self, ticks: Duration) -> bool {
        let seen = self.seen.as_ref();
        seen.is_some_and(|(spec, at)| *at + self.term(spec.as_ref()) <= ticks)
    }

    /// How long a lease counts: as long as its holder says.
    fn term(&self, spec: Option<&LeaseSpec>) -> Duration {
        let said = spec.and_then(|spec| spec.lease_duration_seconds);
        let said = said.and_then(|seconds| u64::try_from(seconds).ok());
        said.map_or(self.timing.duration, Duration::from_secs)
    }

    fn claimed(&self, known: Option<Lease>, is_ours: bool, now: Timestamp) -> Lease {
        let earlier = known.as_ref().map(|lease| lease.spec.clone());
        let mut lease = known.unwrap_or_else(|| self.unmade());
        let spec = lease.spec.get_or_insert_with(LeaseSpec::default);
        let seconds = i32::try_from(self.timing.duration.as_secs()).unwrap_or(i32::MAX);
        spec.holder_identity = Some(self.identity.clone());
        spec.lease_duration_seconds = Some(seconds);
        spec.renew_time = Some(MicroTime(now));
        if !is_ours {
            let before = earlier.map(|spec| spec.and_then(|spec| spec.lease_transitions));
            let changes = before.map_or(0, |before| before.unwrap_or(0).saturating_add(1));
            spec.acquire_time = Some(MicroTime(now));
            spec.lease_transitions = Some(changes);
        }
        lease
    }

    fn unmade(&self) -> Lease {
        Lease {
            metadata: ObjectMeta {
                namespace: Some(self.namespace.clone()),
                name: Some(self.name.clone()),
                ..ObjectMeta::default()
            },
            spec: None,
        }
    }

    fn note(&self, lease: &Lease, what: &str) -> Write {
        let message = format!("{} {what}", self.identity);
        Write::Note(EventNote::normal(lease, "LeaderElection", message))
    }
}

/// Who holds a lease, if anybody does.
fn holder(spec: &LeaseSpec) -> Option<&str> {
    let holder = spec.holder_identity.as_deref();
    holder.filter(|holder| !holder.is_empty())
}

#[cfg(test)]
mod tests;
