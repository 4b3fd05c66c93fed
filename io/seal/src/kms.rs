//! A plug-in that holds the key we do not have: version 2 of Kubernetes' KMS plug-ins.
//!
//! The plug-in seals one key of ours, drawn when it is first spoken to and again whenever it says
//! that its own key is another. Values are sealed with keys derived from ours, so that it is asked
//! once in a generation and not once in a value. A plug-in that dies stops neither reading, for
//! opened keys are remembered, nor at once writing.
//!
//! Calls are made by a thread with a runtime of its own, so that whoever waits for one may stand
//! anywhere.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use arc_swap::{ArcSwap, ArcSwapOption};
use gantry_base::chain;
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::cipher::Seed;
use crate::config::PlugIn;
use crate::envelope::{self, By, Wrapped};
use crate::error::SealingError;
use crate::limits::{ASK_AGAIN, ASK_EVERY, GRACE, REMEMBERED, WAITING};

mod rpc;
mod wire;

use rpc::Rpc;

/// A plug-in that is spoken to. Dropping it ends its thread.
#[derive(Debug)]
pub(crate) struct Kms {
    plug_in: PlugIn,
    asked: mpsc::Sender<Asked>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    current: ArcSwapOption<Current>,
    health: ArcSwap<Health>,
    /// Keys that were opened; the lock is held to look one up or to add one.
    opened: Mutex<Remembered>,
}

/// The key that values are sealed with.
#[derive(Debug)]
struct Current {
    key_id: String,
    header: Vec<u8>,
    seed: Seed,
}

/// How the plug-in is.
#[derive(Debug, Default)]
struct Health {
    /// When it was last well.
    well: Option<Instant>,
    trouble: Option<String>,
}

#[derive(Debug, Default)]
struct Remembered {
    seeds: BTreeMap<Wrapped, Seed>,
    order: VecDeque<Wrapped>,
}

/// Somebody needs a key to be opened.
#[derive(Debug)]
struct Asked {
    wrapped: Wrapped,
    answer: SyncSender<Result<Seed, SealingError>>,
}

impl Kms {
    /// Starts to speak to a plug-in. Waits for its first word, or until it took too long for it.
    pub(crate) fn start(plug_in: PlugIn) -> Result<Self, SealingError> {
        // Whoever asks waits for the answer, so no more can wait than threads.
        let (asked, asking) = mpsc::channel(WAITING);
        let shared = Arc::<Shared>::default();
        let (first, begun) = sync_channel(1);
        let keeper = Keeper {
            rpc: Rpc::new(&plug_in),
            plug_in: plug_in.clone(),
            shared: Arc::clone(&shared),
        };
        let failed = |message: String| SealingError::PlugIn {
            name: plug_in.name.clone(),
            endpoint: plug_in.endpoint.clone(),
            message,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| failed(error.to_string()))?;
        let body = move || runtime.block_on(keeper.run(asking, first));
        let thread = thread::Builder::new().name("kms".to_owned());
        thread
            .spawn(body)
            .map_err(|error| failed(error.to_string()))?;
        if begun.recv().is_err() {
            return Err(failed("its thread ended".to_owned()));
        }
        Ok(Self {
            plug_in,
            asked,
            shared,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.plug_in.name
    }

    /// Whether this is the plug-in that is configured so.
    pub(crate) fn is(&self, plug_in: &PlugIn) -> bool {
        self.plug_in == *plug_in
    }

    /// What is wrong with it, if anything is.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.shared.health.load().trouble.clone()
    }

    /// Whether values are sealed under this key of the plug-in's today.
    pub(crate) fn is_current(&self, key_id: &str) -> bool {
        let current = self.shared.current.load();
        current.as_ref().is_some_and(|one| one.key_id == key_id)
    }

    /// What stands before a value that is sealed now, and the key for it.
    pub(crate) fn current(&self) -> Result<(Vec<u8>, Seed), SealingError> {
        let health = self.shared.health.load();
        let is_fresh = health.well.is_some_and(|well| well.elapsed() < GRACE);
        let current = self.shared.current.load();
        match current.as_ref() {
            Some(current) if is_fresh => Ok((current.header.clone(), current.seed.clone())),
            _ => Err(SealingError::Unwell {
                name: self.plug_in.name.clone(),
                seconds: GRACE.as_secs(),
                why: health.trouble.clone().unwrap_or_default(),
            }),
        }
    }

    /// Opens a key that the plug-in sealed. Waits for it, unless the key is remembered.
    pub(crate) fn unwrap(&self, wrapped: &Wrapped) -> Result<Seed, SealingError> {
        if let Some(seed) = self.shared.remembered(wrapped) {
            return Ok(seed);
        }
        let gone = || SealingError::PlugIn {
            name: self.plug_in.name.clone(),
            endpoint: self.plug_in.endpoint.clone(),
            message: "its thread ended".to_owned(),
        };
        let (answer, opened) = sync_channel(1);
        let asked = Asked {
            wrapped: wrapped.clone(),
            answer,
        };
        self.asked.try_send(asked).map_err(|_| gone())?;
        opened.recv().map_err(|_| gone())?
    }
}

impl Shared {
    fn remembered(&self, wrapped: &Wrapped) -> Option<Seed> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.seeds.get(wrapped).cloned()
    }

