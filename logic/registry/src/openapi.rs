//! Published schemas: what objects look like and what can be done to them, for clients to read.
//!
//! Derived from the descriptors, the types' own descriptions and the table of facts. Built anew at
//! every call; whoever asks often keeps what it got.

mod definitions;
mod dialect;
mod facts;
mod operations;
mod proto;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use gantry_api::GroupVersion;
use gantry_base::hash::Fnv;
use gantry_kinds::Descriptor;

use crate::registry::Registry;
use dialect::Dialect;

/// A document of the second version in protobuf, for clients that read nothing else.
#[must_use]
pub fn proto(document: &Value) -> Vec<u8> {
    proto::encode(document)
}

impl Registry {
    /// `/openapi/v2`: everything in one document.
    #[must_use]
    pub fn openapi_v2(&self) -> Value {
        let kinds: Vec<&Descriptor> = self.kinds().iter().map(AsRef::as_ref).collect();
        let mut paths = operations::served(&kinds, Dialect::Second, true);
        paths.extend(operations::paths(&kinds, Dialect::Second));
        json!({
            "swagger": "2.0",
            "info": self.info(),
            "paths": paths,
            "definitions": definitions::of(&kinds, Dialect::Second),
        })
    }

    /// `/openapi/v3/<group and version>`: one group at one version, if it is served.
    #[must_use]
    pub fn openapi_v3(&self, version: &GroupVersion) -> Option<Value> {
        let kinds: Vec<&Descriptor> = self.kinds_of(version).collect();
        if kinds.is_empty() {
            return None;
        }
        let mut paths = operations::served(&kinds, Dialect::Third, false);
        paths.extend(operations::paths(&kinds, Dialect::Third));
        Some(json!({
            "openapi": "3.0.0",
            "info": self.info(),
            "paths": paths,
            "components": {"schemas": definitions::of(&kinds, Dialect::Third)},
        }))
    }

    /// What changes whenever the documents of `version` may have changed; of all documents when no
    /// version is named.
    #[must_use]
    pub fn edition(&self, version: Option<&GroupVersion>) -> u64 {
        let is_meant = |kind: &&Arc<Descriptor>| {
            let names = &kind.names;
            version.is_none_or(|own| names.group == own.group && names.version == own.version)
        };
        let editions = self.kinds().iter().filter(is_meant);
        let editions = editions.map(|kind| kind.edition.to_be_bytes());
        let mixed = editions.fold(Fnv::default(), |mixed, edition| mixed.with(&edition));
        mixed.value()
    }

    /// The paths of the documents below `/openapi/v3/`.
    #[must_use]
    pub fn openapi_v3_paths(&self) -> BTreeSet<String> {
        let kinds = self.kinds().iter();
        kinds
            .map(|kind| root(&kind.names.group_version()))
            .collect()
    }

    /// `/openapi/v3`: where the documents are, given the path of each and a hash of its content.
    #[must_use]
    pub fn openapi_v3_index(&self, hashes: &BTreeMap<String, String>) -> Value {
        let place = |(path, hash): (&String, &String)| {
            let url = format!("/openapi/v3/{path}?hash={hash}");
            (path.clone(), json!({"serverRelativeURL": url}))
        };
        let paths: Map<String, Value> = hashes.iter().map(place).collect();
        json!({"paths": paths})
    }

    fn info(&self) -> Value {
        json!({"title": "Kubernetes", "version": self.settings().version})
    }
}

/// Where the resources of a version lie, without the first slash.
fn root(version: &GroupVersion) -> String {
    if version.group.is_empty() {
        format!("api/{version}")
    } else {
        format!("apis/{version}")
    }
}
