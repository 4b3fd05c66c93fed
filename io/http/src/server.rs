//! Listens: TLS, then HTTP/1.1 or HTTP/2, each connection a task of one set that ends with the
//! server.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, TcpListener};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::{debug, warn};

use gantry_audit::Audit;
use gantry_base::time::since;
use gantry_driver::Record;
use gantry_gateway::{Authenticator, ClientCertificate, Clock, Gateway, OsEntropy};
use gantry_pki::{Certificate, Pki, PkiError};

use crate::aggregate::{self, Aggregate};
use crate::coalesce::coalesced;
use crate::filters::fairness::Fairness;
use crate::front::{self, Front, Peer};
use crate::lane::{self, Lane};
use crate::limits::{
    CONNECTIONS, FAREWELL, HANDSHAKE, HEAD, OUTLOOK, PARTING, REQUEST, REQUESTS, REST, SENT_BYTES,
    STREAMS, WAITING_PART,
};
use crate::metrics::Metrics;
use crate::mortal::Mortal;
use crate::nodes::Nodes;
use crate::tasks::Tasks;

/// What the front is made of.
#[derive(Debug)]
pub struct ServerConfig {
    /// The door to the objects.
    pub gateway: Gateway,
    /// How running pods are reached.
    pub nodes: Arc<dyn Nodes>,
    /// Says whom a token belongs to.
    pub authenticator: Arc<dyn Authenticator>,
    /// Who writes down what is asked, if that is wanted.
    pub audit: Option<Arc<Audit>>,
    /// The cluster's keys.
    pub pki: Arc<Pki>,
    /// The door to time.
    pub clock: Arc<dyn Clock>,
    /// Where to listen: bound already, and not blocking.
    pub listeners: Vec<TcpListener>,
    /// Root's own way in, if there is one.
    pub lane: Option<Lane>,
    /// The version that is announced, such as `v1.35.0`.
    pub version: String,
    /// What an operator may choose of the limits.
    pub bounds: Bounds,
    /// What the loops of this process did.
    pub record: Record,
}

/// The limits that an operator may choose.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// How long a request that is answered at once may take; then it is answered with 504.
    pub request: Duration,
    /// How many seats there are for such requests; what finds none waits, or is answered with 429.
    pub requests: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            request: REQUEST,
            requests: REQUESTS,
        }
    }
}

