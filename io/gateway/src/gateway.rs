//! The gateway's face: what it is made of, and what can be asked of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use gantry_access::flow::{Flows, Latest};
use gantry_access::{Access, Attributes, Authority, Decision};
use gantry_api::{GroupResource, ObjectKey, Rejection};
use gantry_base::Entropy;
use gantry_kinds::{Descriptor, Verbs};
use gantry_registry::extensions::Register;
use gantry_registry::{Catalog, Encoding, Notes, Pieces, Registry, Request, Settings};
use gantry_store::{KeyRange, Snapshot, Store, WatchError};

use crate::documents::Documents;
use crate::outside::{Authenticator, Clock, Messenger, TokenSigner};
use crate::store::Ledger;
use crate::watch::{Frames, WatchStream};

/// Where nothing is ever kept: watching it costs nothing.
const PROBE: &str = "~probe/";

/// What a gateway is made of, besides the store.
pub struct Config {
    /// All kinds that are served.
    pub kinds: Vec<Descriptor>,
    /// Address ranges and other choices of the cluster.
    pub settings: Settings,
    /// The door to time.
    pub clock: Arc<dyn Clock>,
    /// The door to chance.
    pub entropy: Box<dyn Entropy>,
    /// Signs ServiceAccount tokens.
    pub signer: Arc<dyn TokenSigner>,
    /// Says whom a token belongs to.
    pub authenticator: Arc<dyn Authenticator>,
    /// Asks those outside whom a request depends on.
    pub messenger: Arc<dyn Messenger>,
}

/// The one door to the objects. Clones are the same gateway.
#[derive(Clone)]
pub struct Gateway {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    /// Held while looking through the changes since the last request, and while compiling, which
    /// happens when definitions of kinds change.
    pub(crate) catalog: Mutex<Catalog>,
    pub(crate) ledger: Arc<dyn Ledger>,
    /// Held while looking through the changes since the last request, and while compiling, which
    /// happens when roles change.
    pub(crate) authority: Mutex<Authority>,
    /// Held while looking through the changes since the last request, and while compiling, which
    /// happens when somebody registers another server.
    pub(crate) register: Mutex<Register>,
    /// Held while looking through the changes since the last request, and while compiling, which
    /// happens when schemas or levels change.
    pub(crate) flows: Mutex<Latest>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Held while one request is decided; deciding takes microseconds and never waits.
    pub(crate) entropy: Mutex<Box<dyn Entropy>>,
    pub(crate) signer: Arc<dyn TokenSigner>,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) messenger: Arc<dyn Messenger>,
    pub(crate) documents: Documents,
    pub(crate) frames: Frames,
}

/// An answer, ready for the wire.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status code.
    pub code: u16,
    /// The body's type.
    pub content_type: &'static str,
    /// The body, in pieces to be sent one after the other.
    pub content: Pieces,
    /// Remarks for the user; each becomes a `Warning` header.
    pub warnings: Vec<String>,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.kinds.len();
        f.debug_struct("Config")
            .field("kinds", &kinds)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").finish_non_exhaustive()
    }
}

