//! `port-forward`: refused, with what to do instead.

use clap::Args;

use crate::failure::{Failure, said};
use crate::session::Session;

/// Forward one or more local ports to a pod: not supported yet
#[derive(Args, Debug)]
pub(crate) struct PortForward {
    /// The pod, and the ports
    words: Vec<String>,
}

impl PortForward {
    #[expect(clippy::unused_async, reason = "commands have one shape")]
    pub(crate) async fn run(self, _session: &Session) -> Result<(), Failure> {
        let subject = self.words.first().map_or("the pod", String::as_str);
        said(format!(
            "port-forward is not built into this command line yet: reach {subject} at its own \
             address, which this node routes to (kubectl get pods -o wide), or through a Service"
        ))
    }
}
