//! What kind of world a run is, and how much trouble there is in it: plain data.

use std::collections::BTreeMap;
use std::time::Duration;

use gantry_store::HistoryLimits;

use crate::faults::{Fault, Rate};

/// A kind of world.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name on the command line.
    pub name: String,
    /// Nodes.
    pub nodes: usize,
    /// Members of the API server.
    pub members: usize,
    /// People.
    pub humans: usize,
    /// Applications that each of them looks after.
    pub applications: usize,
    /// The most replicas that anybody asks for.
    pub replicas: u64,
    /// Whether people only fill the cluster: each application with all the replicas that may be
    /// asked for, without an address, and nothing afterwards.
    pub only_fills: bool,
    /// The mean time between two things that somebody does.
    pub pause: Duration,
    /// How long there is trouble.
    pub trouble: Duration,
    /// How long everything may take to settle afterwards.
    pub quiet: Duration,
    /// How often each fault strikes.
    pub rates: BTreeMap<Fault, Rate>,
    /// How much of the past the store keeps.
    pub history: HistoryLimits,
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl Profile {
    /// The profile of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "calm" => Some(Self::calm()),
            "mild" => Some(Self::mild()),
            "hard" => Some(Self::hard()),
            "scale" => Some(Self::scale()),
            "steady" => Some(Self::steady()),
            _ => None,
        }
    }

    /// The names there are.
    pub const NAMES: [&str; 5] = ["calm", "mild", "hard", "scale", "steady"];

    /// People at work, and no trouble at all: whatever goes wrong here is plain wrong.
    #[must_use]
    pub fn calm() -> Self {
        Self {
            name: "calm".to_owned(),
            nodes: 3,
            members: 1,
            humans: 1,
            applications: 3,
            replicas: 5,
            only_fills: false,
            pause: seconds(20),
            trouble: seconds(15 * 60),
            quiet: seconds(15 * 60),
            rates: BTreeMap::new(),
            history: HistoryLimits::default(),
        }
    }

    /// What happens in a decent data centre, only more often.
    #[must_use]
    pub fn mild() -> Self {
        Self {
            name: "mild".to_owned(),
            humans: 2,
            members: 2,
            trouble: seconds(20 * 60),
            rates: rates(1),
            ..Self::calm()
        }
    }

    /// Trouble without end.
    #[must_use]
    pub fn hard() -> Self {
        Self {
            name: "hard".to_owned(),
            nodes: 4,
            members: 3,
            humans: 3,
            trouble: seconds(20 * 60),
            rates: rates(5),
            history: HistoryLimits {
                keep: seconds(40),
                bytes: 512 * 1024,
            },
            ..Self::calm()
        }
    }

    /// A hundred pods on five nodes, moderate work and mild trouble: the world to measure in.
    #[must_use]
    pub fn steady() -> Self {
        let mut steady = rates(1);
        // Good programs: one of them ends by itself every few minutes, somewhere.
        steady.insert(Fault::ContainerDies, Rate::Every(seconds(10 * 60 * 60)));
        Self {
            name: "steady".to_owned(),
            nodes: 5,
            members: 3,
            humans: 2,
            applications: 10,
            replicas: 10,
            pause: seconds(5 * 60),
            trouble: seconds(4 * 60 * 60),
            rates: steady,
            ..Self::calm()
        }
    }

    /// As many nodes and pods as anybody asks about, and nothing else: for questions of capacity.
    #[must_use]
    pub fn scale() -> Self {
        Self {
            name: "scale".to_owned(),
            nodes: 1_000,
            applications: 100,
            replicas: 500,
            only_fills: true,
            trouble: seconds(0),
            ..Self::calm()
        }
    }

    /// Nobody at work but who tells a story, and no trouble but theirs.
    #[must_use]
    pub fn story() -> Self {
        Self {
            name: "story".to_owned(),
            humans: 0,
            ..Self::calm()
        }
    }

    /// The same world without a fault.
    #[must_use]
    pub fn without(mut self, fault: Fault) -> Self {
        self.rates.remove(&fault);
        self
    }
}

/// The rates of a decent data centre, `times` as high.
fn rates(times: u32) -> BTreeMap<Fault, Rate> {
    let often = |per_million: u32| Rate::PerMillion(per_million * times);
    let every = |minutes: u64| Rate::Every(seconds(minutes * 60) / times);
    BTreeMap::from([
        (Fault::WatchLate, often(4_000)),
        (Fault::WatchStalled, often(500)),
        (Fault::WatchCut, often(1_000)),
        (Fault::RivalWrite, often(4_000)),
        (Fault::RequestLost, often(2_000)),
        (Fault::AnswerLost, often(2_000)),
        (Fault::Shed, often(1_000)),
        (Fault::DiskSlow, often(2_000)),
        (Fault::DiskFull, every(120)),
        (Fault::MemberDies, every(40)),
        (Fault::StoreRestarts, every(60)),
        (Fault::ActorDies, every(15)),
        (Fault::TwoLeaders, every(60)),
        (Fault::ClockJumps, every(40)),
        (Fault::NodeCut, every(30)),
        (Fault::PowerCut, every(60)),
        (Fault::RuntimeSlow, often(5_000)),
        (Fault::RuntimeFails, often(5_000)),
        (Fault::RuntimeLies, often(2_000)),
        (Fault::PullFails, often(10_000)),
        (Fault::ContainerDies, every(20)),
        (Fault::ProbeFails, often(2_000)),
    ])
}
