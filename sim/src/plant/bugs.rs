//! The list of the bugs, each with its name and what is wrong.

/// Makes the list: one variant, one name and one sentence for each bug.
macro_rules! bugs {
    ($($(#[doc = $about:literal])+ $bug:ident = $name:literal,)+) => {
        /// The bugs that can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Bug {
            $($(#[doc = $about])+ $bug,)+
        }

        impl Bug {
            /// All there are.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$bug),+];

            /// Its name on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$bug => $name,)+
                }
            }

            /// What is wrong, in a sentence.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$bug => concat!($($about),+).trim(),)+
                }
            }
        }
    };
}

impl Bug {
    /// The bug of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bug| bug.name() == name)
    }
}

bugs! {
    // The store.

    /// A restart of the store loses the newest writes, which were acknowledged (etcd: lost appends).
    LosesNewest = "loses-newest",
    /// Revisions begin again at an earlier one after a restart (etcd: restored without a bump).
    RevisionFallsBack = "revision-falls-back",
    /// Two transactions get the same revision (etcd: inconsistent revisions).
    RevisionTwice = "revision-twice",
    /// A write is acknowledged and never made.
    AcksUnwritten = "acks-unwritten",
    /// A conflict is swallowed: the write lands on top of somebody else's (lost update).
    SwallowsConflict = "swallows-conflict",
    /// A read is answered by a member that lags behind (Kubernetes: stale reads from a cache).
    StaleRead = "stale-read",
    /// After a change of leaders reads show how things stood before it for a while.
    StaleAfterChange = "stale-after-change",
    /// A list claims to be newer than what is in it: two snapshots in one (Kubernetes: cached lists).
    MixesLists = "mixes-lists",
    /// A change of what is wanted does not count up the generation.
    GenerationStands = "generation-stands",
    /// A new object gets the uid of another.
    UidTwice = "uid-twice",
    /// A write moves a bound pod to another node.
    MovesPod = "moves-pod",
    /// An object that is to go goes although finalizers hold it.
    IgnoresFinalizers = "ignores-finalizers",
    /// A deletion is carried out again later, and does not mind the uid that it names.
    IgnoresUid = "ignores-uid",

    /// What is made is not charged to the quota of its namespace.
    ForgetsQuota = "forgets-quota",
    /// Who is evicted is not charged to the disruption budget.
    ForgetsBudget = "forgets-budget",
    /// A new Service gets the cluster address of another.
    ServiceAddressTwice = "service-address-twice",
    /// A new Service gets the node port of another.
    NodePortTwice = "node-port-twice",

    // Watches.

    /// A watch does not tell of a change.
    LosesEvent = "loses-event",
    /// A watch goes on after what it had not told was compacted (etcd: events lost to compaction).
    SkipsCompacted = "skips-compacted",
    /// A watch begins one revision late (Kubernetes: resume at revision + 1).
    StartsLate = "starts-late",
    /// A watch tells of a change twice (etcd: duplicate events).
    RepeatsEvent = "repeats-event",
    /// A watch tells of changes in the wrong order.
    DisordersEvents = "disorders-events",
    /// A bookmark is newer than what was told (Kubernetes: bookmarks ahead of events).
    BookmarkTooNew = "bookmark-too-new",
    /// A watch tells of a deletion as of a change, so that nobody learns of it.
    DeletionAsChange = "deletion-as-change",
    /// What a watch begins with lacks an object.
    BeginsWithoutOne = "begins-without-one",

    // Loops.

    /// A loop does not wait for its own writes (Kubernetes: missing expectations).
    ForgetsWrites = "forgets-writes",
    /// A loop decides on a picture of a while ago.
    DecidesOnOld = "decides-on-old",
    /// A change does not make its keys due.
    SkipsEvent = "skips-event",
    /// Only new objects make keys due, not changes.
    OnlyAdded = "only-added",
    /// A key that failed is not tried again.
    LosesFailed = "loses-failed",
    /// A change that comes while its key is worked on is forgotten (Kubernetes: done before dirty).
    ForgetsNews = "forgets-news",
    /// A wish to look again later is not heard.
    IgnoresRecheck = "ignores-recheck",
    /// What failed is tried again without a pause.
    RetriesAtOnce = "retries-at-once",
    /// The last status is written again and again (Kubernetes: hot loops).
    RepeatsItself = "repeats-itself",
    /// A loop waits for ever for an answer that was lost.
    WaitsForever = "waits-forever",
    /// A loop panics on an unusual object (Kubernetes: nil fields).
    Panics = "panics",
    /// Deletions name no uid (Kubernetes: they hit the successor of what was seen).
    DeletesByName = "deletes-by-name",
    /// Writes name no resourceVersion (lost update).
    UpdatesBlindly = "updates-blindly",

    // Controllers and the scheduler.

    /// New pods are numbered, whatever there is: the names of those who still end are taken.
    NamesByNumber = "names-by-number",
    /// New pods are named by chance, and nobody waits to see them (Kubernetes: made twice after a stale list).
    NamesByChance = "names-by-chance",
    /// The removal of a finalizer is dropped (leaked finalizer).
    LeaksFinalizer = "leaks-finalizer",
    /// An owner that waits for its dependents is let go before they are gone.
    ReleasesEarly = "releases-early",
    /// An owner that leaves orphans is let go before they are free of it.
    KeepsOrphans = "keeps-orphans",
    /// The garbage collector takes an owner that it does not see for gone (Kubernetes: absent owners).
    CollectsLiving = "collects-living",
    /// A namespace finishes while something is left in it.
    NamespaceEarly = "namespace-early",
    /// The scheduler does not mind that a node is cordoned.
    BindsToCordoned = "binds-to-cordoned",
    /// The scheduler binds to a node that does not exist (Kubernetes: a cache of vanished nodes).
    BindsToNowhere = "binds-to-nowhere",
    /// The scheduler ignores what it has just given away.
    GivesTwice = "gives-twice",
    /// A deployment takes one pod more from an old set than it may.
    ScalesTooFar = "scales-too-far",
    /// A replica set takes pods that are about to go for alive.
    CountsTerminating = "counts-terminating",
    /// A replica set deletes one pod more than is surplus.
    DeletesOneMore = "deletes-one-more",
    /// A replica set deletes ready pods first.
    DeletesReadyFirst = "deletes-ready-first",
    /// Endpoints stay ready when their pods are not.
    KeepsUnready = "keeps-unready",
    /// Some pods never become endpoints.
    ForgetsEndpoint = "forgets-endpoint",
    /// Pods are evicted when one beat of their node is late.
    EvictsEarly = "evicts-early",
    /// Pods are removed when their node is not seen for a moment.
    CleansLiving = "cleans-living",

    // Nodes.

    /// An agent that comes back starts a container that runs already.
    StartsTwice = "starts-twice",
    /// A node forgets to give an address back.
    LeaksAddress = "leaks-address",
    /// A node gives an address twice.
    AddressTwice = "address-twice",
    /// An agent that comes back does not take over what runs (CNI: state lost at a restart).
    AdoptsNothing = "adopts-nothing",
    /// A pod is reported ready without asking it.
    ReadyUnasked = "ready-unasked",
    /// The end of a container is not reported.
    HidesEnds = "hides-ends",
    /// A pod is removed from the API while its containers run.
    DeletesUnstopped = "deletes-unstopped",
    /// A sandbox stays when its pod is gone.
    LeavesSandbox = "leaves-sandbox",
    /// A router never removes an endpoint.
    RouterKeeps = "router-keeps",
    /// A router does not hear of some changes.
    RouterDeaf = "router-deaf",
    /// A node's heart beats too seldom.
    SkipsBeats = "skips-beats",
}
