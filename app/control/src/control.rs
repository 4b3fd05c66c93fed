//! A server: opened, prepared, started, stopped.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::{info, warn};

use gantry_api::Caller;
use gantry_authn::{Authn, Ground};
use gantry_client::{Api, Local};
use gantry_driver::Record;
use gantry_gateway::{Authenticator, Clock, Config, Gateway, OsEntropy, SystemClock};
use gantry_pki::{Pki, ServerNames};
use gantry_registry::Settings;
use gantry_store::Store;
use gantry_webhooks::WebhookClient;

use crate::config::ControlConfig;
use crate::controllers::Controllers;
use crate::engine::Engine;
use crate::error::ControlError;
use crate::leading::Leading;
use crate::{bootstrap, identity, webhook_events};

/// How often the server looks whether its certificate is due for renewal.
const RENEWAL: Duration = Duration::from_secs(3600);

/// Writes everything that is kept anew, as it would be kept today.
#[derive(Clone, Debug)]
pub struct Resealing(Engine);

impl Resealing {
    /// Resolves when everything is written; what was there stays until then.
    pub async fn run(&self) -> Result<(), ControlError> {
        self.0.reseal().await
    }
}

/// A server, with everything but the front that listens.
#[derive(Debug)]
pub struct Control {
    config: ControlConfig,
    engine: Engine,
    pki: Arc<Pki>,
    gateway: Gateway,
    authn: Arc<Authn>,
    clock: Arc<dyn Clock>,
    record: Record,
    tasks: JoinSet<()>,
    leading: Option<Leading>,
}

impl Control {
    /// Opens store and keys and makes the objects that must exist. Blocks while it reads; `tell`
    /// hears what is waited for.
    pub async fn open(
        config: ControlConfig,
        tell: impl FnMut(String),
    ) -> Result<Self, ControlError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let engine = Engine::open(&config, tell).await?;
        let pki = Arc::new(Pki::open(
            &config.data_dir.join("pki"),
            names(&config),
            clock.now(),
        )?);
        identity::check(&engine, &pki).await?;
        let pictures = engine.clone();
        let ground = Ground {
            key: pki.tokens(),
            snapshot: Box::new(move || pictures.snapshot()),
            clock: Arc::clone(&clock),
        };
        let authn = Arc::new(Authn::new(ground, config.authn.clone())?);
        let mut tasks = JoinSet::new();
        tasks.spawn(authn.follow(engine.clone()));
        let settings = Settings {
            service_range: config.service_range,
            node_ports: config.node_ports.clone(),
            admission: config.admission.clone(),
            version: config.version.clone(),
        };
        let (notices, noticed) = mpsc::channel(webhook_events::WAITING);
        let gateway = Gateway::new(
            engine.clone(),
            Config {
                kinds: gantry_kinds::builtin(),
                settings,
                clock: Arc::clone(&clock),
                entropy: Box::new(OsEntropy::open().map_err(ControlError::Chance)?),
                signer: Arc::clone(&authn) as _,
                authenticator: Arc::clone(&authn) as _,
                messenger: Arc::new(WebhookClient::new(Arc::clone(&clock)).telling(notices)),
            },
        );
        bootstrap::run(&gateway, &config, &pki).await?;
        tasks.spawn(webhook_events::write(
            gateway.clone(),
            Arc::clone(&clock),
            noticed,
        ));
        Ok(Self {
            config,
            engine,
            pki,
            gateway,
            authn,
            clock,
            record: Record::default(),
            tasks,
            leading: None,
        })
    }

    /// What it was opened with.
    #[must_use]
    pub const fn config(&self) -> &ControlConfig {
        &self.config
    }

    /// The door to the objects.
    #[must_use]
    pub const fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The cluster's keys.
    #[must_use]
    pub const fn pki(&self) -> &Arc<Pki> {
        &self.pki
    }

    /// Says whom a credential belongs to.
    #[must_use]
    pub fn authenticator(&self) -> Arc<dyn Authenticator> {
        Arc::clone(&self.authn) as _
    }

    /// Whether something is kept otherwise than it would be kept today.
    #[must_use]
    pub const fn is_stale(&self) -> bool {
        self.engine.stale() > 0
    }

    /// What writes everything that is kept anew.
    #[must_use]
    pub fn resealing(&self) -> Resealing {
        Resealing(self.engine.clone())
    }

    /// The door to time.
    #[must_use]
    pub const fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// What the loops of this process did.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// The API as `caller` sees it.
    #[must_use]
    pub fn api(&self, caller: Caller, agent: &str) -> Arc<dyn Api> {
        Arc::new(Local::new(self.gateway.clone(), caller, agent))
    }

    /// Starts the controllers and the scheduler, at once or when this server leads, and the renewal
    /// of the server's certificate.
    pub fn start_controllers(&mut self) {
        let controllers = Controllers {
            gateway: self.gateway.clone(),
            clock: Arc::clone(&self.clock),
            pki: Arc::clone(&self.pki),
            record: self.record.clone(),
        };
        match &self.config.candidate {
            None => controllers.start(&mut self.tasks),
            Some(candidate) => self.leading = Some(Leading::start(candidate, controllers)),
        }
        let (pki, clock) = (Arc::clone(&self.pki), Arc::clone(&self.clock));
        self.tasks.spawn(async move {
            loop {
                clock.sleep(RENEWAL).await;
                let proxy = pki.front_proxy();
                match pki
                    .renew(clock.now())
                    .and_then(|own| Ok(proxy.renew(clock.now())? || own))
                {
                    Ok(true) => info!("renewed a certificate of the server"),
                    Ok(false) => {}
                    Err(error) => warn!(
                        error = gantry_base::chain(&error),
                        "could not renew the server's certificate"
                    ),
                }
            }
        });
    }

    /// Ends everything it started and closes the store.
    pub async fn stop(mut self) {
        if let Some(leading) = self.leading {
            leading.stop().await;
        }
        self.tasks.shutdown().await;
        self.engine.close().await;
    }
}

fn names(config: &ControlConfig) -> ServerNames {
    ServerNames {
        service_address: config.api_address().into(),
        addresses: vec![config.advertise],
        extra: config.further_names.clone(),
    }
}
