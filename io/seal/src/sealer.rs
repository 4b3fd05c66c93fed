//! What the store's engines hand their records to.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use gantry_base::chain;
use gantry_store::seal::SEALED;
use gantry_store::{Key, Opened, Seal, SealError};

use crate::cipher::{Seed, shown};
use crate::config::{Configuration, NamedKey, PlugIn, Provider};
use crate::envelope::{self, By};
use crate::error::{OpenError, SealingError};
use crate::kms::Kms;
use crate::pattern::Pattern;

/// Seals and opens as a configuration says. What was configured before goes on opening.
#[derive(Debug)]
pub struct Sealer {
    path: PathBuf,
    /// Further files whose keys open what was sealed with them.
    further: Vec<PathBuf>,
    ring: ArcSwap<Ring>,
}

#[derive(Debug)]
struct Ring {
    rules: Vec<Rule>,
    /// Everything that opens, also what no rule names any more.
    openers: Vec<Opener>,
}

#[derive(Debug)]
struct Rule {
    patterns: Vec<Pattern>,
    first: Opener,
    /// Whether what is not sealed may be read.
    allows_plain: bool,
}

#[derive(Clone, Debug)]
enum Opener {
    Identity,
    Key { name: String, seed: Seed },
    PlugIn(Arc<Kms>),
}

impl Sealer {
    /// Reads the configuration at `path`; keys of `further` files only open.
    pub fn open(path: &Path, further: Vec<PathBuf>) -> Result<Self, SealingError> {
        let ring = ring(path, &further, &[])?;
        Ok(Self {
            path: path.to_owned(),
            further,
            ring: ArcSwap::from_pointee(ring),
        })
    }

    /// Reads the configuration anew. When that fails, the last one stays.
    pub fn reload(&self) -> Result<(), SealingError> {
        let known = self.ring.load().openers.clone();
        self.ring
            .store(Arc::new(ring(&self.path, &self.further, &known)?));
        Ok(())
    }

    /// Where the configuration is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Each plug-in's name, and what is wrong with it if anything is.
    #[must_use]
    pub fn plug_ins(&self) -> Vec<(String, Option<String>)> {
        let ring = self.ring.load();
        let plug_ins = ring.openers.iter().filter_map(|opener| match opener {
            Opener::PlugIn(kms) => Some((kms.name().to_owned(), kms.trouble())),
            Opener::Identity | Opener::Key { .. } => None,
        });
        plug_ins.collect()
    }
}

fn ring(path: &Path, further: &[PathBuf], known: &[Opener]) -> Result<Ring, SealingError> {
    let configuration = Configuration::read(path)?;
    let mut openers: Vec<Opener> = Vec::new();
    let mut rules = Vec::new();
    for rule in configuration.rules {
        let allows_plain = rule.providers.contains(&Provider::Identity);
        let mut first = None;
        for provider in rule.providers {
            let opener = opener(provider, &openers, known)?;
            first.get_or_insert_with(|| opener.clone());
            openers.push(opener);
        }
        rules.push(Rule {
            patterns: rule.patterns,
            first: first.unwrap_or(Opener::Identity),
            allows_plain,
        });
    }
    for path in further {
        let providers = Configuration::read(path)?.rules.into_iter();
        for provider in providers.flat_map(|rule| rule.providers) {
            let opener = opener(provider, &openers, known)?;
            openers.push(opener);
        }
    }
    Ok(Ring { rules, openers })
}

/// What a provider does. A plug-in that is spoken to already is not connected to again.
fn opener(provider: Provider, others: &[Opener], known: &[Opener]) -> Result<Opener, SealingError> {
    Ok(match provider {
        Provider::Identity => Opener::Identity,
        Provider::Key(NamedKey { name, seed }) => Opener::Key { name, seed },
        Provider::PlugIn(plug_in) => {
            let same = others.iter().chain(known).find_map(|opener| match opener {
                Opener::PlugIn(kms) if kms.is(&plug_in) => Some(Arc::clone(kms)),
                Opener::PlugIn(_) | Opener::Identity | Opener::Key { .. } => None,
            });
            Opener::PlugIn(match same {
                Some(kms) => kms,
                None => start(plug_in)?,
            })
        }
    })
}

fn start(plug_in: PlugIn) -> Result<Arc<Kms>, SealingError> {
    Kms::start(plug_in).map(Arc::new)
}