impl Gateway {
    /// A gateway to the objects in `store`.
    pub fn new(store: impl Store, config: Config) -> Self {
        let shared = Shared {
            catalog: Mutex::new(Catalog::new(config.kinds, config.settings)),
            ledger: crate::store::erase(store),
            authority: Mutex::new(Authority::default()),
            register: Mutex::new(Register::default()),
            flows: Mutex::new(Latest::default()),
            clock: config.clock,
            entropy: Mutex::new(config.entropy),
            signer: config.signer,
            authenticator: config.authenticator,
            messenger: config.messenger,
            documents: Documents::default(),
            frames: Frames::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Answers a request; a refusal is answered with its `Status`.
    pub async fn call(&self, request: Request) -> Response {
        let encoding = request.encoding;
        match self.try_call(request).await {
            Ok(response) => response,
            Err(rejection) => Response::refusal(&rejection, encoding),
        }
    }

    /// Answers a request, or says why not. Watches have a call of their own.
    pub async fn try_call(&self, request: Request) -> Result<Response, Rejection> {
        self.call_noting(request).await.0
    }

    /// The same, with what was noted about the request, whatever became of it.
    pub async fn call_noting(&self, request: Request) -> (Result<Response, Rejection>, Notes) {
        crate::call::answer(&self.shared, request).await
    }

    /// Follows changes.
    pub async fn watch(&self, request: Request) -> Result<WatchStream, Rejection> {
        crate::call::freshen(&self.shared, &request).await?;
        crate::watch::open(&self.shared, &request)
    }

    /// Whether the caller may do this. Every request that is not an object's, such as a log or an
    /// exec, asks this first.
    #[must_use]
    pub fn authorize(&self, attributes: &Attributes<'_>) -> Decision {
        let snapshot = self.shared.ledger.snapshot();
        let access = self.shared.access(&snapshot);
        access.authorize(attributes, &snapshot)
    }

    /// Whether the store still takes writes and tells of changes; nothing works without it.
    #[must_use]
    pub fn store_is_open(&self) -> bool {
        let ledger = &self.shared.ledger;
        let watch = ledger.watch(KeyRange::prefix(PROBE), ledger.snapshot().revision());
        !matches!(watch, Err(WatchError::Closed))
    }

    /// How many objects of each resource there are. Walks over all of them.
    #[must_use]
    pub fn objects(&self) -> BTreeMap<GroupResource, usize> {
        let snapshot = self.shared.ledger.snapshot();
        let registry = self.shared.registry(&snapshot);
        let kinds = registry.kinds().iter();
        let stored = kinds.filter(|kind| kind.verbs != Verbs::CreateOnly);
        stored
            .map(|kind| {
                let all = ObjectKey::prefix(&kind.storage, None);
                (kind.storage.clone(), snapshot.count(&all))
            })
            .collect()
    }

    /// The schemas and levels by which requests wait for each other.
    #[must_use]
    pub fn flows(&self) -> Arc<Flows> {
        let snapshot = self.shared.ledger.snapshot();
        let flows = self.shared.flows.lock();
        flows
            .unwrap_or_else(PoisonError::into_inner)
            .flows(&snapshot)
    }

    /// How many objects a request to a collection looks at, counted up to `most`.
    #[must_use]
    pub fn count_objects(&self, request: &Request, most: usize) -> usize {
        let snapshot = self.shared.ledger.snapshot();
        let registry = self.shared.registry(&snapshot);
        let Some(kind) = registry.find(&request.resource) else {
            return 0;
        };
        let prefix = ObjectKey::prefix(&kind.storage, request.namespace.as_deref());
        snapshot.range(&prefix, None).take(most).count()
    }

    /// What is served: the source of routes, discovery and published schemas.
    #[must_use]
    pub fn registry(&self) -> Arc<Registry> {
        self.shared.registry(&self.shared.ledger.snapshot())
    }
}

impl Shared {
    /// The kinds as they are in `snapshot` or in a later picture.
    pub(crate) fn registry(&self, snapshot: &Snapshot) -> Arc<Registry> {
        let catalog = self.catalog.lock();
        catalog
            .unwrap_or_else(PoisonError::into_inner)
            .registry(snapshot)
    }

    /// The permissions as they are in `snapshot` or in a later picture.
    pub(crate) fn access(&self, snapshot: &Snapshot) -> Arc<Access> {
        let authority = self.authority.lock();
        authority
            .unwrap_or_else(PoisonError::into_inner)
            .access(snapshot)
    }
}

impl Response {
    /// The answer that tells of a refusal.
    #[must_use]
    pub fn refusal(rejection: &Rejection, encoding: Encoding) -> Self {
        let retry = rejection.retry_after_seconds();
        Self {
            code: rejection.code(),
            content_type: encoding.media_type(),
            content: vec![encoding.refusal(rejection)].into(),
            warnings: Vec::new(),
            headers: retry
                .map(|seconds| ("retry-after", seconds.to_string()))
                .into_iter()
                .collect(),
        }
    }
}
