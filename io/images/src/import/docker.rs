//! What `docker save` writes: `manifest.json`, a list of configurations, layers and names.

use serde::Deserialize;

use super::{Found, ImportError, Members};
use crate::manifest::{Descriptor, Manifest, ManifestError, OCI_CONFIG, OCI_LAYER};
use crate::reference::Reference;
use crate::store::{NewImage, Shared};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

pub(super) fn images(
    shared: &Shared,
    members: &Members,
    list: &[u8],
) -> Result<Vec<Found>, ImportError> {
    let json = |source| ManifestError::Json {
        what: "manifest.json",
        source,
    };
    let list: Vec<Saved> = serde_json::from_slice(list).map_err(json)?;
    if list.is_empty() {
        return Err(ImportError::NoImage);
    }
    list.into_iter()
        .map(|saved| image(shared, members, saved))
        .collect()
}

/// Such an archive has no manifest of the kind that registries know, so one is made.
fn image(shared: &Shared, members: &Members, saved: Saved) -> Result<Found, ImportError> {
    let describe = |media_type: &'static str| {
        move |path: &String| {
            let (digest, size) = members.blob(path)?;
            Ok::<_, ImportError>(Descriptor::new(media_type, digest, size))
        }
    };
    let config = describe(OCI_CONFIG)(&saved.config)?;
    let layers = saved
        .layers
        .iter()
        .map(describe(OCI_LAYER))
        .collect::<Result<_, _>>()?;
    let manifest = Manifest::new(config, layers);
    let bytes = serde_json::to_vec(&manifest).map_err(|source| ManifestError::Json {
        what: "manifest",
        source,
    })?;
    let digest = shared.content.put(&bytes)?;
    let names = saved.repo_tags.unwrap_or_default();
    let names = names
        .iter()
        .map(|name| name.parse::<Reference>().map_err(ImportError::Name));
    let image = NewImage::new(shared, digest, manifest)?;
    Ok(Found {
        names: names.collect::<Result<_, _>>()?,
        image,
    })
}
