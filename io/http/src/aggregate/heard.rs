//! What other servers said about themselves when they were last asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_base::hash::Fnv;
use rustls::ClientConfig;
use serde_json::Value;

use gantry_gateway::{Document, Others};
use gantry_registry::discovery::Other;
use gantry_registry::extensions::{Extension, Extensions};

/// A schema, and by what to tell that it is another by now.
pub(super) type Marked<T> = (String, T);

/// What one server said.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// Its resources.
    pub(super) resources: Vec<Value>,
    /// Its schema in the third version.
    pub(super) third: Option<Marked<Document>>,
    /// Its schema in the second version.
    pub(super) second: Option<Marked<Arc<Value>>>,
}

/// One server.
#[derive(Debug)]
struct One {
    extension: Arc<Extension>,
    said: Arc<Said>,
    is_current: bool,
    tls: Option<Arc<ClientConfig>>,
}

/// What all of them said.
#[derive(Debug, Default)]
pub(super) struct Heard {
    all: BTreeMap<String, One>,
    discovered: Arc<[Other]>,
    published: Arc<Others>,
}

impl Heard {
    /// Forgets who is not registered any more, and notes who is.
    pub(super) fn follow(&mut self, extensions: &Extensions) {
        let before: Vec<String> = self.all.keys().cloned().collect();
        let mut all = BTreeMap::new();
        let mut is_other = false;
        for own in extensions.iter() {
            let name = own.extension.name.clone();
            let known = self.all.remove(&name);
            let known = known.filter(|known| known.extension == own.extension);
            is_other |= known.is_none();
            let fresh = || One {
                extension: Arc::clone(&own.extension),
                said: Arc::default(),
                is_current: false,
                tls: None,
            };
            all.insert(name, known.unwrap_or_else(fresh));
        }
        is_other |= before.len() != all.len();
        self.all = all;
        if is_other {
            self.sum_up();
        }
    }

    /// What a server said the last time.
    pub(super) fn said(&self, extension: &Extension) -> Arc<Said> {
        let known = self.all.get(&extension.name);
        known.map(|one| Arc::clone(&one.said)).unwrap_or_default()
    }

    /// What a server says, unless it did not answer the last time.
    pub(super) fn current(&self, extension: &Extension) -> Option<Arc<Said>> {
        let known = self.all.get(&extension.name);
        let known = known.filter(|one| one.is_current && *one.extension == *extension)?;
        Some(Arc::clone(&known.said))
    }

    /// Takes what a server said; nothing when it did not answer, and may serve something else by now.
    pub(super) fn hear(&mut self, extension: &Extension, said: Option<Said>) {
        let Some(one) = self.all.get_mut(&extension.name) else {
            return;
        };
        if *one.extension != *extension {
            return;
        }
        one.is_current = said.is_some();
        if let Some(said) = said {
            one.said = Arc::new(said);
        }
        self.sum_up();
    }

    /// How TLS was spoken to a server before.
    pub(super) fn tls(&self, extension: &Extension) -> Option<Arc<ClientConfig>> {
        let one = self.all.get(&extension.name)?;
        let is_same = one.extension.trust == extension.trust;
        one.tls.clone().filter(|_| is_same)
    }

    /// Keeps how TLS is spoken to a server.
    pub(super) fn keep_tls(&mut self, extension: &Extension, config: &Arc<ClientConfig>) {
        let one = self.all.get_mut(&extension.name);
        if let Some(one) = one.filter(|one| one.extension.trust == extension.trust) {
            one.tls = Some(Arc::clone(config));
        }
    }

    /// What they serve.
    pub(super) fn discovered(&self) -> Arc<[Other]> {
        Arc::clone(&self.discovered)
    }

    /// What they publish.
    pub(super) fn published(&self) -> Arc<Others> {
        Arc::clone(&self.published)
    }

    fn sum_up(&mut self) {
        let other = |one: &One| Other {
            version: one.extension.version.clone(),
            group_priority: one.extension.group_priority,
            version_priority: one.extension.version_priority,
            resources: one.said.resources.clone(),
            is_current: one.is_current,
        };
        self.discovered = self.all.values().map(other).collect();
        let mut others = Others::default();
        let mut edition = Fnv::default();
        for one in self.all.values() {
            let path = format!("apis/{}", one.extension.version);
            if let Some((_, document)) = &one.said.third {
                edition = edition.with(path.as_bytes()).with(document.etag.as_bytes());
                others.third.insert(path, document.clone());
            }
            if let Some((mark, document)) = &one.said.second {
                edition = edition
                    .with(one.extension.name.as_bytes())
                    .with(mark.as_bytes());
                others.second.push(Arc::clone(document));
            }
        }
        let is_any = !others.third.is_empty() || !others.second.is_empty();
        others.edition = if is_any { edition.value() } else { 0 };
        self.published = Arc::new(others);
    }
}
