//! How far a pull is.
//!
//! Progress is a state, not a stream: whoever looks sees the newest, and a slow or absent watcher
//! holds up nothing.

use tokio::sync::watch;

use crate::digest::Digest;

/// How far a pull is, layer by layer, lowest first. Empty until the manifest is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The layers.
    pub layers: Vec<LayerProgress>,
}

/// How far one layer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerProgress {
    /// The layer's digest as published.
    pub digest: Digest,
    /// What is happening to it.
    pub phase: Phase,
    /// Bytes downloaded.
    pub done: u64,
    /// Bytes to download.
    pub total: u64,
}

/// What is happening to a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It waits for its turn.
    Waiting,
    /// It is being downloaded, here or for somebody else.
    Downloading,
    /// It is being unpacked.
    Unpacking,
    /// It is there.
    Ready,
}

impl Progress {
    /// Bytes downloaded and to download, over all layers.
    #[must_use]
    pub fn bytes(&self) -> (u64, u64) {
        let sum = |of: fn(&LayerProgress) -> u64| self.layers.iter().map(of).sum();
        (sum(|layer| layer.done), sum(|layer| layer.total))
    }
}

/// Where a pull tells how far it is.
#[derive(Clone, Debug)]
pub struct Reporter {
    sender: watch::Sender<Progress>,
}

impl Reporter {
    /// A reporter, and where its reports can be seen.
    #[must_use]
    pub fn watched() -> (Self, watch::Receiver<Progress>) {
        let (sender, receiver) = watch::channel(Progress::default());
        (Self { sender }, receiver)
    }

    /// A reporter that nobody listens to.
    #[must_use]
    pub fn silent() -> Self {
        Self::watched().0
    }

    pub(crate) fn begin(&self, layers: impl Iterator<Item = (Digest, u64)>) {
        let layer = |(digest, total)| LayerProgress {
            digest,
            phase: Phase::Waiting,
            done: 0,
            total,
        };
        self.sender.send_replace(Progress {
            layers: layers.map(layer).collect(),
        });
    }

    pub(crate) fn phase(&self, layer: usize, phase: Phase) {
        self.change(layer, |layer| {
            layer.phase = phase;
            if matches!(phase, Phase::Unpacking | Phase::Ready) {
                layer.done = layer.total;
            }
        });
    }

    pub(crate) fn downloaded(&self, layer: usize, done: u64) {
        self.change(layer, |layer| {
            layer.phase = Phase::Downloading;
            layer.done = done;
        });
    }

    fn change(&self, layer: usize, change: impl FnOnce(&mut LayerProgress)) {
        self.sender.send_modify(|progress| {
            if let Some(layer) = progress.layers.get_mut(layer) {
                change(layer);
            }
        });
    }
}
