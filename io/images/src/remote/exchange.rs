//! One request and its answer, on a connection that lives as long as the answer is read.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::HeaderName;
use http::{HeaderMap, Request, StatusCode, response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::RemoteError;
use super::connect::{ConnectError, Stream};
use crate::limits;

type Driver = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// An answer whose head has come.
pub(crate) struct Exchange {
    head: response::Parts,
    body: Incoming,
    connection: Connection,
}

pub(super) async fn send(
    stream: Box<dyn Stream>,
    request: Request<Full<Bytes>>,
    registry: &str,
) -> Result<Exchange, RemoteError> {
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, driver) = handshake.map_err(|source| {
        let source = ConnectError::Http(source);
        RemoteError::Connect {
            registry: registry.to_owned(),
            source,
        }
    })?;
    let mut connection = Connection {
        driver: Some(Box::pin(driver)),
    };
    let answer = connection.drive(sender.send_request(request));
    let answer = within(limits::ANSWER_TIME, answer, registry).await?;
    let (head, body) = answer.into_parts();
    Ok(Exchange {
        head,
        body,
        connection,
    })
}

impl Exchange {
    pub(super) fn status(&self) -> StatusCode {
        self.head.status
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    pub(super) fn header(&self, name: HeaderName) -> Option<&str> {
        self.head
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    }

    /// The next piece of the body, or nothing at its end.
    pub(crate) async fn chunk(&mut self, registry: &str) -> Result<Option<Bytes>, RemoteError> {
        loop {
            let frame = async { self.connection.drive(self.body.frame()).await.transpose() };
            match within(limits::STALL_TIME, frame, registry).await? {
                None => return Ok(None),
                Some(frame) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }

    /// The whole body, if it is not longer than this.
    pub(super) async fn collect(
        mut self,
        registry: &str,
        limit: u64,
    ) -> Result<Bytes, RemoteError> {
        let mut whole = BytesMut::new();
        while let Some(chunk) = self.chunk(registry).await? {
            whole.extend_from_slice(&chunk);
            if whole.len() as u64 > limit {
                return Err(RemoteError::TooLarge {
                    registry: registry.to_owned(),
                    limit,
                });
            }
        }
        Ok(whole.freeze())
    }
}

/// The connection moves only while somebody waits for something on it; so it needs no task.
struct Connection {
    driver: Option<Driver>,
}

impl Connection {
    async fn drive<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        if let Some(driver) = &mut self.driver {
            tokio::select! {
                biased;
                value = &mut work => return value,
                ended = driver => {
                    gantry_base::ignore(ended, "whoever waits for the answer is told by it");
                    self.driver = None;
                }
            }
        }
        work.await
    }
}

async fn within<T>(
    time: Duration,
    work: impl Future<Output = hyper::Result<T>>,
    registry: &str,
) -> Result<T, RemoteError> {
    let registry = || registry.to_owned();
    match tokio::time::timeout(time, work).await {
        Ok(outcome) => outcome.map_err(|source| RemoteError::Broken {
            registry: registry(),
            source,
        }),
        Err(_) => Err(RemoteError::Stalled {
            registry: registry(),
            after: time,
        }),
    }
}
