//! What bounds the front.

use std::time::Duration;

/// The largest request body; more is answered with 413.
pub const BODY_BYTES: usize = 3 * 1024 * 1024;
/// Connections at the same time; further ones wait in the kernel's queue.
pub const CONNECTIONS: usize = 4096;
/// Connections at the same time on root's own socket; further ones wait in the kernel's queue.
pub const LANE_CONNECTIONS: usize = 64;
/// Bytes of one answer that wait for a client who reads slowly; what follows is not made yet.
pub const SENT_BYTES: usize = 32 * 1024;
/// Bytes that wait to be joined with others that go to the same client.
pub const JOINED_BYTES: usize = 32 * 1024;
/// Bytes of one write that are not worth joining with others: as many as fit in a TLS record.
pub const WHOLE_BYTES: usize = 16 * 1024;
/// Requests at the same time on one HTTP/2 connection.
pub const STREAMS: u32 = 250;
/// How long a client may take for its TLS handshake.
pub const HANDSHAKE: Duration = Duration::from_secs(10);
/// How far ahead the end of a client's certificate is waited for at once.
pub const OUTLOOK: Duration = Duration::from_hours(24);
/// How long answers under way may take once the client's certificate does not count any more.
pub const PARTING: Duration = Duration::from_millis(250);
/// How long a client may take to send a request's head.
pub const HEAD: Duration = Duration::from_secs(30);
/// How long answers under way may take once the server is asked to stop.
pub const FAREWELL: Duration = Duration::from_secs(2);
/// Bytes of lists that one client may leave unread; a further list is answered with 429.
pub const LIST_BYTES: u64 = 256 * 1024 * 1024;
/// The part of a request's time that it may wait for its turn; then it is answered with 429.
pub const WAITING_PART: u32 = 4;
/// Seats for requests that are answered at once; what finds none waits, or is answered with 429.
pub const REQUESTS: usize = 1024;
/// How long a request that is answered at once may take; then it is answered with 504.
pub const REQUEST: Duration = Duration::from_secs(60);
/// Answers from this size on are compressed for clients that accept it.
pub const COMPRESS_BYTES: usize = 128 * 1024;
/// Letters of all remarks of one answer; when there are more, each is cut.
pub const REMARKS_LETTERS: usize = 4 * 1024;
/// Letters of one remark once there are too many.
pub const REMARK_LETTERS: usize = 256;
/// Bytes moved at once between a client and a program's streams.
pub const COPY_BYTES: usize = 32 * 1024;
/// How long the other half of a SPDY connection may go on after the first has ended.
pub const LINGER: Duration = Duration::from_secs(5);
/// Bytes that one stream may hold between its sender and its reader.
pub const PIPE_BYTES: usize = 64 * 1024;
/// Chunks that may wait to be written to one connection.
pub const QUEUED_CHUNKS: usize = 32;
/// Streams of one SPDY connection: five per program, two per forwarded connection.
pub const SPDY_STREAMS: usize = 256;
/// The largest SPDY frame.
pub const FRAME_BYTES: usize = 1024 * 1024;
/// The largest header block of a SPDY stream, once inflated.
pub const HEADER_BLOCK_BYTES: usize = 64 * 1024;
/// Conversations with pods at the same time; the next one is answered with 429.
pub const CONVERSATIONS: usize = 4096;
/// How long a client may take to open the streams of a conversation before it is given up.
pub const STREAM_SETUP: Duration = Duration::from_secs(30);
/// How long the output of a program that has ended is waited for: something it started may hold it.
pub const OUTPUT_DRAIN: Duration = Duration::from_secs(10);
/// How long a connection to a pod may take before the client is told 503.
pub const PROXY_CONNECT: Duration = Duration::from_secs(10);
/// The largest WebSocket message from a client; a larger one ends its conversation.
pub const MESSAGE_BYTES: usize = 1024 * 1024;
/// Bytes of terminal sizes that may wait; a client sends some thirty per change.
pub const RESIZE_BYTES: usize = 4 * 1024;
/// Places of another server that are tried for one request before the client is told 503.
pub const EXTENSION_PLACES: usize = 2;
/// How long another server may take to say what it serves; one that takes longer is not available.
pub const EXTENSION_PATIENCE: Duration = Duration::from_secs(5);
/// How long it may take for one of its schemas; without them it is served all the same.
pub const EXTENSION_SCHEMA_PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of what another server says about itself at once; a longer list or schema is none.
pub const EXTENSION_BYTES: usize = 8 * 1024 * 1024;
/// How often a server that is available is asked again what it serves.
pub const EXTENSION_EVERY: Duration = Duration::from_secs(30);
/// How often one is asked again that is not.
pub const EXTENSION_RETRY: Duration = Duration::from_secs(5);
/// How long after it was asked one is asked again because a request to it failed.
pub const EXTENSION_DOUBT: Duration = Duration::from_secs(1);
/// How soon it is looked again whether a namespace that is being deleted is empty elsewhere.
pub const EXTENSION_SWEEP: Duration = Duration::from_secs(2);
/// Objects of another server that are deleted one by one before it is looked what is left.
pub const EXTENSION_DELETES: usize = 500;
/// Other servers that are asked about themselves at the same time. Those beyond take their turn.
pub const EXTENSIONS_AT_ONCE: usize = 16;
/// Bytes of an object that is written down with its request; of a longer one it is said that it is not.
pub const AUDITED_BYTES: usize = 1024 * 1024;
/// Letters of what a client calls itself that are written down.
pub const AGENT_LETTERS: usize = 1024;
/// Addresses that are written down of those who say that they passed a request on.
pub const SOURCES: usize = 32;
/// How long to rest when no connection could be accepted.
pub const REST: Duration = Duration::from_millis(50);
