//! The sockets that pods reach, and the loops that serve them.
//!
//! Every task belongs to the server and ends with it. A query from the zone is answered on the spot;
//! only those that wait for others get a task of their own, and there are bounds on both.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;

use gantry_base::ignore;
use gantry_dns::Zone;
use gantry_dns::wire::Limit;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::desk::{Desk, Outcome, Pending};
use crate::forward::{read_framed, write_framed};
use crate::host::HostFiles;
use crate::limits::{ACCEPT_PAUSE, DATAGRAM_BYTES, FORWARDS, PORT_ATTEMPTS, STREAM_IDLE, STREAMS};

/// Where the resolver listens, and whom it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolverConfig {
    /// The node's own address in the pod network.
    pub listen: Ipv4Addr,
    /// The port to take if it is free; another one is taken otherwise.
    pub port: u16,
    /// The cluster's DNS address, which must not be asked by ourselves.
    pub cluster_dns: Ipv4Addr,
    /// Where the node's own servers are found.
    pub host: HostFiles,
}

/// Why the resolver could not begin to listen.
#[derive(Debug, thiserror::Error)]
#[error("listen for DNS queries on {address}")]
pub struct BindError {
    /// The address.
    pub address: Ipv4Addr,
    source: io::Error,
}

/// A DNS server that listens.
#[derive(Debug)]
pub struct Resolver {
    config: ResolverConfig,
    udp: Arc<UdpSocket>,
    tcp: TcpListener,
    port: u16,
}

impl Resolver {
    /// Begins to listen, for UDP and TCP on one port.
    ///
    /// # Errors
    /// When the address is not this node's, or no port is free.
    pub async fn bind(config: ResolverConfig) -> Result<Self, BindError> {
        let address = config.listen;
        let (udp, tcp) = bind_both(address, config.port)
            .await
            .map_err(|source| BindError { address, source })?;
        let port = tcp
            .local_addr()
            .map_err(|source| BindError { address, source })?
            .port();
        Ok(Self {
            config,
            udp: Arc::new(udp),
            tcp,
            port,
        })
    }

    /// Where it listens; the data plane leads the cluster's DNS address there.
    #[must_use]
    pub fn address(&self) -> SocketAddrV4 {
        SocketAddrV4::new(self.config.listen, self.port)
    }

    /// Serves the newest zone until `stop` is over.
    pub async fn serve(self, zone: watch::Receiver<Arc<Zone>>, stop: impl Future<Output = ()>) {
        let own = vec![IpAddr::V4(self.config.cluster_dns)];
        let desk = Arc::new(Desk::new(zone, self.config.host, own));
        let datagrams = serve_datagrams(&self.udp, &desk);
        let streams = serve_streams(&self.tcp, &desk);
        // Whichever ends takes the others' tasks along.
        tokio::select! {
            () = datagrams => {}
            () = streams => {}
            () = stop => {}
        }
    }
}

async fn bind_both(address: Ipv4Addr, port: u16) -> io::Result<(UdpSocket, TcpListener)> {
    let mut result = bind_pair(address, port).await;
    for _ in 0..PORT_ATTEMPTS {
        // Only a taken port is worth another attempt.
        let is_taken = |error: &io::Error| error.kind() == io::ErrorKind::AddrInUse;
        if !result.as_ref().is_err_and(is_taken) {
            break;
        }
        result = bind_pair(address, 0).await;
    }
    result
}

async fn bind_pair(address: Ipv4Addr, port: u16) -> io::Result<(UdpSocket, TcpListener)> {
    let udp = UdpSocket::bind((address, port)).await?;
    let tcp = TcpListener::bind(udp.local_addr()?).await?;
    Ok((udp, tcp))
}

async fn serve_datagrams(socket: &Arc<UdpSocket>, desk: &Arc<Desk>) {
    let mut tasks = JoinSet::new();
    let mut buffer = vec![0; DATAGRAM_BYTES];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            Some(_) = tasks.join_next() => continue,
        };
        // An error here tells of an earlier reply that could not be delivered.
        let Ok((length, client)) = received else {
            continue;
        };
        match desk.receive(&buffer[..length], Limit::Datagram) {
            Outcome::Now(None) => {}
            Outcome::Now(Some(reply)) => send(socket, &reply, client).await,
            Outcome::Later(pending) if tasks.len() < 2 * FORWARDS => {
                tasks.spawn(reply_later(socket.clone(), desk.clone(), pending, client));
            }
            Outcome::Later(_) => tracing::warn!("too many queries at once: one was dropped"),
        }
    }
}

async fn reply_later(
    socket: Arc<UdpSocket>,
    desk: Arc<Desk>,
    pending: Pending,
    client: SocketAddr,
) {
    let reply = desk.finish(pending, Limit::Datagram).await;
    send(&socket, &reply, client).await;
}

async fn send(socket: &UdpSocket, reply: &[u8], client: SocketAddr) {
    ignore(
        socket.send_to(reply, client).await,
        "a client that has gone needs no reply",
    );
}

async fn serve_streams(listener: &TcpListener, desk: &Arc<Desk>) {
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = tasks.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, most likely: trying again at once would only burn time.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        if tasks.len() < STREAMS {
            let desk = desk.clone();
            tasks.spawn(async move {
                ignore(
                    serve_stream(stream, &desk).await,
                    "a client may hang up when it likes",
                );
            });
        }
    }
}

async fn serve_stream(mut stream: TcpStream, desk: &Desk) -> io::Result<()> {
    loop {
        let message = timeout(STREAM_IDLE, read_framed(&mut stream)).await??;
        let reply = match desk.receive(&message, Limit::Stream) {
            Outcome::Now(Some(reply)) => reply,
            Outcome::Now(None) => return Ok(()),
            Outcome::Later(pending) => desk.finish(pending, Limit::Stream).await,
        };
        timeout(STREAM_IDLE, write_framed(&mut stream, &reply)).await??;
    }
}
