use gantry_base::entropy::{Seeded, below};

use super::*;

/// Candidates before one lease, on a time that the test tells.
struct Lab {
    lease: Option<Lease>,
    version: u64,
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn candidate(identity: &str) -> Election {
    Election::new("kube-system", "leader", identity, Timing::default())
}

fn moment(ticks: Duration) -> Moment {
    let seconds = i64::try_from(ticks.as_secs()).unwrap();
    Moment {
        now: Timestamp::from_second(1_000 + seconds).unwrap(),
        ticks,
    }
}

impl Lab {
    const fn new() -> Self {
        Self {
            lease: None,
            version: 0,
        }
    }

    /// Takes a write, as a server does: only from who saw what it changes.
    fn take(&mut self, write: &Write) -> bool {
        let (object, expects) = match write {
            Write::Create { object, .. } => (object, None),
            Write::Update { object, .. } => (object, Some(self.version.to_string())),
            Write::Patch { .. }
            | Write::Delete { .. }
            | Write::DeleteAll { .. }
            | Write::Bind { .. }
            | Write::Note(_) => panic!("only the lease is written, not: {write}"),
        };
        let mut lease: Lease = object.to_typed().unwrap();
        let is_fresh = match &expects {
            None => self.lease.is_none(),
            Some(version) => lease.metadata.resource_version.as_ref() == Some(version),
        };
        if is_fresh {
            self.version += 1;
            lease.metadata.resource_version = Some(self.version.to_string());
            self.lease = Some(lease);
        }
        is_fresh
    }

    /// One attempt; whether the candidate may work afterwards.
    fn attempt(&mut self, candidate: &mut Election, ticks: Duration) -> bool {
        if let Some(bid) = candidate.bid(self.lease.clone(), moment(ticks)) {
            let well = self.take(&bid.plan.actions[0]);
            candidate.ended(&bid, well);
        }
        candidate.holds_until(ticks).is_some()
    }

    fn spec(&self) -> LeaseSpec {
        self.lease.clone().unwrap().spec.unwrap()
    }

