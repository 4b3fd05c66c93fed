//! Which of the images under one name is for this machine.
//!
//! Names are those of the image specification (`amd64`, not `x86_64`). Only Linux counts.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::manifest::{Descriptor, Index};

/// An operating system on a processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// The operating system.
    #[serde(default)]
    pub os: String,
    /// The processor family.
    #[serde(default)]
    pub architecture: String,
    /// The version of the processor family, where that matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// This machine.
    #[must_use]
    pub fn host() -> Self {
        let (architecture, variant) = match std::env::consts::ARCH {
            "x86_64" => ("amd64", None),
            "x86" => ("386", None),
            "aarch64" => ("arm64", Some("v8")),
            "arm" => ("arm", Some("v7")),
            "powerpc64" => ("ppc64le", None),
            "loongarch64" => ("loong64", None),
            other => (other, None),
        };
        Self {
            os: "linux".to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.map(str::to_owned),
        }
    }

    /// The best image for this platform among those of an index.
    pub(crate) fn choose<'a>(&self, index: &'a Index) -> Option<&'a Descriptor> {
        let rated = index.manifests.iter().enumerate();
        let rated = rated.filter_map(|(position, entry)| {
            let rank = entry
                .platform
                .as_ref()
                .map_or(Some(LAST), |offered| self.rank(offered))?;
            Some(((rank, position), entry))
        });
        rated.min_by_key(|(rank, _)| *rank).map(|(_, entry)| entry)
    }

    /// How well an offer fits, 0 best; nothing if it would not run here.
    fn rank(&self, offered: &Self) -> Option<u32> {
        if (&offered.os, &offered.architecture) != (&self.os, &self.architecture) {
            return None;
        }
        match (
            version(self.variant.as_deref()),
            version(offered.variant.as_deref()),
        ) {
            (Some(have), Some(wanted)) if wanted > have => None,
            (Some(have), Some(wanted)) => Some(have - wanted),
            (None, Some(wanted)) => (wanted <= BASELINE).then_some(0),
            (_, None) => Some(0),
        }
    }
}

/// An entry that names no platform is taken when nothing else fits.
const LAST: u32 = u32::MAX;

/// Every amd64 processor runs `v1`; more is not looked up, so not promised.
const BASELINE: u32 = 1;

fn version(variant: Option<&str>) -> Option<u32> {
    variant?.strip_prefix('v')?.parse().ok()
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant
            .as_ref()
            .map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    fn platform(text: &str) -> Platform {
        let mut parts = text.split('/').map(str::to_owned);
        let mut next = || parts.next();
        Platform {
            os: next().unwrap(),
            architecture: next().unwrap(),
            variant: next(),
        }
    }

    fn chosen(host: &str, offers: &[&str]) -> Option<String> {
        let entry = |offer: &&str| Descriptor {
            platform: Some(platform(offer)),
            ..Descriptor::new("m", Digest::of(offer.as_bytes()), 1)
        };
        let manifests = offers.iter().map(entry).collect();
        let index = Index {
            schema_version: 2,
            media_type: String::new(),
            manifests,
        };
        let found = platform(host).choose(&index)?.platform.clone()?;
        Some(found.to_string())
    }

    #[test]
    fn the_nearest_older_variant_is_taken_and_never_a_newer_one() {
        let offers = [
            "linux/arm/v5",
            "linux/arm/v7",
            "linux/arm/v6",
            "windows/amd64",
        ];
        assert_eq!(
            chosen("linux/arm/v6", &offers).as_deref(),
            Some("linux/arm/v6")
        );
        assert_eq!(
            chosen("linux/arm/v8", &offers).as_deref(),
            Some("linux/arm/v7")
        );
        assert_eq!(chosen("linux/amd64", &offers), None);
        assert_eq!(chosen("linux/amd64", &["linux/amd64/v3"]), None);
    }

    #[test]
    fn the_attestation_beside_an_image_is_not_mistaken_for_it() {
        let offers = ["unknown/unknown", "linux/arm64/v8", "linux/amd64"];
        assert_eq!(
            chosen("linux/amd64", &offers).as_deref(),
            Some("linux/amd64")
        );
        assert_eq!(
            chosen("linux/arm64/v8", &offers).as_deref(),
            Some("linux/arm64/v8")
        );
    }
}
