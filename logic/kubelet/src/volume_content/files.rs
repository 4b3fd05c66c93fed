//! The files of ConfigMaps, Secrets and facts about the pod.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{
    ConfigMap, ConfigMapProjection, ConfigMapVolumeSource, DownwardAPIVolumeFile, KeyToPath, Pod,
    Secret, SecretProjection, SecretVolumeSource,
};

use gantry_api::views::Meta;
use gantry_base::hash::Fnv;
use gantry_reconcile::View;

use super::{ContentError, File, Files};
use crate::container::{ConfigError, Surroundings, fields};
use crate::references::{Kind, of_volumes};

/// The permissions of files when nobody says otherwise.
pub(super) const DEFAULT_MODE: i32 = 0o644;

/// A ConfigMap or Secret as a volume refers to it.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    name: &'a str,
    items: &'a [KeyToPath],
    optional: bool,
    mode: Option<i32>,
}

macro_rules! wanted {
    ($source:ty, $name:expr, $items:ident, $mode:expr) => {
        impl<'a> From<&'a $source> for Wanted<'a> {
            fn from(source: &'a $source) -> Self {
                Self {
                    name: $name(source),
                    items: source.$items.as_deref().unwrap_or(&[]),
                    optional: source.optional == Some(true),
                    mode: $mode(source),
                }
            }
        }
    };
}

wanted!(
    ConfigMapVolumeSource,
    |s: &'a ConfigMapVolumeSource| s.name.as_str(),
    items,
    |s: &ConfigMapVolumeSource| s.default_mode
);
wanted!(
    ConfigMapProjection,
    |s: &'a ConfigMapProjection| s.name.as_str(),
    items,
    |_: &ConfigMapProjection| None
);
wanted!(
    SecretProjection,
    |s: &'a SecretProjection| s.name.as_str(),
    items,
    |_: &SecretProjection| None
);
wanted!(
    SecretVolumeSource,
    |s: &'a SecretVolumeSource| s.secret_name.as_deref().unwrap_or(""),
    items,
    |s: &SecretVolumeSource| s.default_mode
);

impl Wanted<'_> {
    /// The same, with the permissions of the volume that it is a part of.
    pub(super) fn within(self, mode: Option<i32>) -> Self {
        Self { mode, ..self }
    }

    fn missing<T>(&self, kind: &'static str) -> Result<T, ContentError> {
        let name = self.name.to_owned();
        Err(ConfigError::Missing { kind, name }.into())
    }
}

pub(super) fn of_config_map(
    on: &Surroundings<'_>,
    wanted: &Wanted<'_>,
    files: &mut Files,
) -> Result<(), ContentError> {
    let found: Option<Arc<ConfigMap>> = on.view.get(on.pod.namespace(), wanted.name);
    let Some(found) = found else {
        return if wanted.optional {
            Ok(())
        } else {
            wanted.missing("configmap")
        };
    };
    let text = found.data.iter().flatten();
    let text = text.map(|(key, value)| (key.as_str(), value.as_bytes()));
    let binary = found.binary_data.iter().flatten();
    let binary = binary.map(|(key, value)| (key.as_str(), value.0.as_slice()));
    add(wanted, text.chain(binary).collect(), files)
}

pub(super) fn of_secret(
    on: &Surroundings<'_>,
    wanted: &Wanted<'_>,
    files: &mut Files,
) -> Result<(), ContentError> {
    let found: Option<Arc<Secret>> = on.view.get(on.pod.namespace(), wanted.name);
    let Some(found) = found else {
        return if wanted.optional {
            Ok(())
        } else {
            wanted.missing("secret")
        };
    };
    let data = found.data.iter().flatten();
    let data = data.map(|(key, value)| (key.as_str(), value.0.as_slice()));
    add(wanted, data.collect(), files)
}

/// All keys as files, or only those that are listed, at the paths that they are given.
fn add(
    wanted: &Wanted<'_>,
    data: BTreeMap<&str, &[u8]>,
    files: &mut Files,
) -> Result<(), ContentError> {
    if wanted.items.is_empty() {
        for (key, bytes) in data {
            put(files, key, bytes.to_vec(), wanted.mode)?;
        }
        return Ok(());
    }
    for item in wanted.items {
        match data.get(item.key.as_str()) {
            Some(bytes) => put(files, &item.path, bytes.to_vec(), item.mode.or(wanted.mode))?,
            None if wanted.optional => {}
            None => return Err(ContentError::MissingKey(item.key.clone())),
        }
    }
    Ok(())
}

pub(super) fn of_downward_api(
    on: &Surroundings<'_>,
    items: &[DownwardAPIVolumeFile],
    mode: Option<i32>,
    files: &mut Files,
) -> Result<(), ContentError> {
    for item in items {
        let text = match (&item.field_ref, &item.resource_field_ref) {
            (Some(field), _) => fields::of_pod(on, &field.field_path)?,
            (None, Some(resource)) => {
                let first = on
                    .pod
                    .spec
                    .as_ref()
                    .and_then(|spec| spec.containers.first());
                let unsupported = || ConfigError::Resource(resource.resource.clone());
                fields::of_resources(on, first.ok_or_else(unsupported)?, resource)?
            }
            (None, None) => String::new(),
        };
        put(files, &item.path, text.into_bytes(), item.mode.or(mode))?;
    }
    Ok(())
}

pub(super) fn put(
    files: &mut Files,
    path: &str,
    bytes: Vec<u8>,
    mode: Option<i32>,
) -> Result<(), ContentError> {
    let climbs = path.split('/').any(|part| part == "..");
    if path.is_empty() || path.starts_with('/') || climbs {
        return Err(ContentError::Path(path.to_owned()));
    }
    let mode = u32::try_from(mode.unwrap_or(DEFAULT_MODE)).unwrap_or(0o644);
    let user = None;
    files
        .files
        .insert(path.to_owned(), File { bytes, mode, user });
    Ok(())
}

/// A number that changes when the content of the pod's volumes may have changed: it is made of the
/// revisions of all that they refer to.
#[must_use]
pub fn fingerprint(pod: &Pod, view: &View) -> u64 {
    let mut hash = Fnv::default();
    let namespace = pod.namespace();
    let mut references = BTreeSet::new();
    if let Some(spec) = &pod.spec {
        of_volumes(spec, &mut references);
    }
    for (kind, name) in references {
        let revision = match kind {
            Kind::ConfigMap => view
                .get::<ConfigMap>(namespace, name)
                .map(|found| found.resource_version().to_owned()),
            Kind::Secret => view
                .get::<Secret>(namespace, name)
                .map(|found| found.resource_version().to_owned()),
        };
        hash = hash
            .with(name.as_bytes())
            .with(revision.unwrap_or_default().as_bytes());
    }
    let notes = pod.labels().iter().chain(pod.annotations());
    for (key, value) in notes {
        hash = hash.with(key.as_bytes()).with(value.as_bytes());
    }
    hash.value()
}