    fn remember(&self, wrapped: Wrapped, seed: Seed) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.seeds.insert(wrapped.clone(), seed).is_none() {
            opened.order.push_back(wrapped);
        }
        if opened.order.len() > REMEMBERED {
            let oldest = opened.order.pop_front();
            oldest.and_then(|oldest| opened.seeds.remove(&oldest));
        }
    }
}

/// The thread's part.
struct Keeper {
    plug_in: PlugIn,
    rpc: Rpc,
    shared: Arc<Shared>,
}

impl Keeper {
    async fn run(self, mut asking: mpsc::Receiver<Asked>, first: SyncSender<()>) {
        let mut is_well = self.look().await;
        if first.send(()).is_err() {
            return;
        }
        loop {
            let pause = if is_well { ASK_EVERY } else { ASK_AGAIN };
            tokio::select! {
                asked = asking.recv() => match asked {
                    Some(asked) => self.answer(asked).await,
                    None => return,
                },
                () = tokio::time::sleep(pause) => is_well = self.look().await,
            }
        }
    }

    async fn answer(&self, asked: Asked) {
        let opened = match self.shared.remembered(&asked.wrapped) {
            Some(seed) => Ok(seed),
            None => self.rpc.decrypt(&asked.wrapped).await,
        };
        if let Ok(seed) = &opened {
            self.shared.remember(asked.wrapped, seed.clone());
        }
        gantry_base::ignore(asked.answer.send(opened), "nobody waits any more");
    }

    /// Asks how the plug-in is, and draws a new key when its own is another; whether it is well.
    async fn look(&self) -> bool {
        let outcome = self.follow().await;
        let was_well = self.shared.health.load().trouble.is_none();
        let name = self.plug_in.name.as_str();
        let health = match &outcome {
            Ok(()) => {
                if !was_well {
                    info!(name, "the KMS plug-in is well again");
                }
                Health {
                    well: Some(Instant::now()),
                    trouble: None,
                }
            }
            Err(error) => {
                let trouble = chain(error);
                if was_well {
                    warn!(name, error = trouble, "the KMS plug-in is not well");
                }
                Health {
                    well: self.shared.health.load().well,
                    trouble: Some(trouble),
                }
            }
        };
        self.shared.health.store(Arc::new(health));
        outcome.is_ok()
    }

    async fn follow(&self) -> Result<(), SealingError> {
        let key_id = self.rpc.status().await?;
        let current = self.shared.current.load_full();
        if current.is_some_and(|current| current.key_id == key_id) {
            return Ok(());
        }
        let seed = Seed::draw()?;
        let wrapped = self.rpc.encrypt(&seed).await?;
        self.shared.remember(wrapped.clone(), seed.clone());
        let key_id = wrapped.key_id.clone();
        let by = By::PlugIn {
            name: self.plug_in.name.clone(),
            wrapped,
        };
        self.shared.current.store(Some(Arc::new(Current {
            key_id,
            header: envelope::header(&by),
            seed,
        })));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
