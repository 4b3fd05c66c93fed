//! A connection to another server: to one of the places where it is, within time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::body::Body;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use gantry_base::chain;
use gantry_pki::{PkiError, ServerTrust};
use gantry_registry::endpoints::Place;
use gantry_registry::extensions::{Extension, Trust};

use super::Aggregate;
use crate::front::Front;
use crate::limits::{EXTENSION_PLACES, PROXY_CONNECT};

/// Which of several places is next; that they take turns is all that is asked.
static TURN: AtomicUsize = AtomicUsize::new(0);

/// Connects to one of `places`, and to the next when nobody is there. The error says why none of
/// them could be reached.
pub(super) async fn connect<B>(
    front: &Arc<Front>,
    (extension, places): (&Extension, &[Place]),
) -> Result<SendRequest<B>, String>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let config = front.aggregate.tls(extension);
    let config = config.map_err(|error| chain(&error))?;
    let first = TURN.fetch_add(1, Ordering::Relaxed);
    let mut why = "nowhere".to_owned();
    for offset in 0..places.len().min(EXTENSION_PLACES) {
        let place = &places[(first + offset) % places.len()];
        let reached = timeout(PROXY_CONNECT, reach(front, &config, extension, place)).await;
        match reached {
            Ok(Ok(sender)) => return Ok(sender),
            Ok(Err(error)) => why = error,
            Err(_) => why = format!("{}:{} does not answer", place.0, place.1),
        }
    }
    Err(why)
}

async fn reach<B>(
    front: &Arc<Front>,
    config: &Arc<ClientConfig>,
    extension: &Extension,
    (host, port): &Place,
) -> Result<SendRequest<B>, String>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let failed = |what: &str, error: &dyn std::error::Error| {
        format!("{what} {host}:{port}: {}", chain(error))
    };
    let stream = TcpStream::connect((host.as_str(), *port)).await;
    let stream = stream.map_err(|error| failed("dial tcp", &error))?;
    gantry_base::ignore(stream.set_nodelay(true), "requests are only a little later");
    let name = ServerName::try_from(extension.host());
    let name = name.map_err(|error| failed("name", &error))?;
    let connected = TlsConnector::from(Arc::clone(config)).connect(name, stream);
    let stream = connected.await.map_err(|error| failed("tls", &error))?;
    let shaken = http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) = shaken.map_err(|error| failed("http", &error))?;
    let driven = async move {
        gantry_base::ignore(
            connection.with_upgrades().await,
            "who reads from it is told",
        );
    };
    let spawned = front.tasks.spawn(driven);
    spawned.map_err(|refusal| refusal.to_string())?;
    Ok(sender)
}

impl Aggregate {
    /// How TLS is spoken to a server.
    fn tls(&self, extension: &Extension) -> Result<Arc<ClientConfig>, PkiError> {
        if let Some(known) = self.heard().tls(extension) {
            return Ok(known);
        }
        let trust = match &extension.trust {
            Trust::Authority(authority) => ServerTrust::Authority(authority),
            Trust::Machine => ServerTrust::Roots(
                self.roots
                    .get_or_init(|| rustls_native_certs::load_native_certs().certs),
            ),
            Trust::Anybody => ServerTrust::Anybody,
        };
        let config = self.proxy.client_config(trust)?;
        self.heard().keep_tls(extension, &config);
        Ok(config)
    }
}
