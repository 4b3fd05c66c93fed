//! Published schemas: built when somebody asks, kept compressed.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use gantry_api::GroupVersion;
use gantry_registry::openapi;
use serde_json::Value;

use crate::gateway::Gateway;

/// The type of the second version in protobuf.
const OPENAPI_V2_PROTO: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// A published document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its content, compressed; clients that cannot have it so get [`plain`](Self::plain).
    pub gzip: Bytes,
    /// What changes whenever the content does, without quotes.
    pub etag: String,
    /// Its type.
    pub content_type: &'static str,
}

impl Document {
    /// A document with this content.
    #[must_use]
    pub fn new(content: &[u8], content_type: &'static str) -> Self {
        Self {
            gzip: compress(content),
            etag: etag(content),
            content_type,
        }
    }

    /// The content as it is.
    #[must_use]
    pub fn plain(&self) -> Bytes {
        let mut plain = Vec::new();
        let mut reader = GzDecoder::new(self.gzip.as_ref());
        reader
            .read_to_end(&mut plain)
            .expect("we compressed these bytes ourselves");
        plain.into()
    }
}

/// What other servers publish, as far as it is known here.
#[derive(Clone, Debug, Default)]
pub struct Others {
    /// What changes whenever any of it does; 0 when there is nothing.
    pub edition: u64,
    /// Their documents in the third version, by path.
    pub third: BTreeMap<String, Document>,
    /// Their documents in the second version, already reduced to what they serve for this server.
    pub second: Vec<Arc<Value>>,
}

impl Others {
    /// The edition of a document that was made of ours and theirs.
    const fn mixed(&self, own: u64) -> u64 {
        own ^ self.edition
    }

    /// Our second version, with theirs added. What is called the same is ours.
    fn merged(&self, mut own: Value) -> Value {
        for other in &self.second {
            for part in ["paths", "definitions"] {
                let theirs = other[part].as_object();
                let Some(all) = own[part].as_object_mut() else {
                    continue;
                };
                for (name, value) in theirs.into_iter().flatten() {
                    all.entry(name.as_str()).or_insert_with(|| value.clone());
                }
            }
        }
        own
    }
}

/// The documents built so far.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    /// Held while one is built, so that many who ask at once wait for one.
    built: Mutex<BTreeMap<String, Built>>,
}

/// A document, and the edition of what it was built from.
#[derive(Debug)]
struct Built {
    edition: u64,
    document: Document,
}

impl Documents {
    fn get(
        &self,
        (path, edition): (&str, u64),
        content_type: &'static str,
        build: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Option<Document> {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = built.get(path).filter(|known| known.edition == edition) {
            return Some(known.document.clone());
        }
        let document = Document::new(&build()?, content_type);
        let kept = Built {
            edition,
            document: document.clone(),
        };
        built.insert(path.to_owned(), kept);
        Some(document)
    }
}

fn compress(content: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder
        .write_all(content)
        .expect("writing to memory succeeds");
    encoder.finish().expect("writing to memory succeeds").into()
}

/// What changes whenever the content does.
fn etag(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest.iter().map(|byte| format!("{byte:02X}")).collect()
}

impl Gateway {
    /// `/openapi/v2` in JSON, together with what others publish.
    #[must_use]
    pub fn openapi_v2(&self, others: &Others) -> Document {
        let registry = self.registry();
        let build = || {
            let merged = others.merged(registry.openapi_v2());
            Some(merged.to_string().into_bytes())
        };
        let documents = &self.shared.documents;
        let edition = others.mixed(registry.edition(None));
        let document = documents.get(("v2", edition), "application/json", build);
        document.expect("there is always a second version")
    }

    /// `/openapi/v2` in protobuf, together with what others publish.
    #[must_use]
    pub fn openapi_v2_proto(&self, others: &Others) -> Document {
        let registry = self.registry();
        let build = || Some(openapi::proto(&others.merged(registry.openapi_v2())));
        let documents = &self.shared.documents;
        let edition = others.mixed(registry.edition(None));
        let document = documents.get(("v2-proto", edition), OPENAPI_V2_PROTO, build);
        document.expect("there is always a second version")
    }

    /// `/openapi/v3`: where the document of each group and version is, those of others included.
    #[must_use]
    pub fn openapi_v3_index(&self, others: &Others) -> Document {
        let registry = self.registry();
        // All are built before the index is: only one is at a time.
        let hash = |path: String| {
            let etag = self.openapi_v3(&path)?.etag;
            Some((path, etag))
        };
        let hashes = registry.openapi_v3_paths().into_iter().filter_map(hash);
        let mut hashes: BTreeMap<String, String> = hashes.collect();
        let theirs = others.third.iter();
        hashes.extend(theirs.map(|(path, own)| (path.clone(), own.etag.clone())));
        let build = || {
            let index = registry.openapi_v3_index(&hashes);
            Some(index.to_string().into_bytes())
        };
        let place = ("v3", others.mixed(registry.edition(None)));
        let document = self.shared.documents.get(place, "application/json", build);
        document.expect("there is always an index")
    }

    /// `/openapi/v3/<path>`, where `path` is `api/v1` or `apis/<group>/<version>`.
    #[must_use]
    pub fn openapi_v3(&self, path: &str) -> Option<Document> {
        let version = match path.split_once('/')? {
            ("api", version) => GroupVersion::new("", version),
            ("apis", version) => GroupVersion::parse(version),
            _ => return None,
        };
        let registry = self.registry();
        let build = || Some(registry.openapi_v3(&version)?.to_string().into_bytes());
        let place = (path, registry.edition(Some(&version)));
        self.shared.documents.get(place, "application/json", build)
    }
}
