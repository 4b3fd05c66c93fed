//! The API server in the same process: the same requests, permissions and admission, no sockets.

use bytes::Bytes;

use gantry_api::{Caller, Rejection};
use gantry_gateway::{Gateway, WatchStream};
use gantry_registry::Request;

use crate::api::{Api, Frames, Pending};

/// The gateway, used in the name of one caller.
#[derive(Clone, Debug)]
pub struct Local {
    gateway: Gateway,
    caller: Caller,
    agent: String,
}

impl Local {
    /// Asks `gateway` as `caller`; `agent` names the program in managed fields.
    #[must_use]
    pub fn new(gateway: Gateway, caller: Caller, agent: &str) -> Self {
        Self {
            gateway,
            caller,
            agent: agent.to_owned(),
        }
    }

    fn signed(&self, mut request: Request) -> Request {
        request.caller = self.caller.clone();
        request.user_agent.clone_from(&self.agent);
        request
    }
}

impl Api for Local {
    fn call(&self, request: Request) -> Pending<'_, Result<Bytes, Rejection>> {
        let request = self.signed(request);
        Box::pin(async move { Ok(self.gateway.try_call(request).await?.content.concat()) })
    }

    fn watch(&self, request: Request) -> Pending<'_, Result<Box<dyn Frames>, Rejection>> {
        let request = self.signed(request);
        Box::pin(async move {
            let stream = self.gateway.watch(request).await?;
            let stream: Box<dyn Frames> = Box::new(LocalFrames(stream));
            Ok(stream)
        })
    }
}

struct LocalFrames(WatchStream);

impl Frames for LocalFrames {
    fn next(&mut self) -> Pending<'_, Option<Bytes>> {
        Box::pin(self.0.next())
    }
}
