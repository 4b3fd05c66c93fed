//! What a volume has when its author left it out.

use k8s_openapi::api::core::v1::{DownwardAPIVolumeFile, Volume, VolumeProjection};
use serde_json::Value;

use super::{claim, env, resources};

/// Readable by all, writable by the owner.
const MODE: i32 = 0o644;
/// How long a projected token lives, in seconds.
const TOKEN_SECONDS: i64 = 3600;

/// Fills in what a volume may leave out; one without a source is an empty directory.
pub fn default(volume: &mut Volume) {
    if sources(volume).is_empty() {
        volume.empty_dir = Some(k8s_openapi::api::core::v1::EmptyDirVolumeSource::default());
    }
    if let Some(directory) = &mut volume.empty_dir {
        directory
            .size_limit
            .iter_mut()
            .for_each(resources::canonical);
    }
    if let Some(secret) = &mut volume.secret {
        secret.default_mode.get_or_insert(MODE);
    }
    if let Some(map) = &mut volume.config_map {
        map.default_mode.get_or_insert(MODE);
    }
    if let Some(host) = &mut volume.host_path {
        host.type_.get_or_insert_default();
    }
    if let Some(downward) = &mut volume.downward_api {
        downward.default_mode.get_or_insert(MODE);
        downward.items.iter_mut().flatten().for_each(default_file);
    }
    let templates = volume.ephemeral.iter_mut();
    for template in templates.flat_map(|ephemeral| &mut ephemeral.volume_claim_template) {
        claim::default(&mut template.spec);
    }
    if let Some(projected) = &mut volume.projected {
        projected.default_mode.get_or_insert(MODE);
        projected
            .sources
            .iter_mut()
            .flatten()
            .for_each(default_projection);
    }
}

fn default_projection(source: &mut VolumeProjection) {
    if let Some(token) = &mut source.service_account_token {
        token.expiration_seconds.get_or_insert(TOKEN_SECONDS);
    }
    if let Some(downward) = &mut source.downward_api {
        downward.items.iter_mut().flatten().for_each(default_file);
    }
}

fn default_file(file: &mut DownwardAPIVolumeFile) {
    file.field_ref.iter_mut().for_each(env::default_field);
    file.resource_field_ref
        .iter_mut()
        .for_each(env::default_resource);
}

/// The names of the sources that a volume has; there should be one.
#[must_use]
pub fn sources(volume: &Volume) -> Vec<String> {
    match serde_json::to_value(volume) {
        Ok(Value::Object(fields)) => fields
            .into_iter()
            .map(|(name, _)| name)
            .filter(|name| name != "name")
            .collect(),
        Ok(_) | Err(_) => Vec::new(),
    }
}
