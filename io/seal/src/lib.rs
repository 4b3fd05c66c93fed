//! Seals what is kept, so that whoever has a disk or an etcd does not have what is secret in it.
//!
//! Which resources are sealed and with what is configuration: an EncryptionConfiguration, the
//! format that operators know. When there is none, a cluster gets a file of its own, outside its
//! data directory, with one key for Secrets. No code here names a kind.
//!
//! Each value has a key of its own, derived from the configured one and chance, so that no key is
//! ever used twice; the place of the value is bound into it, so that it opens nowhere else.

mod cipher;
mod config;
mod envelope;
mod error;
pub mod key_file;
mod kms;
pub mod limits;
mod pattern;
mod sealer;

pub use config::Configuration;
pub use error::SealingError;
pub use sealer::Sealer;
