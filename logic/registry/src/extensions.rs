//! Other API servers that serve some versions of some groups, as their `APIService`s say.
//!
//! What this server was built to serve it always serves itself: nobody can take the place of a group
//! that the cluster cannot do without.

pub mod availability;
pub mod discovered;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gantry_api::{GroupResource, GroupVersion, Object, ObjectKey, Revision};
use gantry_kinds::apiregistration::EMPTIED;
use gantry_kinds::bootstrap::is_own_group;
use gantry_store::Snapshot;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::{APIService, APIServiceSpec};

use crate::endpoints::ServicePlace;

const HTTPS: i32 = 443;

/// The resource of the registrations.
#[must_use]
pub fn registrations() -> GroupResource {
    GroupResource::new("apiregistration.k8s.io", "apiservices")
}

/// Whose certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Those of these authorities, in PEM.
    Authority(Arc<[u8]>),
    /// Those that this machine trusts.
    Machine,
    /// Anybody's: whoever registered it asked for that.
    Anybody,
}

/// Another API server that serves one version of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The name of its `APIService`.
    pub name: String,
    /// What it serves.
    pub version: GroupVersion,
    /// Behind which service it is.
    pub service: ServicePlace,
    /// Whom to believe to be it.
    pub trust: Trust,
    /// How early clients that must choose prefer the group: the higher, the earlier.
    pub group_priority: i32,
    /// How early they prefer the version within the group.
    pub version_priority: i32,
}

impl Extension {
    /// The name that its certificate has to be good for.
    #[must_use]
    pub fn host(&self) -> String {
        format!("{}.{}.svc", self.service.name, self.service.namespace)
    }
}

/// What is known of the availability of an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It can be asked.
    Available,
    /// It cannot, and why.
    Unavailable(String),
    /// Nobody looked yet.
    Nothing,
}

/// An extension with what its `APIService` says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Who serves what.
    pub extension: Arc<Extension>,
    /// Whether it can be asked.
    pub known: Known,
}

/// All extensions at one revision.
#[derive(Clone, Debug, Default)]
pub struct Extensions {
    all: BTreeMap<GroupVersion, Registered>,
}

impl Extensions {
    fn compile(snapshot: &Snapshot) -> Self {
        let prefix = ObjectKey::prefix(&registrations(), None);
        let stored = snapshot.range(&prefix, None);
        let objects = stored.map(|(_, stored)| stored.value.object(stored.modified));
        let all = objects.filter_map(|object| registered(&object));
        Self {
            all: all
                .map(|own| (own.extension.version.clone(), own))
                .collect(),
        }
    }

    /// Who serves a version of a group instead of this server.
    #[must_use]
    pub fn get(&self, version: &GroupVersion) -> Option<&Registered> {
        self.all.get(version)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Registered> {
        self.all.values()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// The extensions as they were compiled last.
#[derive(Clone, Debug, Default)]
pub struct Register {
    /// The newest picture that was found to agree.
    seen: Option<Revision>,
    extensions: Arc<Extensions>,
}

impl Register {
    /// The extensions as they are in `snapshot` or in a later picture.
    pub fn extensions(&mut self, snapshot: &Snapshot) -> Arc<Extensions> {
        if !self.agrees(snapshot) {
            self.extensions = Arc::new(Extensions::compile(snapshot));
        }
        self.seen = self.seen.max(Some(snapshot.revision()));
        Arc::clone(&self.extensions)
    }

    fn agrees(&self, snapshot: &Snapshot) -> bool {
        let Some(seen) = self.seen else { return false };
        if snapshot.revision() <= seen {
            return true;
        }
        let prefix = ObjectKey::prefix(&registrations(), None);
        // A past that is forgotten already tells nothing: compile anew.
        let changes = snapshot.changes(seen);
        changes.is_ok_and(|mut changes| {
            !changes.any(|change| change.key.as_str().starts_with(&prefix))
        })
    }
}

/// A namespace that is being deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// The extensions that keep nothing in it any more.
    pub emptied: BTreeSet<String>,
}

/// All namespaces that are being deleted.
#[must_use]
pub fn ending(snapshot: &Snapshot) -> Vec<Ending> {
    let prefix = ObjectKey::prefix(&GroupResource::new("", "namespaces"), None);
    let stored = snapshot.range(&prefix, None).map(|(_, stored)| stored);
    let ending = stored.filter(|stored| stored.value.summary().terminating);
    ending
        .map(|stored| {
            let namespace = stored.value.object(stored.modified);
            let noted = namespace.annotations().remove(EMPTIED).unwrap_or_default();
            let names = noted.split(',').filter(|name| !name.is_empty());
            Ending {
                emptied: names.map(str::to_owned).collect(),
                name: namespace.name().to_owned(),
                uid: namespace.uid().to_owned(),
            }
        })
        .collect()
}

/// Who serves what an `APIService` is about, unless that is this server.
fn registered(object: &Object) -> Option<Registered> {
    let service: APIService = object.to_typed().ok()?;
    let spec = service.spec?;
    let group = spec.group.clone().unwrap_or_default();
    if is_own_group(&group) {
        return None;
    }
    let reference = spec.service.clone()?;
    let extension = Extension {
        name: object.name().to_owned(),
        version: GroupVersion::new(group, spec.version.clone().unwrap_or_default()),
        service: ServicePlace {
            namespace: reference.namespace.unwrap_or_default(),
            name: reference.name.unwrap_or_default(),
            port: reference.port.unwrap_or(HTTPS),
        },
        trust: trust(&spec),
        group_priority: spec.group_priority_minimum,
        version_priority: spec.version_priority,
    };
    Some(Registered {
        extension: Arc::new(extension),
        known: availability::known(object),
    })
}

fn trust(spec: &APIServiceSpec) -> Trust {
    let authority = spec.ca_bundle.as_ref().filter(|own| !own.0.is_empty());
    match authority {
        _ if spec.insecure_skip_tls_verify == Some(true) => Trust::Anybody,
        Some(own) => Trust::Authority(Arc::from(own.0.as_slice())),
        None => Trust::Machine,
    }
}
