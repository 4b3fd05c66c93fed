//! Published schemas: what objects look like and what can be done to them, for clients to read.
//!
//! Derived from the descriptors, the types' own descriptions and the table of facts. Built anew at
//! every call; whoever asks often keeps what it got.

mod definitions;
mod dialect;
mod facts;
mod operations;
mod proto;

use serde_json::{Map, Value, json};

use gantry_api::GroupVersion;
use gantry_kinds::Descriptor;

use crate::registry::Registry;
use dialect::Dialect;

impl Registry {
    /// `/openapi/v2`: everything in one document.
    #[must_use]
    pub fn openapi_v2(&self) -> Value {
        let kinds: Vec<&Descriptor> = self.kinds().iter().collect();
        let mut paths = operations::served(&kinds, Dialect::Second, true);
        paths.extend(operations::paths(&kinds, Dialect::Second));
        json!({
            "swagger": "2.0",
            "info": self.info(),
            "paths": paths,
            "definitions": definitions::of(&kinds, Dialect::Second),
        })
    }

    /// The same in protobuf, for clients that read nothing else.
    #[must_use]
    pub fn openapi_v2_proto(&self) -> Vec<u8> {
        proto::encode(&self.openapi_v2())
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

    /// `/openapi/v3`: where the documents are; `hash` changes whenever one of them does.
    #[must_use]
    pub fn openapi_v3_index(&self, hash: &str) -> Value {
        let mut paths = Map::new();
        for kind in self.kinds() {
            let path = root(&kind.names.group_version());
            let url = format!("/openapi/v3/{path}?hash={hash}");
            paths.insert(path, json!({"serverRelativeURL": url}));
        }
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
