//! One connection to one endpoint, and the few calls that are made over it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use http::uri::PathAndQuery;
use prost::Message;
use tonic::client::Grpc;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::config::EtcdConfig;
use crate::error::EtcdError;
use crate::limits::{ANSWER, CONNECT, KEEPALIVE, KEEPALIVE_ANSWER, MESSAGE_BYTES, REQUESTS};
use crate::wire::{
    CompactRequest, CompactResponse, Header, RangeRequest, RangeResponse, TxnRequest, TxnResponse,
    WatchCreate, WatchRequest, WatchResponse,
};

const RANGE: &str = "/etcdserverpb.KV/Range";
const TXN: &str = "/etcdserverpb.KV/Txn";
const COMPACT: &str = "/etcdserverpb.KV/Compact";
const WATCH: &str = "/etcdserverpb.Watch/Watch";

/// A connection; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Rpc {
    endpoint: Arc<str>,
    channel: Channel,
}

/// A watch: what etcd says, and the request that keeps it open.
#[derive(Debug)]
pub(crate) struct Watching {
    rpc: Rpc,
    answers: Streaming<WatchResponse>,
    /// etcd ends the watch when the requests end.
    _requests: tokio::sync::mpsc::Sender<WatchRequest>,
}

impl Rpc {
    /// Connects to `endpoint`.
    pub(crate) async fn connect(endpoint: &str, config: &EtcdConfig) -> Result<Self, EtcdError> {
        let failed = |source| EtcdError::Connect {
            endpoint: endpoint.to_owned(),
            source,
        };
        let mut to = Endpoint::from_shared(endpoint.to_owned()).map_err(failed)?;
        if endpoint.starts_with("https://") {
            to = to.tls_config(tls(config)?).map_err(failed)?;
        }
        let channel = to
            .connect_timeout(CONNECT)
            .concurrency_limit(REQUESTS)
            .http2_keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE_ANSWER)
            .keep_alive_while_idle(true)
            .http2_adaptive_window(true)
            .connect()
            .await
            .map_err(failed)?;
        Ok(Self {
            endpoint: endpoint.into(),
            channel,
        })
    }

    /// Where this connection leads.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(crate) async fn range(&self, request: RangeRequest) -> Result<RangeResponse, EtcdError> {
        self.unary("read", RANGE, request).await
    }

    pub(crate) async fn txn(&self, request: TxnRequest) -> Result<TxnResponse, EtcdError> {
        self.unary("write", TXN, request).await
    }

    pub(crate) async fn compact(&self, revision: i64) -> Result<(), EtcdError> {
        let request = CompactRequest { revision };
        let compacted = self.unary("compact history", COMPACT, request).await;
        compacted.map(|CompactResponse {}| ())
    }

    /// Which cluster this is and how far it has come, as a majority of its members agree.
    pub(crate) async fn header(&self, key: bytes::Bytes) -> Result<Header, EtcdError> {
        let request = RangeRequest {
            key,
            keys_only: true,
            ..RangeRequest::default()
        };
        Ok(self.range(request).await?.header.unwrap_or_default())
    }

    /// Watches; a member that loses its leader ends the watch.
    pub(crate) async fn watch(&self, create: WatchCreate) -> Result<Watching, EtcdError> {
        let (requests, sent) = tokio::sync::mpsc::channel(1);
        let create = Some(create);
        let first = requests.send(WatchRequest { create }).await;
        first.expect("the other end is still here");
        let mut request = Request::new(tokio_stream::wrappers::ReceiverStream::new(sent));
        let yes = tonic::metadata::MetadataValue::from_static("true");
        request.metadata_mut().insert("hasleader", yes);
        let mut grpc = self.grpc().await?;
        let path = PathAndQuery::from_static(WATCH);
        let opened = grpc.streaming(request, path, ProstCodec::default());
        let opened = tokio::time::timeout(ANSWER, opened).await;
        let opened = opened.unwrap_or_else(|_| Err(silence()));
        Ok(Watching {
            rpc: self.clone(),
            answers: opened.map_err(self.refused("watch"))?.into_inner(),
            _requests: requests,
        })
    }

    async fn unary<Q, A>(
        &self,
        action: &'static str,
        path: &'static str,
        request: Q,
    ) -> Result<A, EtcdError>
    where
        Q: Message + Send + Sync + 'static,
        A: Message + Default + Send + Sync + 'static,
    {
        let call = async {
            let mut grpc = self.grpc().await?;
            let path = PathAndQuery::from_static(path);
            let answer = grpc.unary(Request::new(request), path, ProstCodec::default());
            Ok(answer.await.map_err(self.refused(action))?.into_inner())
        };
        match tokio::time::timeout(ANSWER, call).await {
            Ok(answer) => answer,
            Err(_) => Err(self.refused(action)(silence())),
        }
    }

    async fn grpc(&self) -> Result<Grpc<Channel>, EtcdError> {
        let mut grpc = Grpc::new(self.channel.clone())
            .max_decoding_message_size(MESSAGE_BYTES)
            .max_encoding_message_size(MESSAGE_BYTES);
        grpc.ready().await.map_err(|source| EtcdError::Connect {
            endpoint: self.endpoint.to_string(),
            source,
        })?;
        Ok(grpc)
    }

    fn refused(&self, action: &'static str) -> impl FnOnce(Status) -> EtcdError {
        let endpoint = self.endpoint.to_string();
        move |status| EtcdError::Call {
            action,
            endpoint,
            code: status.code(),
            message: said(&status),
        }
    }
}

impl Watching {
    /// The next message. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Result<WatchResponse, EtcdError> {
        let answer = self.answers.message().await;
        let answer =
            answer.and_then(|answer| answer.ok_or_else(|| Status::unavailable("it ended")));
        answer.map_err(self.rpc.refused("watch"))
    }
}

fn silence() -> Status {
    Status::new(
        Code::DeadlineExceeded,
        format!("no answer within {} seconds", ANSWER.as_secs()),
    )
}

/// What a refusal says, with what lies beneath.
fn said(status: &Status) -> String {
    match std::error::Error::source(status) {
        Some(source) => gantry_base::chain(source),
        None => status.message().to_owned(),
    }
}

fn tls(config: &EtcdConfig) -> Result<ClientTlsConfig, EtcdError> {
    let mut tls = ClientTlsConfig::new();
    tls = match &config.ca_file {
        Some(path) => tls.ca_certificate(Certificate::from_pem(read(path)?)),
        None => tls.with_native_roots(),
    };
    if let Some((certificate, key)) = &config.identity {
        tls = tls.identity(Identity::from_pem(read(certificate)?, read(key)?));
    }
    Ok(tls)
}

fn read(path: &Path) -> Result<Vec<u8>, EtcdError> {
    fs::read(path).map_err(|source| EtcdError::File {
        path: path.to_owned(),
        source,
    })
}