    fn holder(&self) -> String {
        self.spec().holder_identity.unwrap_or_default()
    }
}

#[test]
fn the_first_has_the_lease_and_keeps_it_while_it_renews() {
    let mut lab = Lab::new();
    let (mut one, mut two) = (candidate("one"), candidate("two"));
    for ticks in (0..100).step_by(2).map(seconds) {
        assert!(lab.attempt(&mut one, ticks));
        assert!(!lab.attempt(&mut two, ticks));
    }
    let spec = lab.spec();
    assert_eq!(spec.lease_duration_seconds, Some(15));
    assert_eq!(spec.lease_transitions, Some(0));
    assert_eq!(spec.acquire_time, Some(MicroTime(moment(seconds(0)).now)));
    assert_eq!(spec.renew_time, Some(MicroTime(moment(seconds(98)).now)));
}

#[test]
fn who_cannot_renew_stops_before_another_one_begins() {
    let mut lab = Lab::new();
    let (mut one, mut two) = (candidate("one"), candidate("two"));
    assert!(lab.attempt(&mut one, seconds(0)));
    assert!(!lab.attempt(&mut two, seconds(1)));
    assert!(one.holds_until(seconds(9)).is_some());
    assert_eq!(one.holds_until(seconds(10)), None);
    assert!(!lab.attempt(&mut two, seconds(15)));
    assert!(lab.attempt(&mut two, seconds(16)));
    assert_eq!(lab.spec().lease_transitions, Some(1));
    assert!(!lab.attempt(&mut one, seconds(17)));
}

#[test]
fn nobody_goes_by_another_ones_clock() {
    let mut lab = Lab::new();
    let (mut one, mut two) = (candidate("one"), candidate("two"));
    assert!(lab.attempt(&mut one, seconds(0)));
    // A lease that was renewed long ago, by its holder's clock, counts from when it is seen.
    let at = seconds(100_000);
    assert!(!lab.attempt(&mut two, at));
    assert!(!lab.attempt(&mut two, at + seconds(14)));
    assert!(lab.attempt(&mut two, at + seconds(15)));
}

#[test]
fn what_is_released_is_free_at_once() {
    let mut lab = Lab::new();
    let (mut one, mut two) = (candidate("one"), candidate("two"));
    assert!(lab.attempt(&mut one, seconds(0)));
    assert!(!lab.attempt(&mut two, seconds(1)));
    let known = lab.lease.clone().unwrap();
    let plan = one.release(known, moment(seconds(2)).now).unwrap();
    assert_eq!(one.holds_until(seconds(2)), None);
    assert!(lab.take(&plan.actions[0]));
    assert_eq!(lab.holder(), "");
    assert!(lab.attempt(&mut two, seconds(3)));
    // The first had it, nobody had it, the second has it.
    assert_eq!(lab.spec().lease_transitions, Some(1));
    assert_eq!(lab.spec().lease_duration_seconds, Some(15));
}

#[test]
fn only_the_holder_can_release() {
    let mut lab = Lab::new();
    let (mut one, mut two) = (candidate("one"), candidate("two"));
    assert!(lab.attempt(&mut one, seconds(0)));
    let known = lab.lease.clone().unwrap();
    assert_eq!(two.release(known, moment(seconds(1)).now), None);
}

#[test]
fn of_two_who_saw_it_lapse_one_wins() {
    let mut lab = Lab::new();
    let (mut one, mut two, mut three) = (candidate("one"), candidate("two"), candidate("three"));
    assert!(lab.attempt(&mut one, seconds(0)));
    assert!(!lab.attempt(&mut two, seconds(0)));
    assert!(!lab.attempt(&mut three, seconds(0)));
    let late = moment(seconds(15));
    let bids = [
        two.bid(lab.lease.clone(), late).unwrap(),
        three.bid(lab.lease.clone(), late).unwrap(),
    ];
    let well = bids.each_ref().map(|bid| lab.take(&bid.plan.actions[0]));
    assert_eq!(well, [true, false]);
    two.ended(&bids[0], well[0]);
    three.ended(&bids[1], well[1]);
    assert!(two.holds_until(late.ticks).is_some());
    assert_eq!(three.holds_until(late.ticks), None);
    assert!(!lab.attempt(&mut three, seconds(17)));
}

#[test]
fn a_claim_whose_answer_was_lost_is_found_again() {
    let mut lab = Lab::new();
    let mut one = candidate("one");
    let bid = one.bid(None, moment(seconds(0))).unwrap();
    assert!(lab.take(&bid.plan.actions[0]));
    one.ended(&bid, false);
    assert_eq!(one.holds_until(seconds(0)), None);
    let again = one.bid(lab.lease.clone(), moment(seconds(2))).unwrap();
    // It is a renewal: nobody is told a second time.
    assert_eq!(again.plan.actions.len(), 1);
    assert!(lab.take(&again.plan.actions[0]));
    assert_eq!(lab.spec().lease_transitions, Some(0));
}

#[test]
fn a_renewal_counts_from_when_it_began() {
    let mut one = candidate("one");
    let bid = one.bid(None, moment(seconds(3))).unwrap();
    one.ended(&bid, true);
    assert_eq!(one.holds_until(seconds(9)), Some(seconds(13)));
}

#[test]
fn who_sees_another_holder_stops_at_once() {
    let mut lab = Lab::new();
    let (mut one, mut two) = (candidate("one"), candidate("two"));
    assert!(lab.attempt(&mut one, seconds(0)));
    // Somebody cleared the lease by hand.
    lab.lease = None;
    assert!(lab.attempt(&mut two, seconds(1)));
    assert!(!lab.attempt(&mut one, seconds(2)));
}

/// A candidate whose reads, writes and answers take as long as they please.
struct Slow {
    election: Election,
    state: State,
}

enum State {
    Resting,
    /// The lease was read, and the news of it is under way.
    Reading(Box<Option<Lease>>),
    /// A write is on its way to the server.
    Writing(Bid),
    /// It arrived, and the answer is under way.
    Hearing(Bid, bool),
}

impl Slow {
    /// The next thing happens to it; some answers are lost, and some candidates let go or begin
    /// anew.
    fn go_on(&mut self, lab: &mut Lab, ticks: Duration, chance: &mut Seeded) {
        let is_lost = below(chance, 10) == 0;
        self.state = match std::mem::replace(&mut self.state, State::Resting) {
            State::Resting if below(chance, 20) == 0 => {
                let known = lab.lease.clone();
                let plan = known.and_then(|lease| self.election.release(lease, moment(ticks).now));
                plan.map(|plan| lab.take(&plan.actions[0]));
                State::Resting
            }
            State::Resting => State::Reading(Box::new(lab.lease.clone())),
            State::Reading(_) if is_lost => State::Resting,
            State::Reading(known) => {
                let bid = self.election.bid(*known, moment(ticks));
                bid.map_or(State::Resting, State::Writing)
            }
            State::Writing(_) if is_lost => State::Resting,
            State::Writing(bid) => {
                let well = lab.take(&bid.plan.actions[0]);
                State::Hearing(bid, well)
            }
            State::Hearing(bid, well) => {
                self.election.ended(&bid, well && !is_lost);
                State::Resting
            }
        };
    }
}

#[test]
fn however_late_things_are_two_never_hold_it_at_once() {
    let mut held = [0; 3];
    for seed in 0..500 {
        let chance = &mut Seeded::new(seed);
        let mut lab = Lab::new();
        let mut all = ["one", "two", "three"].map(|name| Slow {
            election: candidate(name),
            state: State::Resting,
        });
        let mut ticks = Duration::ZERO;
        for _ in 0..400 {
            let most = if below(chance, 30) == 0 {
                20_000
            } else {
                1_000
            };
            ticks += Duration::from_millis(u64::try_from(below(chance, most)).unwrap());
            let one = below(chance, all.len());
            all[one].go_on(&mut lab, ticks, chance);
            let holders = all
                .each_ref()
                .map(|one| one.election.holds_until(ticks).is_some());
            let count = holders.iter().filter(|holds| **holds).count();
            assert!(count <= 1, "seed {seed}, {ticks:?}: {holders:?}");
            for (known, holds) in held.iter_mut().zip(holders) {
                *known += u32::from(holds);
            }
        }
    }
    assert!(
        held.iter().all(|held| 1_000 < *held),
        "all had their turns: {held:?}"
    );
}

#[test]
fn nobody_waits_longer_than_things_stay_as_they_are() {
    let mut lab = Lab::new();
    let (mut one, mut two) = (candidate("one"), candidate("two"));
    assert_eq!(one.pause(seconds(0)), seconds(2));
    assert!(lab.attempt(&mut one, seconds(0)));
    assert!(!lab.attempt(&mut two, seconds(0)));
    assert_eq!(two.pause(seconds(4)), seconds(2));
    assert_eq!(two.pause(seconds(14)), seconds(1));
    assert_eq!(two.pause(seconds(15)), seconds(2));
    assert_eq!(one.pause(seconds(9)), seconds(1));
    assert_eq!(one.pause(seconds(10)), seconds(2));
}

#[test]
fn times_that_let_two_work_are_refused() {
    let timing = |duration, deadline, retry| {
        Timing {
            duration: Duration::from_millis(duration),
            deadline: Duration::from_millis(deadline),
            retry: Duration::from_millis(retry),
        }
        .checked()
        .err()
        .map(|error| error.to_string())
    };
    assert_eq!(timing(15_000, 10_000, 2_000), None);
    assert_eq!(
        timing(1_500, 1_000, 200).unwrap(),
        "hold a lease for 1.5s: expected one or more whole seconds"
    );
    assert_eq!(
        timing(10_000, 10_000, 2_000).unwrap(),
        "hold a lease for 10s: it must be longer than the renew deadline 10s"
    );
    assert_eq!(
        timing(15_000, 10_000, 10_000).unwrap(),
        "renew within 10s: it must be longer than the retry period 10s, which must not be 0"
    );
}
