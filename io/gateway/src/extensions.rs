//! Other API servers that serve some versions of some groups: who they are, and where.

use std::fmt;
use std::sync::{Arc, PoisonError};

use futures_util::future::select_all;

use gantry_api::{GroupResource, ObjectKey};
use gantry_registry::endpoints::{self, Place, ServicePlace, Unreachable};
use gantry_registry::extensions::{self, Ending, Extensions, registrations};
use gantry_store::{Key, KeyRange, Revision, Watch};

use crate::gateway::Gateway;

impl Gateway {
    /// Who serves something instead of this server.
    #[must_use]
    pub fn extensions(&self) -> Arc<Extensions> {
        let snapshot = self.shared.ledger.snapshot();
        let register = self.shared.register.lock();
        register
            .unwrap_or_else(PoisonError::into_inner)
            .extensions(&snapshot)
    }

    /// Where a service can be reached at the moment.
    pub fn places(&self, service: &ServicePlace) -> Result<Vec<Place>, Unreachable> {
        endpoints::places(&self.shared.ledger.snapshot(), service)
    }

    /// What changes from now on of the extensions, and of where these services are.
    #[must_use]
    pub fn extension_news(&self, services: &[&ServicePlace]) -> News {
        let since = self.shared.ledger.snapshot().revision();
        let mut ranges = vec![KeyRange::prefix(ObjectKey::prefix(&registrations(), None))];
        for service in services {
            let place = |group: &str, plural: &str| GroupResource::new(group, plural);
            let own = ObjectKey::new(place("", "services"), &service.namespace, &service.name);
            ranges.push(KeyRange::One(Key::from(&own)));
            let slices = place("discovery.k8s.io", "endpointslices");
            let slices = ObjectKey::prefix(&slices, Some(&service.namespace));
            ranges.push(KeyRange::prefix(slices));
        }
        self.news(ranges, since)
    }

    /// The namespaces that are being deleted, and what changes from now on of all namespaces and of
    /// the extensions.
    #[must_use]
    pub fn ending_namespaces(&self) -> (Vec<Ending>, News) {
        let snapshot = self.shared.ledger.snapshot();
        let all = ObjectKey::prefix(&GroupResource::new("", "namespaces"), None);
        let registrations = ObjectKey::prefix(&registrations(), None);
        let ranges = [all, registrations].map(KeyRange::prefix);
        let news = self.news(ranges.into(), snapshot.revision());
        (extensions::ending(&snapshot), news)
    }

    fn news(&self, ranges: Vec<KeyRange>, since: Revision) -> News {
        let watches = ranges.into_iter();
        let watches = watches.map(|range| self.shared.ledger.watch(range, since));
        News {
            // A watch that cannot be opened is one of a store that is closed: there is no news then.
            watches: watches.filter_map(Result::ok).collect(),
        }
    }
}

/// What changes of the extensions.
pub struct News {
    watches: Vec<Watch>,
}

impl fmt::Debug for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("News").finish_non_exhaustive()
    }
}

impl News {
    /// Resolves when something changed, or may have; then everything is to be looked at again.
    pub async fn wait(&mut self) {
        if self.watches.is_empty() {
            return std::future::pending().await;
        }
        let next = self.watches.iter_mut().map(|watch| Box::pin(watch.next()));
        // Whatever it was, and even if it was missed: whoever waits looks at everything.
        gantry_base::ignore(select_all(next).await.0, "what changed is looked up");
    }
}
