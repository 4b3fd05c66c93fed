//! Keeps the node's own object and lease as they should be: one beat after the other.
//!
//! A beat is decided on the two objects as they were just read. It writes each at most once: what
//! was written is read again before it is written on.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node;

use gantry_base::Timestamp;
use gantry_base::backoff::Backoff;
use gantry_base::time::since;
use gantry_reconcile::{Plan, Write};

use crate::node_status::{Facts, claim, is_news, lease, new_node, status};

/// How often the lease is renewed and the machine looked at.
pub const PERIOD: Duration = Duration::from_secs(10);
/// How often a status is written that says nothing new.
pub const REPORT_AT_LEAST: Duration = Duration::from_secs(300);
/// The namespace of the leases of nodes, each of which has its node's name.
pub const LEASES: &str = "kube-node-lease";

/// How long to wait before what failed is tried again.
const DELAYS: Backoff = Backoff {
    first: Duration::from_millis(50),
    longest: Duration::from_secs(10),
};

/// What is remembered from one beat to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    reported: Option<Timestamp>,
    failures: u32,
    /// How many beats in a row had to make the object or to put it right.
    claims: u32,
}

/// One beat, decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Beat {
    /// What to write.
    pub plan: Plan<Write>,
    now: Timestamp,
    kind: Kind,
}

/// How much of its work a beat does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The object first; its status when it is as it should be.
    Claim,
    /// The status and the lease.
    Report,
    /// The lease.
    Renew,
}

impl Registration {
    /// Decides on a beat: what the node's object and its lease have to become.
    #[must_use]
    pub fn beat(&self, facts: &Facts, node: Option<Node>, known: Option<Lease>) -> Beat {
        let mut plan = Plan::default();
        let kind = self.decide(facts, (node, known), &mut plan);
        let now = facts.now;
        Beat { plan, now, kind }
    }

    fn decide(
        &self,
        facts: &Facts,
        (node, known): (Option<Node>, Option<Lease>),
        plan: &mut Plan<Write>,
    ) -> Kind {
        let Some(mut node) = node else {
            plan.act(Write::create(&new_node(facts)));
            return Kind::Claim;
        };
        let kind = if claim(&mut node, facts) {
            plan.act(Write::update(&node));
            Kind::Claim
        } else {
            self.report(facts, &node, plan)
        };
        plan.act(renewal(known, &node, facts.now));
        kind
    }

    fn report(&self, facts: &Facts, node: &Node, plan: &mut Plan<Write>) -> Kind {
        let known = node.status.clone().unwrap_or_default();
        let new = status(&known, facts);
        let reported = self.reported;
        let is_due = reported.is_none_or(|at| since(facts.now, at) >= REPORT_AT_LEAST);
        if !is_due && !is_news(&known, &new) {
            return Kind::Renew;
        }
        plan.act(Write::update_status(&Node {
            status: Some(new),
            ..node.clone()
        }));
        Kind::Report
    }

    /// Notes how a beat ended. Answers how long to wait for the next.
    pub fn ended(&mut self, beat: &Beat, well: bool) -> Duration {
        if !well {
            self.failures = self.failures.saturating_add(1);
            return DELAYS.delay(self.failures - 1);
        }
        self.failures = 0;
        if beat.kind == Kind::Claim {
            // Somebody who takes back what was put right shall not make this a busy loop.
            self.claims = self.claims.saturating_add(1);
            let before = self.claims.checked_sub(2);
            return before.map_or(Duration::ZERO, |before| DELAYS.delay(before));
        }
        self.claims = 0;
        if beat.kind == Kind::Report {
            self.reported = Some(beat.now);
        }
        PERIOD
    }

    /// Notes that the objects could not even be read. Answers how long to wait.
    pub fn unread(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        DELAYS.delay(self.failures - 1)
    }
}

fn renewal(known: Option<Lease>, node: &Node, now: Timestamp) -> Write {
    let is_new = known.is_none();
    let lease = lease(known, node, now);
    if is_new {
        Write::create(&lease)
    } else {
        Write::update(&lease)
    }
}

#[cfg(test)]
mod tests;