impl Ring {
    fn rule(&self, key: &Key) -> Option<&Rule> {
        let matches = |rule: &&Rule| rule.patterns.iter().any(|one| one.matches(key.as_str()));
        self.rules.iter().find(matches)
    }

    fn open(&self, by: &By, path: &Path) -> Result<Seed, OpenError> {
        match by {
            By::Key { name, fingerprint } => self.key(name, *fingerprint, path),
            By::PlugIn { name, wrapped } => {
                let plug_in = self.openers.iter().find_map(|opener| match opener {
                    Opener::PlugIn(kms) if kms.name() == name => Some(kms),
                    Opener::PlugIn(_) | Opener::Identity | Opener::Key { .. } => None,
                });
                let plug_in = plug_in.ok_or_else(|| OpenError::NoPlugIn {
                    name: name.clone(),
                    path: path.to_owned(),
                })?;
                let opened = plug_in.unwrap(wrapped);
                opened.map_err(|error| OpenError::Refused(chain(&error)))
            }
        }
    }

    fn key(&self, name: &str, wanted: [u8; 8], path: &Path) -> Result<Seed, OpenError> {
        let mut other = None;
        for opener in &self.openers {
            if let Opener::Key { name: known, seed } = opener {
                if seed.fingerprint() == wanted {
                    return Ok(seed.clone());
                }
                if known == name {
                    other = Some(seed.fingerprint());
                }
            }
        }
        let (name, path) = (name.to_owned(), path.to_owned());
        Err(match other {
            Some(found) => OpenError::Other {
                name,
                wanted: shown(wanted),
                found: shown(found),
                path,
            },
            None => OpenError::Unknown {
                name,
                fingerprint: shown(wanted),
                path,
            },
        })
    }
}

impl Opener {
    /// Whether it would seal what was sealed by `by` in the same way.
    fn is_current(&self, by: &By) -> bool {
        match (self, by) {
            (Self::Key { seed, .. }, By::Key { fingerprint, .. }) => {
                seed.fingerprint() == *fingerprint
            }
            (Self::PlugIn(kms), By::PlugIn { name, wrapped }) => {
                kms.name() == name && kms.is_current(&wrapped.key_id)
            }
            _ => false,
        }
    }
}

impl Seal for Sealer {
    fn seal(&self, key: &Key, record: Vec<u8>) -> Result<Vec<u8>, SealError> {
        let ring = self.ring.load();
        let Some(rule) = ring.rule(key) else {
            return Ok(record);
        };
        let failed = |source| SealError {
            action: "seal",
            key: key.clone(),
            source: Arc::new(source),
        };
        let (mut out, seed) = match &rule.first {
            Opener::Identity => return Ok(record),
            Opener::Key { name, seed } => {
                let name = name.clone();
                let fingerprint = seed.fingerprint();
                (
                    envelope::header(&By::Key { name, fingerprint }),
                    seed.clone(),
                )
            }
            Opener::PlugIn(kms) => kms.current().map_err(failed)?,
        };
        let header = out.clone();
        let sealed = seed.seal(&header, key.as_str(), record, &mut out);
        sealed.map_err(failed)?;
        Ok(out)
    }

    fn open<'a>(&self, key: &Key, kept: &'a [u8]) -> Result<Opened<'a>, SealError> {
        let ring = self.ring.load();
        let rule = ring.rule(key);
        let failed = |source: OpenError| SealError {
            action: "open",
            key: key.clone(),
            source: Arc::new(source),
        };
        if !kept.starts_with(&SEALED) {
            if rule.is_some_and(|rule| !rule.allows_plain) {
                let path = self.path.clone();
                return Err(failed(OpenError::Unsealed { path }));
            }
            let is_current = rule.is_none_or(|rule| matches!(rule.first, Opener::Identity));
            return Ok(Opened {
                record: Cow::Borrowed(kept),
                is_current,
            });
        }
        let read = envelope::read(kept);
        let (by, header, sealed) = read.ok_or_else(|| failed(OpenError::Damaged))?;
        let seed = ring.open(&by, &self.path).map_err(failed)?;
        let record = seed.open(header, key.as_str(), sealed).ok_or_else(|| {
            let (By::Key { name, .. } | By::PlugIn { name, .. }) = &by;
            failed(OpenError::Changed { name: name.clone() })
        })?;
        Ok(Opened {
            record: Cow::Owned(record),
            is_current: rule.is_some_and(|rule| rule.first.is_current(&by)),
        })
    }
}

#[cfg(test)]
mod tests;