/// Why the front cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The keys do not make a TLS configuration.
    #[error("prepare TLS")]
    Tls(#[from] PkiError),
    /// A listener could not be taken over.
    #[error("take over a listener")]
    Listener(#[from] std::io::Error),
    /// The machine's source of chance cannot be read.
    #[error("open the source of chance")]
    Chance(#[source] std::io::Error),
}

/// The API server's front.
pub struct Server {
    front: Arc<Front>,
    acceptor: TlsAcceptor,
    listeners: Vec<tokio::net::TcpListener>,
    lane: Option<(tokio::net::UnixListener, u32)>,
    stopping: watch::Sender<bool>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

impl Server {
    /// Prepares to listen.
    pub fn new(config: ServerConfig) -> Result<Self, ServerError> {
        let address = config
            .listeners
            .first()
            .map(TcpListener::local_addr)
            .transpose()?;
        let (stopping, stopped) = watch::channel(false);
        let fairness = Arc::new(Fairness::new(
            config.bounds.requests,
            config.bounds.request / WAITING_PART,
            Arc::clone(&config.clock),
        ));
        let front = Front {
            stopping: stopped,
            nodes: config.nodes,
            authenticator: config.authenticator,
            tokens: config.pki.tokens(),
            clock: config.clock,
            metrics: Metrics::new(
                (&config.record, config.audit.clone()),
                &config.gateway,
                &fairness,
                &config.version,
            ),
            tasks: Tasks::default(),
            aggregate: Aggregate::new(config.pki.front_proxy()),
            chance: Mutex::new(OsEntropy::open().map_err(ServerError::Chance)?),
            record: config.record,
            fairness,
            budgets: Arc::default(),
            audit: config.audit,
            bounds: config.bounds,
            gateway: config.gateway,
            version: config.version,
            address: address
                .map(|address| address.to_string())
                .unwrap_or_default(),
        };
        let lane = config.lane.map(|Lane { listener, owner }| {
            tokio::net::UnixListener::from_std(listener).map(|listener| (listener, owner))
        });
        let listeners = config
            .listeners
            .into_iter()
            .map(tokio::net::TcpListener::from_std);
        Ok(Self {
            front: Arc::new(front),
            acceptor: TlsAcceptor::from(config.pki.server_config()?),
            listeners: listeners.collect::<Result<_, _>>()?,
            lane: lane.transpose()?,
            stopping,
        })
    }

    /// Serves until `stop` resolves; then streams end, and answers under way may end.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut listening = JoinSet::new();
        for listener in self.listeners {
            let door = Door {
                front: Arc::clone(&self.front),
                acceptor: self.acceptor.clone(),
                places: Arc::clone(&places),
                stopped: self.front.stopping.clone(),
            };
            listening.spawn(door.listen(listener));
        }
        listening.spawn(aggregate::keep(Arc::clone(&self.front)));
        listening.spawn(aggregate::sweep(Arc::clone(&self.front)));
        if let Some((listener, owner)) = self.lane {
            let front = Arc::clone(&self.front);
            let stopped = self.front.stopping.clone();
            listening.spawn(lane::listen(front, listener, owner, stopped));
        }
        stop.await;
        self.stopping.send_replace(true);
        self.front.tasks.end().await;
        while listening.join_next().await.is_some() {}
        if let Some(audit) = &self.front.audit {
            audit.close().await;
        }
    }
}

/// What every connection needs.
#[derive(Clone)]
struct Door {
    front: Arc<Front>,
    acceptor: TlsAcceptor,
    places: Arc<Semaphore>,
    stopped: watch::Receiver<bool>,
}

impl Door {
    async fn listen(mut self, listener: tokio::net::TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                _ = self.stopped.changed() => break,
                accepted = accept(&self.places, &listener) => {
                    if let Some((stream, place)) = accepted {
                        let door = self.clone();
                        connections.spawn(async move {
                            door.serve(stream).await;
                            drop(place);
                        });
                    }
                }
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
        let all = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL, all).await.is_err() {
            connections.shutdown().await;
        }
    }

    async fn serve(mut self, stream: TcpStream) {
        gantry_base::ignore(stream.set_nodelay(true), "answers are only a little later");
        let address = stream.peer_addr().ok().map(|address| address.ip());
        let accepted = self.acceptor.accept(Mortal::new(stream));
        let mut stream = match tokio::time::timeout(HANDSHAKE, accepted).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return debug!(%error, "a TLS handshake failed"),
            Err(_) => return debug!("a TLS handshake took too long"),
        };
        let peer = peer(&stream, address);
        let front = Arc::clone(&self.front);
        if let Some(certificate) = &peer.certificate {
            let end = outlived(Arc::clone(&front), Arc::clone(certificate));
            stream.get_mut().0.end_with(Box::pin(end));
        }
        let service = service_fn(move |request| {
            let (front, peer) = (Arc::clone(&front), peer.clone());
            async move { Ok::<_, Infallible>(front::answer(front, peer, request).await) }
        });
        let builder = builder();
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            let builder = builder.http2_only();
            let connect = |stream| builder.serve_connection(TokioIo::new(stream), service);
            let connection = coalesced(stream, connect);
            self.conclude(connection, |connection| {
                connection.get_mut().connection().graceful_shutdown();
            })
            .await;
        } else {
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
            self.conclude(connection, |connection| connection.graceful_shutdown())
                .await;
        }
    }

    /// Serves until the connection ends, which it is asked to do when the server begins to stop.
    async fn conclude<C, E>(&mut self, connection: C, farewell: impl FnOnce(Pin<&mut C>))
    where
        C: Future<Output = Result<(), E>>,
        E: fmt::Display,
    {
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            _ = self.stopped.changed() => {
                farewell(connection.as_mut());
                connection.await
            }
        };
        if let Err(error) = ended {
            debug!(%error, "a connection ended early");
        }
    }
}

/// How connections are spoken.
pub(crate) fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_send_buf_size(SENT_BYTES)
        // A client that vanished without a word must not keep its watches for ever.
        .keep_alive_interval(HEAD)
        .keep_alive_timeout(HEAD);
    builder
}

/// The next connection, once there is a place for it.
async fn accept(
    places: &Arc<Semaphore>,
    listener: &tokio::net::TcpListener,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, place)),
        Err(error) => {
            warn!(%error, "could not accept a connection");
            // Usually a limit of open files: a moment's rest keeps this loop from spinning.
            tokio::time::sleep(REST).await;
            None
        }
    }
}

/// What the client's certificate says; the handshake has checked that it is one of ours.
fn peer(stream: &TlsStream<Mortal<TcpStream>>, address: Option<IpAddr>) -> Peer {
    let certificates = stream.get_ref().1.peer_certificates();
    let found = certificates.and_then(|all| Certificate::from_der(all.first()?).ok());
    Peer {
        address,
        certificate: found.map(|found| Arc::new(shown(&found))),
        is_root: false,
    }
}

/// What a certificate says, for whoever judges it.
#[must_use]
pub fn shown(certificate: &Certificate) -> ClientCertificate {
    ClientCertificate {
        user: certificate.subject.user.clone(),
        groups: certificate.subject.groups.clone(),
        issued_at: certificate.issued_at(),
        not_before: certificate.not_before,
        not_after: certificate.not_after,
    }
}

/// Resolves when a certificate that counted does not any more.
async fn outlived(front: Arc<Front>, certificate: Arc<ClientCertificate>) {
    let mut revoked = front.authenticator.revoked();
    let counts = |now| front.authenticator.certificate(&certificate, now).is_ok();
    if !counts(front.clock.now()) {
        // Each request is told so, instead of nothing at all.
        return std::future::pending().await;
    }
    loop {
        let now = front.clock.now();
        if !counts(now) {
            // Whoever revoked their own is still to be told that it is done.
            return front.clock.sleep(PARTING).await;
        }
        let rest = since(certificate.not_after, now) + Duration::from_secs(1);
        tokio::select! {
            () = front.clock.sleep(rest.min(OUTLOOK)) => {}
            Ok(()) = revoked.changed() => {}
        }
    }
}
