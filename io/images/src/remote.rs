//! A registry as one pull sees it: ask for manifests and blobs, prove who we are, follow redirects.
//!
//! One connection for each request, driven by whoever reads the answer, so that nothing is left
//! behind when a pull is dropped. Nothing here writes files or checks digests.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use http_body_util::Full;

use crate::credentials::Credentials;
use crate::digest::Digest;
use crate::registries::Endpoint;
use crate::{limits, manifest};

mod challenge;
mod connect;
mod error;
mod exchange;
mod proxy;
#[cfg(test)]
mod tests;
mod token;

pub use connect::ConnectError;
pub(crate) use connect::Network;
pub use error::RemoteError;
pub(crate) use exchange::Exchange;

/// One repository at one endpoint, for one pull.
#[derive(Debug)]
pub(crate) struct Session<'a> {
    pub(crate) network: &'a Network,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) repository: &'a str,
    pub(crate) credentials: Option<Credentials>,
    /// What the registry accepted last. Never held across an await.
    authorization: Mutex<Option<HeaderValue>>,
}

/// A manifest as it came.
#[derive(Debug)]
pub(crate) struct RawManifest {
    pub(crate) bytes: Bytes,
    pub(crate) media_type: String,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        network: &'a Network,
        endpoint: &'a Endpoint,
        repository: &'a str,
        credentials: Option<Credentials>,
    ) -> Self {
        Self {
            network,
            endpoint,
            repository,
            credentials,
            authorization: Mutex::new(None),
        }
    }

    /// Fetches the manifest of a tag or a digest.
    pub(crate) async fn manifest(&self, selector: &str) -> Result<RawManifest, RemoteError> {
        let path = format!("manifests/{selector}");
        let missing = || RemoteError::ManifestUnknown {
            image: self.image(selector),
        };
        let exchange = self.get(&path, manifest::ACCEPT, missing).await?;
        let media_type = exchange
            .header(http::header::CONTENT_TYPE)
            .unwrap_or_default();
        let media_type = media_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned();
        let bytes = exchange
            .collect(&self.endpoint.name, limits::MANIFEST_BYTES)
            .await?;
        Ok(RawManifest { bytes, media_type })
    }

    /// Begins to fetch a blob.
    pub(crate) async fn blob(&self, digest: &Digest) -> Result<Exchange, RemoteError> {
        let missing = || RemoteError::BlobUnknown {
            registry: self.endpoint.name.clone(),
            digest: digest.clone(),
        };
        self.get(&format!("blobs/{digest}"), "*/*", missing).await
    }

    fn image(&self, selector: &str) -> String {
        let joint = if selector.contains(':') { '@' } else { ':' };
        format!(
            "{}/{}{joint}{selector}",
            self.endpoint.name, self.repository
        )
    }

    async fn get(
        &self,
        path: &str,
        accept: &'static str,
        missing: impl Fn() -> RemoteError,
    ) -> Result<Exchange, RemoteError> {
        let address = format!("{}/v2/{}/{path}", self.endpoint.address(), self.repository);
        let home = self.parse(&address)?;
        let mut target = home.clone();
        let mut proven = false;
        for _ in 0..=limits::REDIRECTS + 1 {
            let at_home =
                target.authority() == home.authority() && target.scheme() == home.scheme();
            let answer = self.send(&target, accept, at_home).await?;
            match answer.status() {
                StatusCode::OK => return Ok(answer),
                StatusCode::UNAUTHORIZED if at_home && !proven => {
                    proven = true;
                    self.prove(answer.headers()).await?;
                }
                StatusCode::NOT_FOUND => return Err(missing()),
                status if status.is_redirection() => {
                    target = self.redirect(&target, answer.header(LOCATION).unwrap_or_default())?
                }
                _ => return Err(error::refusal(self, answer).await),
            }
        }
        Err(RemoteError::Redirects {
            registry: self.endpoint.name.clone(),
        })
    }

    async fn send(
        &self,
        target: &Uri,
        accept: &'static str,
        at_home: bool,
    ) -> Result<Exchange, RemoteError> {
        let mut request = Request::get(target).header(ACCEPT, accept);
        // What proves who we are is for the registry alone, not for where it sends us.
        if let Some(value) = self.authorization().filter(|_| at_home) {
            request = request.header(AUTHORIZATION, value);
        }
        let request = request
            .body(Full::default())
            .map_err(|source| self.address_error(source))?;
        self.exchange(request).await
    }

    /// Sends one request; an error names the registry, whichever host was asked on its behalf.
    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Exchange, RemoteError> {
        self.network
            .send(request, &self.endpoint.ca, &self.endpoint.name)
            .await
    }

    async fn prove(&self, headers: &HeaderMap) -> Result<(), RemoteError> {
        let offered = headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let challenges: Vec<_> = offered.flat_map(challenge::parse).collect();
        let value = token::authorization(self, &challenges).await?;
        *self
            .authorization
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(value);
        Ok(())
    }

    fn authorization(&self) -> Option<HeaderValue> {
        self.authorization
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn redirect(&self, from: &Uri, location: &str) -> Result<Uri, RemoteError> {
        let joined = match (
            location.starts_with('/'),
            from.scheme_str(),
            from.authority(),
        ) {
            (true, Some(scheme), Some(host)) => format!("{scheme}://{host}{location}"),
            _ => location.to_owned(),
        };
        let target = self.parse(&joined)?;
        let secure = target.scheme_str() == Some("https");
        let plain = target.scheme_str() == Some("http") && self.endpoint.plain_http;
        if secure || plain {
            return Ok(target);
        }
        Err(RemoteError::Insecure {
            registry: self.endpoint.name.clone(),
            target: joined,
        })
    }

    fn parse(&self, address: &str) -> Result<Uri, RemoteError> {
        address
            .parse::<Uri>()
            .map_err(|source| self.address_error(source.into()))
    }

    fn address_error(&self, source: http::Error) -> RemoteError {
        RemoteError::Address {
            registry: self.endpoint.name.clone(),
            source,
        }
    }
}
