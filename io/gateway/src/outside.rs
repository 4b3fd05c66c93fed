//! What the gateway needs from outside: time, chance, signatures.

use std::fmt;
use std::fs::File;
use std::future::Future;
use std::io::Read;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use gantry_api::Caller;
use gantry_base::{Entropy, Timestamp};
use gantry_registry::question::{Answer, Question};
use gantry_registry::step::Authenticated;
use gantry_registry::subresources::token::{SignedToken, TokenClaims};

/// A future that may be sent to another thread.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The only door to time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// This moment.
    fn now(&self) -> Timestamp;
    /// The time that has passed since some moment: it only grows, whatever is done to the clock.
    fn ticks(&self) -> Duration;
    /// Resolves after `duration`.
    fn sleep(&self, duration: Duration) -> Pending<'static, ()>;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    begun: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn ticks(&self) -> Duration {
        self.begun.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Pending<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The machine's source of chance, read in blocks.
#[derive(Debug)]
pub struct OsEntropy {
    source: File,
    block: Vec<u64>,
}

/// Numbers read at once; a system call for each would cost more than making the number.
const BLOCK: usize = 64;

impl OsEntropy {
    /// Opens the source.
    pub fn open() -> std::io::Result<Self> {
        Ok(Self {
            source: File::open("/dev/urandom")?,
            block: Vec::new(),
        })
    }

    fn refill(&mut self) {
        let mut bytes = [0; BLOCK * 8];
        self.source
            .read_exact(&mut bytes)
            .expect("an opened /dev/urandom never ends");
        let number = |chunk: &[u8]| {
            u64::from_ne_bytes(chunk.try_into().expect("chunks are eight bytes long"))
        };
        self.block = bytes.chunks_exact(8).map(number).collect();
    }
}

impl Entropy for OsEntropy {
    fn next_u64(&mut self) -> u64 {
        if self.block.is_empty() {
            self.refill();
        }
        self.block.pop().expect("a block was just read")
    }
}

/// Signs ServiceAccount tokens.
pub trait TokenSigner: fmt::Debug + Send + Sync {
    /// The signed form of `claims`, or the reason why there is none.
    fn sign(&self, claims: &TokenClaims) -> Result<SignedToken, String>;
}

/// Finds out whom a credential belongs to.
pub trait Authenticator: fmt::Debug + Send + Sync {
    /// The token's owner, or why it is not accepted. With no audiences named, the server's own
    /// are meant.
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
        audiences: &'a [String],
    ) -> Pending<'a, Result<Authenticated, String>>;

    /// Whom a certificate speaks for that the handshake has found to be of the cluster's authority,
    /// or why it does not count now. Quick: every request asks.
    fn certificate(&self, shown: &ClientCertificate, now: Timestamp) -> Result<Caller, String> {
        shown.caller(now)
    }

    /// Who somebody is who shows nothing; nobody, when that is not enough for `path`.
    fn anonymous(&self, _path: &str) -> Option<Caller> {
        Some(Caller::anonymous())
    }

    /// Seen to change whenever certificates that counted may count no longer.
    fn revoked(&self) -> watch::Receiver<()> {
        watch::channel(()).1
    }
}

/// What a client's certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The user.
    pub user: String,
    /// The user's groups.
    pub groups: Vec<String>,
    /// When it was made.
    pub issued_at: Timestamp,
    /// From when on it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
}

impl ClientCertificate {
    /// Whom it speaks for, if it names somebody and its time is now.
    pub fn caller(&self, now: Timestamp) -> Result<Caller, String> {
        if self.user.is_empty() {
            return Err("the certificate names no user".to_owned());
        }
        if now < self.not_before {
            return Err("the certificate is not valid yet".to_owned());
        }
        if self.not_after <= now {
            return Err("the certificate has expired".to_owned());
        }
        let groups: Vec<&str> = self.groups.iter().map(String::as_str).collect();
        Ok(Caller::authenticated(&self.user, &groups))
    }
}

/// Asks those outside whom a request depends on, such as admission webhooks.
pub trait Messenger: fmt::Debug + Send + Sync {
    /// What they say, or why they say nothing. It comes within the time that the question gives.
    fn ask<'a>(&'a self, question: &'a Question) -> Pending<'a, Answer>;
}

/// A server that knows nobody outside.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMessenger;

impl Messenger for NoMessenger {
    fn ask<'a>(&'a self, _question: &'a Question) -> Pending<'a, Answer> {
        let why = "this server asks nobody outside of it".to_owned();
        Box::pin(std::future::ready(Err(why)))
    }
}

/// A server without keys: signs nothing and accepts nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTokens;

impl TokenSigner for NoTokens {
    fn sign(&self, _claims: &TokenClaims) -> Result<SignedToken, String> {
        Err("this server has no key to sign tokens with".to_owned())
    }
}

impl Authenticator for NoTokens {
    fn authenticate<'a>(
        &'a self,
        _token: &'a str,
        _audiences: &'a [String],
    ) -> Pending<'a, Result<Authenticated, String>> {
        let why = "this server has no key to check tokens with".to_owned();
        Box::pin(std::future::ready(Err(why)))
    }
}
