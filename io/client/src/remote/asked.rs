//! The network's server as an [`Api`]: requests by address become HTTP, refusals become facts.
//!
//! Whose name requests are in is decided by the endpoint's credentials alone. A server that does
//! not answer in time counts as unavailable, so that whoever asked is never left waiting.

mod address;
mod facts;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;

use gantry_api::Rejection;
use gantry_registry::Request;

use super::{Lines, Remote, RemoteError};
use crate::api::{Api, Frames, Pending};

/// How long an answer may take: as long as the servers we know may work on it, and a little more.
const ANSWER_MAX: Duration = Duration::from_secs(65);

impl Api for Remote {
    fn call(&self, request: Request) -> Pending<'_, Result<Bytes, Rejection>> {
        Box::pin(async move {
            let answer = in_time(self.send(address::call(&request))).await;
            let answer = answer.map_err(|error| facts::rejection(&request, &error))?;
            Ok(answer.content)
        })
    }

    fn watch(&self, request: Request) -> Pending<'_, Result<Box<dyn Frames>, Rejection>> {
        Box::pin(async move {
            let body = in_time(self.stream(address::call(&request))).await;
            let body = body.map_err(|error| facts::rejection(&request, &error))?;
            let frames: Box<dyn Frames> = Box::new(RemoteFrames(body.lines()));
            Ok(frames)
        })
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, RemoteError>>) -> Result<T, RemoteError> {
    let answer = tokio::time::timeout(ANSWER_MAX, work).await;
    answer.unwrap_or(Err(RemoteError::Silent { after: ANSWER_MAX }))
}

/// Events as they arrive; one that breaks off is over.
#[derive(Debug)]
struct RemoteFrames(Lines);

impl Frames for RemoteFrames {
    fn next(&mut self) -> Pending<'_, Option<Bytes>> {
        Box::pin(async move {
            match self.0.next().await {
                Ok(line) => line,
                Err(error) => {
                    tracing::debug!(error = gantry_base::chain(&error), "a watch broke off");
                    None
                }
            }
        })
    }
}
