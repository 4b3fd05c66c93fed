//! The OCI image layout: `index.json`, and blobs under their digests.

use std::collections::BTreeMap;

use super::{Found, ImportError, require};
use crate::digest::Digest;
use crate::manifest::{Descriptor, Document, Index, Manifest, ManifestError};
use crate::platform::Platform;
use crate::reference::Reference;
use crate::store::{NewImage, Shared};

/// An index in an index in an index is what build tools make at most.
const DEPTH: usize = 3;

/// Where tools write the full name, and where the specification keeps a tag or a name.
const FULL_NAME: &str = "io.containerd.image.name";
const REF_NAME: &str = "org.opencontainers.image.ref.name";

pub(super) fn images(shared: &Shared, index: &[u8]) -> Result<Vec<Found>, ImportError> {
    let json = |source| ManifestError::Json {
        what: "index.json",
        source,
    };
    let index: Index = serde_json::from_slice(index).map_err(json)?;
    // Entries of one name are the variants of one image.
    let mut groups: BTreeMap<Option<String>, Vec<Descriptor>> = BTreeMap::new();
    for entry in index.manifests {
        groups.entry(name(&entry)).or_default().push(entry);
    }
    let platform = Platform::host();
    let mut found = Vec::new();
    for (name, manifests) in groups {
        let group = Index {
            schema_version: 2,
            media_type: String::new(),
            manifests,
        };
        let Some(entry) = platform.choose(&group) else {
            continue;
        };
        let Some((digest, manifest)) = resolve(shared, entry, &platform)? else {
            continue;
        };
        require(shared, &manifest.config.digest)?;
        let image = NewImage::new(shared, digest, manifest)?;
        let names = name
            .map(|name| name.parse().map_err(ImportError::Name))
            .transpose()?;
        found.push(Found {
            names: names.into_iter().collect::<Vec<Reference>>(),
            image,
        });
    }
    if found.is_empty() {
        Err(ImportError::Platform { platform })
    } else {
        Ok(found)
    }
}

/// A bare tag names no image; it takes a repository for that.
fn name(entry: &Descriptor) -> Option<String> {
    let full = entry.annotations.get(FULL_NAME);
    let whole = entry
        .annotations
        .get(REF_NAME)
        .filter(|name| name.contains(['/', ':']));
    full.or(whole).cloned()
}

fn resolve(
    shared: &Shared,
    entry: &Descriptor,
    platform: &Platform,
) -> Result<Option<(Digest, Manifest)>, ImportError> {
    let mut entry = entry.clone();
    for _ in 0..DEPTH {
        let bytes = require(shared, &entry.digest)?;
        let index = match Document::parse(&bytes, &entry.media_type)? {
            Document::Manifest(manifest) => return Ok(Some((entry.digest, manifest))),
            Document::Index(index) => index,
        };
        let Some(next) = platform.choose(&index) else {
            return Ok(None);
        };
        entry = next.clone();
    }
    Ok(None)
}
