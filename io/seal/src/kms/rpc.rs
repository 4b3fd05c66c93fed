//! The three calls to a plug-in, and what is demanded of its answers.

use std::time::Duration;

use http::uri::PathAndQuery;
use prost::Message;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

use crate::cipher::{Seed, random, shown};
use crate::config::PlugIn;
use crate::envelope::Wrapped;
use crate::error::SealingError;
use crate::kms::wire::{
    DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse, StatusRequest, StatusResponse,
};
use crate::limits::{ANNOTATIONS_BYTES, KEY_ID_BYTES, WRAPPED_BYTES};

const STATUS: &str = "/v2.KeyManagementService/Status";
const ENCRYPT: &str = "/v2.KeyManagementService/Encrypt";
const DECRYPT: &str = "/v2.KeyManagementService/Decrypt";

/// Speaks to one plug-in; a connection is made when one is needed.
#[derive(Debug)]
pub(crate) struct Rpc {
    name: String,
    endpoint: String,
    timeout: Duration,
}

impl Rpc {
    pub(crate) fn new(plug_in: &PlugIn) -> Self {
        Self {
            name: plug_in.name.clone(),
            endpoint: plug_in.endpoint.clone(),
            timeout: plug_in.timeout,
        }
    }

    /// The name of the key that the plug-in seals with, when it is well.
    pub(crate) async fn status(&self) -> Result<String, SealingError> {
        let status: StatusResponse = self.call(STATUS, StatusRequest {}).await?;
        if status.healthz != "ok" {
            return Err(self.failed(format!("it says that it is {:?}", status.healthz)));
        }
        if !matches!(status.version.as_str(), "v2" | "v2beta1") {
            let version = status.version;
            return Err(self.failed(format!("it speaks version {version:?}, expected v2")));
        }
        self.checked_key_id(status.key_id)
    }

    pub(crate) async fn encrypt(&self, seed: &Seed) -> Result<Wrapped, SealingError> {
        let request = EncryptRequest {
            plaintext: seed.bytes().to_vec(),
            uid: uid()?,
        };
        let answer: EncryptResponse = self.call(ENCRYPT, request).await?;
        if !(1..=WRAPPED_BYTES).contains(&answer.ciphertext.len()) {
            let bytes = answer.ciphertext.len();
            return Err(self.failed(format!(
                "it sealed a key into {bytes} bytes, expected 1 to {WRAPPED_BYTES}"
            )));
        }
        let annotations = answer.annotations.into_iter().collect();
        let wrapped = Wrapped {
            ciphertext: answer.ciphertext,
            key_id: self.checked_key_id(answer.key_id)?,
            annotations,
        };
        let pairs = wrapped.annotations.iter();
        let bytes: usize = pairs.map(|(name, value)| name.len() + value.len()).sum();
        if bytes > ANNOTATIONS_BYTES {
            return Err(self.failed(format!(
                "its annotations have {bytes} bytes, expected at most {ANNOTATIONS_BYTES}"
            )));
        }
        Ok(wrapped)
    }

    pub(crate) async fn decrypt(&self, wrapped: &Wrapped) -> Result<Seed, SealingError> {
        let request = DecryptRequest {
            ciphertext: wrapped.ciphertext.clone(),
            uid: uid()?,
            key_id: wrapped.key_id.clone(),
            annotations: wrapped.annotations.clone().into_iter().collect(),
        };
        let answer: DecryptResponse = self.call(DECRYPT, request).await?;
        Ok(Seed::new(answer.plaintext))
    }

    fn checked_key_id(&self, key_id: String) -> Result<String, SealingError> {
        if !(1..=KEY_ID_BYTES).contains(&key_id.len()) {
            let bytes = key_id.len();
            return Err(self.failed(format!(
                "the name of its key has {bytes} bytes, expected 1 to {KEY_ID_BYTES}"
            )));
        }
        Ok(key_id)
    }

    async fn call<Q, A>(&self, path: &'static str, request: Q) -> Result<A, SealingError>
    where
        Q: Message + Send + Sync + 'static,
        A: Message + Default + Send + Sync + 'static,
    {
        let call = async {
            let mut grpc = self.grpc().await?;
            let path = PathAndQuery::from_static(path);
            let answer = grpc.unary(Request::new(request), path, ProstCodec::default());
            let answer = answer.await.map_err(|status| self.failed(said(&status)))?;
            Ok(answer.into_inner())
        };
        let silence = || self.failed(format!("no answer within {:?}", self.timeout));
        let answer = tokio::time::timeout(self.timeout, call).await;
        answer.unwrap_or_else(|_| Err(silence()))
    }

    /// A connection of its own for each call: they are rare, and a plug-in may be replaced at any
    /// time by another that listens at the same place.
    async fn grpc(&self) -> Result<Grpc<Channel>, SealingError> {
        let refused = |error: tonic::transport::Error| self.failed(gantry_base::chain(&error));
        let endpoint = Endpoint::from_shared(self.endpoint.clone()).map_err(refused)?;
        let channel = endpoint.connect().await.map_err(refused)?;
        let mut grpc = Grpc::new(channel);
        grpc.ready().await.map_err(refused)?;
        Ok(grpc)
    }

    fn failed(&self, message: String) -> SealingError {
        SealingError::PlugIn {
            name: self.name.clone(),
            endpoint: self.endpoint.clone(),
            message,
        }
    }
}

/// What the plug-in may write to its log beside a call.
fn uid() -> Result<String, SealingError> {
    random().map(shown)
}

fn said(status: &Status) -> String {
    match std::error::Error::source(status) {
        Some(source) => gantry_base::chain(source),
        None => status.message().to_owned(),
    }
}
