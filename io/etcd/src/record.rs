//! Records as they lie in etcd.
//!
//! Each holds what the journal's pictures hold: the summary, and the object's bytes with a gap for
//! the revision. What belongs into the gap is not written: it is the revision at which etcd last
//! modified the key.

use std::sync::Arc;

use bytes::Bytes;
use gantry_api::Encoded;
use gantry_store::Key;

use crate::error::EtcdError;
use crate::space::Space;

/// The value that lies at `key`, and whether it lies there as it would be kept today. It is copied,
/// so that it does not keep a whole message in memory.
pub(crate) fn read(
    key: &Key,
    value: &Bytes,
    space: &Space,
) -> Result<(Arc<Encoded>, bool), EtcdError> {
    let opened = space.seal().open(key, value)?;
    let record = Bytes::from(opened.record.into_owned());
    let read = Encoded::from_record(&record).map(Arc::new);
    let read = read.map_err(|_| EtcdError::Damaged {
        key: key.to_string(),
    })?;
    Ok((read, opened.is_current))
}

/// What is said about a key that is none of ours.
pub(crate) fn foreign(key: &[u8]) -> EtcdError {
    EtcdError::Damaged {
        key: String::from_utf8_lossy(key).into_owned(),
    }
}
