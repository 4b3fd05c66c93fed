//! What one command works with: the flags all commands share, the server, and the writer.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use gantry_client::kubeconfig::Overrides;
use gantry_client::remote::{Body, Socket};
use gantry_client::{Call, Kubeconfig, Remote};
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::discovery::Discovery;
use crate::failure::{Failure, said};
use crate::output::Output;

/// The flags that every command has.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Globals {
    /// If present, the namespace scope for this request
    #[arg(short, long, global = true)]
    pub(crate) namespace: Option<String>,
    /// Path to the kubeconfig file to use for requests
    #[arg(long, global = true)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The name of the kubeconfig context to use
    #[arg(long, global = true)]
    pub(crate) context: Option<String>,
    /// The name of the kubeconfig cluster to use
    #[arg(long, global = true)]
    pub(crate) cluster: Option<String>,
    /// The name of the kubeconfig user to use
    #[arg(long, global = true)]
    pub(crate) user: Option<String>,
    /// The address and port of the API server
    #[arg(short, long, global = true)]
    pub(crate) server: Option<String>,
    /// Bearer token for authentication to the API server
    #[arg(long, global = true)]
    pub(crate) token: Option<String>,
    /// Username to impersonate for the operation
    #[arg(long = "as", global = true)]
    pub(crate) impersonate: Option<String>,
    /// Group to impersonate for the operation; can be repeated
    #[arg(long = "as-group", global = true)]
    pub(crate) impersonate_groups: Vec<String>,
    /// Accept any certificate of the server. This makes connections insecure
    #[arg(long, global = true)]
    pub(crate) insecure_skip_tls_verify: bool,
    /// Server name to use for checking the server's certificate
    #[arg(long, global = true)]
    pub(crate) tls_server_name: Option<String>,
    /// Path to a cert file for the certificate authority
    #[arg(long, global = true)]
    pub(crate) certificate_authority: Option<String>,
    /// How long to wait for a single request; 0 means without limit
    #[arg(long, global = true, default_value = "0")]
    pub(crate) request_timeout: String,
    /// Accepted for the sake of scripts; this program logs nothing
    #[arg(short = 'v', long = "v", global = true, hide = true)]
    pub(crate) verbosity: Option<String>,
}

/// One command at work.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) out: Output,
    pub(crate) globals: Globals,
    /// The command line, as it is noted for `--record`.
    pub(crate) cause: String,
    remote: OnceCell<Remote>,
    discovery: OnceCell<Discovery>,
}

impl Session {
    pub(crate) fn new(globals: Globals, cause: String, out: Output) -> Self {
        Self {
            out,
            globals,
            cause,
            remote: OnceCell::new(),
            discovery: OnceCell::new(),
        }
    }

    /// The user's configuration.
    pub(crate) fn config(&self) -> Result<Kubeconfig, Failure> {
        Ok(Kubeconfig::load(self.globals.kubeconfig.as_deref())?)
    }

    /// The server; connected when first asked.
    pub(crate) async fn remote(&self) -> Result<&Remote, Failure> {
        let prepare = async || {
            let endpoint = self.config()?.endpoint(&self.overrides())?;
            let agent = concat!("kubectl/v", env!("CARGO_PKG_VERSION"), " (gantry)");
            Ok::<_, Failure>(Remote::new(endpoint, agent)?)
        };
        self.remote.get_or_try_init(prepare).await
    }

    /// What kinds the server has.
    pub(crate) async fn discovery(&self) -> Result<&Discovery, Failure> {
        self.discovery
            .get_or_try_init(|| Discovery::fetch(self))
            .await
    }

    /// The namespace meant when none is named.
    pub(crate) async fn namespace(&self) -> Result<String, Failure> {
        if let Some(namespace) = &self.globals.namespace {
            return Ok(namespace.clone());
        }
        let configured = match self.remote().await {
            Ok(remote) => remote.endpoint().namespace.clone(),
            Err(failure) => return Err(failure),
        };
        Ok(Some(configured)
            .filter(|name| !name.is_empty())
            .unwrap_or("default".into()))
    }

    /// Sends a request and hands back the answer's bytes.
    pub(crate) async fn send(&self, call: Call) -> Result<Bytes, Failure> {
        let sending = self.remote().await?.send(call);
        let answer = match self.timeout()? {
            None => sending.await?,
            Some(most) => match tokio::time::timeout(most, sending).await {
                Ok(answer) => answer?,
                Err(_) => return said(format!("the server did not answer within {most:?}")),
            },
        };
        for warning in &answer.warnings {
            self.out.warning(warning);
        }
        Ok(answer.content)
    }

    /// Sends a request and reads the answer as JSON.
    pub(crate) async fn json(&self, call: Call) -> Result<Value, Failure> {
        let content = self.send(call).await?;
        let read = serde_json::from_slice(&content);
        read.map_err(|error| Failure::Said(format!("read the server's answer: {error}")))
    }

    /// Reads the JSON at a path.
    pub(crate) async fn get(&self, path: impl Into<String>) -> Result<Value, Failure> {
        self.json(Call::get(path)).await
    }

    /// Sends a request whose answer arrives piece by piece.
    pub(crate) async fn stream(&self, call: Call) -> Result<Body, Failure> {
        Ok(self.remote().await?.stream(call).await?)
    }

    /// Opens a WebSocket.
    pub(crate) async fn websocket(&self, path: &str, protocols: &str) -> Result<Socket, Failure> {
        Ok(self.remote().await?.websocket(path, protocols).await?)
    }

    fn timeout(&self) -> Result<Option<Duration>, Failure> {
        let most = duration(&self.globals.request_timeout)?;
        Ok(Some(most).filter(|most| !most.is_zero()))
    }

    fn overrides(&self) -> Overrides {
        let globals = self.globals.clone();
        Overrides {
            context: globals.context,
            cluster: globals.cluster,
            user: globals.user,
            server: globals.server,
            token: globals.token,
            insecure: globals.insecure_skip_tls_verify,
            tls_server_name: globals.tls_server_name,
            authority: globals.certificate_authority,
            impersonate: globals.impersonate,
            impersonate_groups: globals.impersonate_groups,
        }
    }
}

/// A duration as flags have it: `30s`, `5m`, or a bare number of seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, Failure> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    let parsed = gantry_base::time::parse_duration(text);
    parsed.map_err(|error| Failure::Said(error.to_string()))
}
