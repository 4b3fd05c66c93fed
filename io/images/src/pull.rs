//! Pulls an image: manifest, configuration, layers, unpacked and listed.
//!
//! The order is such that an interruption leaves an image that is not listed, and content that the
//! next pull finds. Every byte is checked against the digest that led to it.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::content::{self, ContentError};
use crate::credentials::{Credentials, Keyring};
use crate::digest::Digest;
use crate::files::{Lock, blocking};
use crate::image::ImageId;
use crate::manifest::{Document, Manifest, ManifestError};
use crate::platform::Platform;
use crate::progress::Reporter;
use crate::reference::Reference;
use crate::registries::Endpoint;
use crate::remote::{RemoteError, Session};
use crate::store::{Images, StoreError};
use crate::unpack::Cancel;

mod download;
mod layers;

/// An image that could not be pulled. The kubelet shows this as `ErrImagePull`.
#[derive(Debug, thiserror::Error)]
#[error("pull image {image:?}")]
pub struct PullError {
    /// The image's name, in its long form.
    pub image: String,
    /// Why.
    #[source]
    pub cause: PullCause,
}

/// Why an image could not be pulled.
#[derive(Debug, thiserror::Error)]
pub enum PullCause {
    /// The registry did not give it.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// It cannot be stored here.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What came is not an image that can be run.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// There is no variant for this machine.
    #[error("no image for {platform} under this name")]
    Platform {
        /// This machine.
        platform: Platform,
    },
    /// The index leads to another index.
    #[error("the index leads to another index")]
    Nested,
}

impl From<ContentError> for PullCause {
    fn from(error: ContentError) -> Self {
        Self::Store(error.into())
    }
}

impl PullCause {
    /// Whether another address of the registry may do better.
    fn is_the_registrys(&self) -> bool {
        match self {
            Self::Remote(_) | Self::Manifest(_) | Self::Platform { .. } | Self::Nested => true,
            Self::Store(StoreError::Content(error)) => !matches!(error, ContentError::File(_)),
            Self::Store(_) => false,
        }
    }
}

impl Images {
    /// Pulls an image, or what is missing of it, and gives it the reference's name.
    ///
    /// Pulls of the same image or layer at the same time share the work. May be repeated, and may be
    /// dropped at any time: what is complete by then is used by the next.
    ///
    /// # Errors
    /// See [`PullCause`]; the chain of sources is what a pod's event shows.
    pub async fn pull(
        &self,
        reference: &Reference,
        keyring: &Keyring,
        reporter: &Reporter,
    ) -> Result<ImageId, PullError> {
        let pulled = self.pull_anywhere(reference, keyring, reporter).await;
        pulled.map_err(|cause| PullError {
            image: reference.to_string(),
            cause,
        })
    }

    async fn pull_anywhere(
        &self,
        reference: &Reference,
        keyring: &Keyring,
        reporter: &Reporter,
    ) -> Result<ImageId, PullCause> {
        let endpoints = self.shared.registries.endpoints(reference);
        let (origin, mirrors) = endpoints
            .split_last()
            .expect("the registry itself is the last");
        for mirror in mirrors {
            let credentials = vec![mirror.credentials.clone()];
            match self
                .pull_from(reference, mirror, credentials, reporter)
                .await
            {
                Err(cause) if cause.is_the_registrys() => {
                    let cause = gantry_base::chain(&cause);
                    tracing::warn!(mirror = %mirror.name, %cause, "mirror passed over");
                }
                outcome => return outcome,
            }
        }
        let own = keyring
            .candidates(reference)
            .into_iter()
            .chain(origin.credentials.clone());
        let mut credentials: Vec<Option<Credentials>> = own.map(Some).collect();
        if credentials.is_empty() {
            credentials.push(None);
        }
        self.pull_from(reference, origin, credentials, reporter)
            .await
    }

    /// Tries credentials until the endpoint accepts some; there is at least one try.
    async fn pull_from(
        &self,
        reference: &Reference,
        endpoint: &Endpoint,
        credentials: Vec<Option<Credentials>>,
        reporter: &Reporter,
    ) -> Result<ImageId, PullCause> {
        let mut left = credentials.len();
        for credentials in credentials {
            left -= 1;
            let network = &self.shared.network;
            let session = Session::new(network, endpoint, reference.repository(), credentials);
            let pull = Pull {
                images: self,
                session,
                reference,
                reporter,
            };
            match pull.run().await {
                Err(PullCause::Remote(RemoteError::Unauthorized { .. })) if left > 0 => {}
                outcome => return outcome,
            }
        }
        unreachable!("the last try returns its outcome")
    }
}

/// Goes along into every thread that works for a pull: nothing is collected under it, it ends early
/// when the pull has failed, and the pull can wait for its end.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    cancel: Cancel,
    _adding: Arc<Lock>,
    _working: mpsc::Sender<()>,
}

/// One try to pull one image from one endpoint.
pub(crate) struct Pull<'a> {
    images: &'a Images,
    session: Session<'a>,
    reference: &'a Reference,
    reporter: &'a Reporter,
}

impl Pull<'_> {
    async fn run(&self) -> Result<ImageId, PullCause> {
        let shared = &self.images.shared;
        let locking = Arc::clone(shared);
        let adding = blocking(move || locking.adding())
            .await
            .map_err(StoreError::from)?;
        let (digest, manifest, bytes) = self.manifest().await?;
        let _turn = shared.flights.turn(&digest, |_| ()).await;
        let put = Arc::clone(shared);
        blocking(move || put.content.put(&bytes)).await?;

        let cancel = Cancel::default();
        let (working, mut ended) = mpsc::channel(1);
        let ticket = Ticket {
            cancel: cancel.clone(),
            _adding: Arc::new(adding),
            _working: working,
        };
        let cancel_on_drop = cancel.on_drop();
        let outcome = self.layers(digest, manifest, ticket).await;
        drop(cancel_on_drop);
        // After a failure other layers may still be at work. They end soon, and are waited for, so
        // that nothing of this pull goes on behind the caller's back.
        let none: Option<()> = ended.recv().await;
        debug_assert!(
            none.is_none(),
            "nothing is ever sent, the channel only closes"
        );
        outcome
    }

    /// The manifest for this machine, its digest, and its text.
    async fn manifest(&self) -> Result<(Digest, Manifest, Vec<u8>), PullCause> {
        let (digest, document, bytes) = self.document(&self.reference.selector()).await?;
        let index = match document {
            Document::Manifest(manifest) => return Ok((digest, manifest, bytes)),
            Document::Index(index) => index,
        };
        let platform = Platform::host();
        let entry = platform.choose(&index).ok_or(PullCause::Platform {
            platform: platform.clone(),
        })?;
        match self.document(&entry.digest.to_string()).await? {
            (digest, Document::Manifest(manifest), bytes) => Ok((digest, manifest, bytes)),
            (_, Document::Index(_), _) => Err(PullCause::Nested),
        }
    }

    async fn document(&self, selector: &str) -> Result<(Digest, Document, Vec<u8>), PullCause> {
        let raw = self.session.manifest(selector).await?;
        let found = Digest::of(&raw.bytes);
        if let Ok(expected) = selector.parse::<Digest>() {
            content::check(&expected, found.clone())?;
        }
        Ok((
            found,
            Document::parse(&raw.bytes, &raw.media_type)?,
            raw.bytes.to_vec(),
        ))
    }
}
