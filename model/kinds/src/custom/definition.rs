//! What is read of a definition: as much as serving its kinds takes.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceConversion;
use serde::Deserialize;
use serde_json::Value;

use super::converter::Converter;

#[derive(Debug, Deserialize)]
pub(super) struct Definition {
    pub(super) metadata: Metadata,
    pub(super) spec: Spec,
    #[serde(default)]
    pub(super) status: Status,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) deletion_timestamp: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Spec {
    pub(super) group: String,
    pub(super) scope: String,
    pub(super) versions: Vec<Version>,
    conversion: Option<CustomResourceConversion>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Status {
    pub(super) accepted_names: Names,
    conditions: Vec<Condition>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Names {
    pub(super) plural: String,
    pub(super) singular: String,
    pub(super) short_names: Vec<String>,
    pub(super) kind: String,
    pub(super) list_kind: String,
    pub(super) categories: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    about: String,
    status: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Version {
    pub(super) name: String,
    pub(super) served: bool,
    pub(super) storage: bool,
    #[serde(default)]
    deprecated: bool,
    deprecation_warning: Option<String>,
    #[serde(default)]
    schema: Value,
    #[serde(default)]
    pub(super) subresources: Subresources,
    #[serde(default)]
    pub(super) additional_printer_columns: Vec<Column>,
    #[serde(default)]
    pub(super) selectable_fields: Vec<SelectableField>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Subresources {
    pub(super) status: Option<Value>,
    pub(super) scale: Option<ScaleSubresource>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScaleSubresource {
    pub(super) spec_replicas_path: String,
    pub(super) status_replicas_path: String,
    pub(super) label_selector_path: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Column {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) data_type: String,
    #[serde(default)]
    pub(super) format: String,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) priority: i32,
    pub(super) json_path: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SelectableField {
    pub(super) json_path: String,
}

impl Definition {
    /// Whether its kinds may be used.
    pub(super) fn is_established(&self) -> bool {
        let is_it = |own: &Condition| own.about == "Established" && own.status == "True";
        self.status.conditions.iter().any(is_it)
    }

    /// Who converts objects between versions, if a webhook does.
    pub(super) fn converter(&self) -> Option<Converter> {
        self.spec.conversion.as_ref().and_then(Converter::of)
    }

    /// The version in which objects are stored.
    pub(super) fn stored_version(&self) -> &str {
        let stored = self.spec.versions.iter().find(|version| version.storage);
        stored.map_or("", |version| version.name.as_str())
    }

    /// What whoever still uses a deprecated version is told.
    pub(super) fn remark(&self, version: &Version) -> Option<String> {
        if !version.deprecated {
            return None;
        }
        if let Some(own) = &version.deprecation_warning {
            return Some(own.clone());
        }
        let (group, kind) = (&self.spec.group, &self.status.accepted_names.kind);
        let versions = self.spec.versions.iter();
        let better = versions
            .filter(|other| other.served && !other.deprecated)
            .map(|other| other.name.as_str())
            .filter(|other| rank(other) < rank(&version.name))
            .min_by_key(|other| rank(other));
        let instead = better.map(|other| format!("; use {group}/{other} {kind}"));
        let old = format!("{group}/{} {kind} is deprecated", version.name);
        Some(old + &instead.unwrap_or_default())
    }
}

/// Orders versions: the one that clients should prefer comes first.
fn rank(version: &str) -> (u8, std::cmp::Reverse<u32>, std::cmp::Reverse<u32>, &str) {
    let number = |text: &str| text.parse::<u32>().ok();
    let rest = version.strip_prefix('v').unwrap_or("");
    let digits = rest.find(|letter: char| !letter.is_ascii_digit());
    let (major, rest) = rest.split_at(digits.unwrap_or(rest.len()));
    let stage = match rest {
        "" => Some((0, 0)),
        rest => {
            let beta = rest.strip_prefix("beta").and_then(number);
            let alpha = rest.strip_prefix("alpha").and_then(number);
            beta.map(|minor| (1, minor))
                .or(alpha.map(|minor| (2, minor)))
        }
    };
    let reverse = std::cmp::Reverse::<u32>;
    match (number(major), stage) {
        (Some(major), Some((stage, minor))) => (stage, reverse(major), reverse(minor), ""),
        _ => (3, reverse(0), reverse(0), version),
    }
}

impl Version {
    /// Its schema, as it was written.
    pub(super) fn schema(&self) -> &Value {
        &self.schema["openAPIV3Schema"]
    }
}
