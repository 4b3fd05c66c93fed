//! The image configuration: what a container made from the image runs by default.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::ManifestError;
use crate::digest::Digest;

/// What a container made from an image does unless it is told otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ImageConfig {
    /// The program and its first arguments.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// Further arguments, or the whole command where there is no entrypoint.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub cmd: Vec<String>,
    /// The environment, each as `NAME=value`.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// User and perhaps group, by name or number, as `user[:group]`; empty for root.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub user: String,
    /// The directory to start in; empty for the root.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub working_dir: String,
    /// The signal that asks the program to end, if not TERM.
    pub stop_signal: Option<String>,
    /// The ports that the program listens on, as `80/tcp`.
    #[serde(with = "as_keys", skip_serializing_if = "Vec::is_empty")]
    pub exposed_ports: Vec<String>,
    /// Directories meant to hold data of their own.
    #[serde(with = "as_keys", skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<String>,
    /// Labels given by the maker.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub labels: BTreeMap<String, String>,
}

/// The whole configuration document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigFile {
    /// When the image was made, in the form that its maker chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// The processor that the programs are for.
    #[serde(default)]
    pub architecture: String,
    /// The operating system that the programs are for.
    #[serde(default)]
    pub os: String,
    /// What to run.
    #[serde(default, deserialize_with = "or_default")]
    pub config: ImageConfig,
    /// The layers.
    pub rootfs: Layering,
}

/// The layers of an image by the digests of their unpacked archives, lowest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layering {
    /// Always `layers`.
    #[serde(rename = "type", default = "layers")]
    pub kind: String,
    /// The digests.
    #[serde(deserialize_with = "or_default")]
    pub diff_ids: Vec<Digest>,
}

impl Default for Layering {
    fn default() -> Self {
        Self {
            kind: layers(),
            diff_ids: Vec::new(),
        }
    }
}

/// Reads the configuration of an image that has this many layers.
pub(crate) fn parse_config(bytes: &[u8], layers: usize) -> Result<ConfigFile, ManifestError> {
    let json = |source| ManifestError::Json {
        what: "image configuration",
        source,
    };
    let config: ConfigFile = serde_json::from_slice(bytes).map_err(json)?;
    let diffs = config.rootfs.diff_ids.len();
    if diffs != layers {
        return Err(ManifestError::Mismatch { layers, diffs });
    }
    if !matches!(config.os.as_str(), "" | "linux") {
        return Err(ManifestError::OperatingSystem { os: config.os });
    }
    Ok(config)
}

fn layers() -> String {
    "layers".to_owned()
}

/// Build tools write `null` where they mean nothing.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    input: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(input)?.unwrap_or_default())
}

/// Sets are written as maps with empty values.
mod as_keys {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(keys: &[String], output: S) -> Result<S::Ok, S::Error> {
        output.collect_map(
            keys.iter()
                .map(|key| (key, BTreeMap::<String, String>::new())),
        )
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        input: D,
    ) -> Result<Vec<String>, D::Error> {
        let map = Option::<BTreeMap<String, serde::de::IgnoredAny>>::deserialize(input)?;
        Ok(map.unwrap_or_default().into_keys().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_and_sets_are_read_as_build_tools_write_them() {
        let text = br#"{"os":"linux","config":{"Cmd":null,"Env":["A=b"],"User":null,
            "ExposedPorts":{"80/tcp":{},"443/tcp":{}},"Labels":null,"Entrypoint":["/x"]},
            "rootfs":{"type":"layers","diff_ids":null}}"#;
        let config = parse_config(text, 0).unwrap().config;
        assert_eq!(config.entrypoint, ["/x"]);
        assert_eq!(config.exposed_ports, ["443/tcp", "80/tcp"]);
        assert_eq!((config.cmd.len(), config.user.as_str()), (0, ""));
        let written = serde_json::to_string(&config).unwrap();
        assert_eq!(
            serde_json::from_str::<ImageConfig>(&written).unwrap(),
            config
        );
    }

    #[test]
    fn a_configuration_must_fit_its_manifest_and_this_system() {
        let text = br#"{"os":"linux","rootfs":{"diff_ids":[]}}"#;
        assert!(matches!(
            parse_config(text, 2),
            Err(ManifestError::Mismatch { .. })
        ));
        let text = br#"{"os":"windows","rootfs":{"diff_ids":[]}}"#;
        assert!(matches!(
            parse_config(text, 0),
            Err(ManifestError::OperatingSystem { .. })
        ));
    }
}
