//! The troubles there are, and how often each strikes.
//!
//! Some strike at an event ("one answer in a hundred is lost"): their rate is in events per
//! million. Others come by themselves ("the server dies once in ten minutes"): their rate is the
//! mean time between two of them. Each draws from a stream of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::chance::Dice;

/// One kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A watch tells what happened only after a while.
    WatchLate,
    /// A watch is not read by the server for so long that the history may be gone.
    WatchStalled,
    /// A watch ends early and must be opened again.
    WatchCut,
    /// Somebody else's write comes first.
    RivalWrite,
    /// A request gets lost on its way.
    RequestLost,
    /// A request is carried out, but its answer gets lost.
    AnswerLost,
    /// The server has too much to do and refuses.
    Shed,
    /// The disk takes its time.
    DiskSlow,
    /// The disk takes nothing for a while.
    DiskFull,
    /// One member of the API server dies and comes back.
    MemberDies,
    /// The store itself restarts: what was not on disk is gone, and so is the history.
    StoreRestarts,
    /// A component dies between two actions and comes back with an empty memory.
    ActorDies,
    /// A second leader works beside the first for a while.
    TwoLeaders,
    /// An actor's clock jumps.
    ClockJumps,
    /// A node cannot reach the server, nor be reached.
    NodeCut,
    /// A machine loses power and is switched on again.
    PowerCut,
    /// The runtime takes its time.
    RuntimeSlow,
    /// The runtime refuses.
    RuntimeFails,
    /// The runtime did it, and says that it failed.
    RuntimeLies,
    /// An image cannot be pulled at the moment.
    PullFails,
    /// A container ends by itself.
    ContainerDies,
    /// A probe fails although its container is well.
    ProbeFails,
}

impl Fault {
    /// All there are.
    pub const ALL: [Self; 22] = [
        Self::WatchLate,
        Self::WatchStalled,
        Self::WatchCut,
        Self::RivalWrite,
        Self::RequestLost,
        Self::AnswerLost,
        Self::Shed,
        Self::DiskSlow,
        Self::DiskFull,
        Self::MemberDies,
        Self::StoreRestarts,
        Self::ActorDies,
        Self::TwoLeaders,
        Self::ClockJumps,
        Self::NodeCut,
        Self::PowerCut,
        Self::RuntimeSlow,
        Self::RuntimeFails,
        Self::RuntimeLies,
        Self::PullFails,
        Self::ContainerDies,
        Self::ProbeFails,
    ];

    /// Its name on the command line and in the timeline.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WatchLate => "watch-late",
            Self::WatchStalled => "watch-stalled",
            Self::WatchCut => "watch-cut",
            Self::RivalWrite => "rival-write",
            Self::RequestLost => "request-lost",
            Self::AnswerLost => "answer-lost",
            Self::Shed => "shed",
            Self::DiskSlow => "disk-slow",
            Self::DiskFull => "disk-full",
            Self::MemberDies => "member-dies",
            Self::StoreRestarts => "store-restarts",
            Self::ActorDies => "actor-dies",
            Self::TwoLeaders => "two-leaders",
            Self::ClockJumps => "clock-jumps",
            Self::NodeCut => "node-cut",
            Self::PowerCut => "power-cut",
            Self::RuntimeSlow => "runtime-slow",
            Self::RuntimeFails => "runtime-fails",
            Self::RuntimeLies => "runtime-lies",
            Self::PullFails => "pull-fails",
            Self::ContainerDies => "container-dies",
            Self::ProbeFails => "probe-fails",
        }
    }

    /// The fault of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }
}

/// How often a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// So many times in a million events of its kind.
    PerMillion(u32),
    /// By itself, so long after the last on average.
    Every(Duration),
}

/// The faults of a run, and whether they are let loose.
#[derive(Clone, Debug)]
pub struct Faults {
    seed: u64,
    rates: BTreeMap<Fault, Rate>,
    streams: BTreeMap<Fault, Dice>,
    struck: BTreeMap<Fault, u64>,
    is_loose: bool,
}

impl Faults {
    /// The faults of the world `seed`, let loose.
    #[must_use]
    pub const fn new(seed: u64, rates: BTreeMap<Fault, Rate>) -> Self {
        Self {
            seed,
            rates,
            streams: BTreeMap::new(),
            struck: BTreeMap::new(),
            is_loose: true,
        }
    }

    /// From now on a fault strikes as often as this, or never.
    pub fn set(&mut self, fault: Fault, rate: Option<Rate>) {
        match rate {
            Some(rate) => self.rates.insert(fault, rate),
            None => self.rates.remove(&fault),
        };
    }

    /// Ends all trouble.
    pub const fn calm(&mut self) {
        self.is_loose = false;
    }

    /// Whether trouble may strike.
    #[must_use]
    pub const fn are_loose(&self) -> bool {
        self.is_loose
    }

    /// Whether the fault strikes the event at hand.
    pub fn strikes(&mut self, fault: Fault) -> bool {
        let Some(Rate::PerMillion(rate)) = self.rates.get(&fault).copied() else {
            return false;
        };
        let strikes = self.is_loose && self.dice(fault).hits(rate);
        if strikes {
            self.note(fault);
        }
        strikes
    }

    /// How long it takes until the fault strikes by itself again; nothing when it never does.
    pub fn next(&mut self, fault: Fault) -> Option<Duration> {
        let Some(Rate::Every(mean)) = self.rates.get(&fault).copied() else {
            return None;
        };
        Some(self.dice(fault).between(Duration::ZERO, mean * 2))
    }

    /// A duration drawn for the fault.
    pub fn lasts(&mut self, fault: Fault, least: Duration, most: Duration) -> Duration {
        self.dice(fault).between(least, most)
    }

    /// The fault's own chance.
    pub fn dice(&mut self, fault: Fault) -> &mut Dice {
        let seed = self.seed;
        self.streams
            .entry(fault)
            .or_insert_with(|| Dice::new(seed, fault.name()))
    }

    /// Counts a fault that struck by itself.
    pub fn note(&mut self, fault: Fault) {
        *self.struck.entry(fault).or_default() += 1;
    }

    /// How often each fault struck.
    #[must_use]
    pub const fn struck(&self) -> &BTreeMap<Fault, u64> {
        &self.struck
    }
}
