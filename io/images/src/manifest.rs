//! The documents that describe an image: index, manifest and configuration, of OCI and of Docker.
//!
//! Both families have the same shape and differ in media types. This module parses and checks; it
//! fetches nothing. A [`Manifest`] from [`Document::parse`] has only layers that can be unpacked.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::limits;
use crate::platform::Platform;

mod config;

pub(crate) use config::parse_config;
pub use config::{ConfigFile, ImageConfig};

pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// What a registry may answer when asked for a manifest.
pub(crate) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// A pointer to content: what it is, its digest and its length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    #[serde(default)]
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) platform: Option<Platform>,
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub(crate) annotations: std::collections::BTreeMap<String, String>,
}

impl Descriptor {
    pub(crate) fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        let media_type = media_type.to_owned();
        Self {
            media_type,
            digest,
            size,
            platform: None,
            annotations: Default::default(),
        }
    }
}

/// Several images under one name, usually one for each platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Index {
    pub(crate) schema_version: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) media_type: String,
    pub(crate) manifests: Vec<Descriptor>,
}

/// One image: its configuration and its layers, lowest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub(crate) schema_version: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) media_type: String,
    pub(crate) config: Descriptor,
    pub(crate) layers: Vec<Descriptor>,
}

impl Manifest {
    pub(crate) fn new(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: OCI_MANIFEST.to_owned(),
            config,
            layers,
        }
    }
}

/// What a name or a digest led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    Index(Index),
    Manifest(Manifest),
}

/// Why a document cannot be used as an image.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is not the JSON that it should be.
    #[error("read the {what}")]
    Json {
        /// Which document.
        what: &'static str,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// It is of a kind that cannot be run.
    #[error(
        "use a document of type {media_type:?}: only OCI images and Docker images of schema 2 are supported"
    )]
    MediaType {
        /// The type that it gives.
        media_type: String,
    },
    /// A layer is of a kind that cannot be unpacked.
    #[error("unpack layers of type {media_type:?}")]
    LayerType {
        /// The type that it gives.
        media_type: String,
    },
    /// It has more layers than can be stacked.
    #[error("stack {count} layers: {max} are the most", max = limits::LAYERS)]
    Layers {
        /// How many there are.
        count: usize,
    },
    /// The configuration lists another number of layers than the manifest.
    #[error("match {layers} layers with the {diffs} that the configuration lists")]
    Mismatch {
        /// Layers of the manifest.
        layers: usize,
        /// Layers of the configuration.
        diffs: usize,
    },
    /// The image is for another operating system.
    #[error("run an image for {os:?} on linux")]
    OperatingSystem {
        /// The operating system.
        os: String,
    },
    /// A document is larger than its limit.
    #[error("read the {what} of {size} bytes: {limit} are the most")]
    TooLarge {
        /// Which document.
        what: &'static str,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
}

/// The fields that tell which kind of document it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outline {
    #[serde(default)]
    schema_version: u32,
    #[serde(default)]
    media_type: String,
    manifests: Option<serde::de::IgnoredAny>,
    config: Option<serde::de::IgnoredAny>,
}

impl Document {
    /// Reads a document; `declared` is the type that came with it, used where it names none itself.
    pub(crate) fn parse(bytes: &[u8], declared: &str) -> Result<Self, ManifestError> {
        let json = |source| ManifestError::Json {
            what: "manifest",
            source,
        };
        let outline: Outline = serde_json::from_slice(bytes).map_err(json)?;
        let named = !outline.media_type.is_empty();
        let media_type = if named {
            outline.media_type.as_str()
        } else {
            declared
        };
        // Registries answer OCI documents without a type of their own also under general types.
        let (index, manifest) = match media_type {
            OCI_INDEX | DOCKER_LIST => (true, false),
            OCI_MANIFEST | DOCKER_MANIFEST => (false, true),
            _ if named => (false, false),
            _ => (outline.manifests.is_some(), outline.config.is_some()),
        };
        match (outline.schema_version, index, manifest) {
            (2, true, false) => Ok(Self::Index(serde_json::from_slice(bytes).map_err(json)?)),
            (2, false, true) => checked(serde_json::from_slice(bytes).map_err(json)?),
            _ => Err(ManifestError::MediaType {
                media_type: media_type.to_owned(),
            }),
        }
    }
}

fn checked(manifest: Manifest) -> Result<Document, ManifestError> {
    if manifest.layers.len() > limits::LAYERS {
        return Err(ManifestError::Layers {
            count: manifest.layers.len(),
        });
    }
    if let Some(layer) = manifest
        .layers
        .iter()
        .find(|layer| !is_layer(&layer.media_type))
    {
        return Err(ManifestError::LayerType {
            media_type: layer.media_type.clone(),
        });
    }
    let size = manifest.config.size;
    if size > limits::CONFIG_BYTES {
        let (what, limit) = ("image configuration", limits::CONFIG_BYTES);
        return Err(ManifestError::TooLarge { what, size, limit });
    }
    Ok(Document::Manifest(manifest))
}

/// The compression is found by looking at the content, so only the family matters here. Encrypted
/// and foreign (fetched from elsewhere) layers are of other types, and so are refused.
fn is_layer(media_type: &str) -> bool {
    let base = media_type
        .split_once('+')
        .map_or(media_type, |(base, _)| base);
    let known = [
        OCI_LAYER,
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
    ];
    let encrypted = media_type.ends_with("+encrypted");
    !encrypted
        && (known.contains(&base)
            || base.starts_with("application/vnd.docker.image.rootfs.diff.tar"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn manifest(layer_type: &str) -> String {
        format!(
            r#"{{"schemaVersion":2,"config":{{"mediaType":"c","digest":"{DIGEST}","size":2}},
            "layers":[{{"mediaType":"{layer_type}","digest":"{DIGEST}","size":3}}]}}"#
        )
    }

    #[test]
    fn a_document_without_a_type_is_known_by_its_shape() {
        let text = manifest("application/vnd.oci.image.layer.v1.tar+zstd");
        let parsed = Document::parse(text.as_bytes(), "application/json").unwrap();
        assert!(matches!(parsed, Document::Manifest(manifest) if manifest.layers.len() == 1));
        let index = br#"{"schemaVersion":2,"manifests":[]}"#;
        assert!(matches!(
            Document::parse(index, "").unwrap(),
            Document::Index(_)
        ));
    }

    #[test]
    fn schema_one_and_foreign_layers_are_refused() {
        let old = br#"{"schemaVersion":1,"fsLayers":[]}"#;
        let error = Document::parse(old, "application/vnd.docker.distribution.manifest.v1+json");
        assert!(matches!(error, Err(ManifestError::MediaType { .. })));
        for kind in [
            "text/html",
            "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
        ] {
            let error = Document::parse(manifest(kind).as_bytes(), OCI_MANIFEST);
            assert!(
                matches!(error, Err(ManifestError::LayerType { .. })),
                "{kind}"
            );
        }
    }

    #[test]
    fn a_digest_that_would_be_a_path_never_becomes_a_descriptor() {
        let text = manifest(OCI_LAYER).replace(DIGEST, "sha256:../../../etc/passwd");
        let error = Document::parse(text.as_bytes(), OCI_MANIFEST);
        assert!(matches!(error, Err(ManifestError::Json { .. })));
    }
}
