//! The bounds of the resolver, and why they are what they are.

use std::time::Duration;

/// Queries that wait for other servers at once. Beyond it clients are told that the answer could
/// not be had, and ask again; each waiting query costs a socket.
pub(crate) const FORWARDS: usize = 512;

/// Clients connected over TCP at once. Beyond it connections are closed at once.
pub(crate) const STREAMS: usize = 256;

/// How long one other server may take. Clients give up after five seconds, so two servers fit.
pub(crate) const SERVER_PATIENCE: Duration = Duration::from_secs(2);

/// How long a connected client may be silent.
pub(crate) const STREAM_IDLE: Duration = Duration::from_secs(10);

/// Other servers that are asked for one query, one after the other: as many as the C library asks.
pub(crate) const SERVERS: usize = 3;

/// The largest datagram received: more than any client or server sends.
pub(crate) const DATAGRAM_BYTES: usize = 4096;

/// Ports tried until one is free for UDP and for TCP.
pub(crate) const PORT_ATTEMPTS: usize = 16;

/// How long no client is accepted after accepting one has failed.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
