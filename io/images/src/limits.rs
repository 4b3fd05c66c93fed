//! The bounds of everything in this crate that a registry, an archive or a user could make grow.
//!
//! Invariant: no buffer, count or wait elsewhere in the crate is without one of these.

use std::time::Duration;

/// Largest manifest or index that is read. The distribution specification lets registries refuse
/// more than this, so nothing real is larger. Beyond it a pull fails with "larger than".
pub(crate) const MANIFEST_BYTES: u64 = 4 << 20;

/// Largest image configuration that is read; a generous multiple of what build tools write.
pub(crate) const CONFIG_BYTES: u64 = 8 << 20;

/// Most layers in one image. The kernel stacks at most 500 lower directories in one overlay; build
/// tools stop at 127.
pub(crate) const LAYERS: usize = 256;

/// Most entries in one layer, so that a hostile one cannot use up all inodes unnoticed.
pub(crate) const LAYER_ENTRIES: u64 = 5_000_000;

/// Most bytes that one layer may unpack to: far above any real layer, and small enough to stop a
/// decompression bomb before the largest disks fill.
pub(crate) const UNPACKED_BYTES: u64 = 256 << 30;

/// Longest extension header (long name, attribute) of one archive entry held in memory.
pub(crate) const EXTENSION_BYTES: u64 = 1 << 20;

/// Most components in the path of one entry. Deeper than any real tree, and it keeps the work that
/// one entry can cause small.
pub(crate) const PATH_COMPONENTS: usize = 1_024;

/// Most entries of an image archive, which holds blobs rather than files.
pub(crate) const ARCHIVE_ENTRIES: u64 = 10_000;

/// Layers of one image downloaded and unpacked at the same time. More does not make a disk faster.
pub(crate) const PARALLEL_LAYERS: usize = 3;

/// Chunks of one download that wait for the disk. When it is full the socket is no longer read.
pub(crate) const DOWNLOAD_CHUNKS: usize = 32;

/// How often a download that broke off is started again before the pull fails.
pub(crate) const DOWNLOAD_ATTEMPTS: usize = 3;

/// How long connecting may take, with name lookup and TLS. Beyond it: "no connection within 15s".
pub(crate) const CONNECT_TIME: Duration = Duration::from_secs(15);

/// How long a registry may take to begin its answer.
pub(crate) const ANSWER_TIME: Duration = Duration::from_secs(60);

/// How long a download may stand still before it counts as broken.
pub(crate) const STALL_TIME: Duration = Duration::from_secs(30);

/// Redirects followed for one request; registries send one, to where the blobs are kept.
pub(crate) const REDIRECTS: usize = 5;

/// Longest answer of a token server, and longest error text taken from a registry.
pub(crate) const ANSWER_BYTES: u64 = 1 << 20;

/// Longest answer of a proxy to a request for a tunnel.
pub(crate) const PROXY_ANSWER_BYTES: usize = 16 << 10;
