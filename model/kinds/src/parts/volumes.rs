//! What must hold for the volumes of a pod.
//!
//! Kinds of volumes that a node cannot mount are accepted here; the node refuses the pod.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, Quantity, name};
use k8s_openapi::api::core::v1::{
    DownwardAPIVolumeFile, EmptyDirVolumeSource, HostPathVolumeSource, KeyToPath,
    ProjectedVolumeSource, ServiceAccountTokenProjection, Volume,
};

use super::volume_mounts::{relative, without_parents};
use super::{check, claim, env, volume_default};

const MODE_MAX: i32 = 0o777;
const MODE_DETAIL: &str = "must be a number between 0 and 0777 (octal), both inclusive";
const HOST_PATH_TYPES: [&str; 8] = [
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
];
const FILE_FIELDS: [&str; 5] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
];

/// Checks the volumes of a pod.
pub fn validate(volumes: &[Volume], path: &FieldPath, errors: &mut FieldErrors) {
    let mut names = BTreeSet::new();
    for (index, volume) in volumes.iter().enumerate() {
        let path = path.index(index);
        if volume.name.is_empty() {
            errors.required(&path.field("name"), "");
        } else {
            errors.named(&path.field("name"), &volume.name, name::dns_label);
            if !names.insert(&volume.name) {
                errors.duplicate(&path.field("name"), &volume.name);
            }
        }
        one_source(volume, &path, errors);
        source(volume, &path, errors);
    }
}

fn one_source(volume: &Volume, path: &FieldPath, errors: &mut FieldErrors) {
    let sources = volume_default::sources(volume);
    if sources.is_empty() {
        errors.required(path, "must specify a volume type");
    }
    for extra in sources.iter().skip(1) {
        errors.forbidden(
            &path.field(extra),
            "may not specify more than 1 volume type",
        );
    }
}

fn source(volume: &Volume, path: &FieldPath, errors: &mut FieldErrors) {
    if let Some(directory) = &volume.empty_dir {
        empty_dir(directory, &path.field("emptyDir"), errors);
    }
    if let Some(host) = &volume.host_path {
        host_path(host, &path.field("hostPath"), errors);
    }
    if let Some(secret) = &volume.secret {
        let path = path.field("secret");
        check::given(
            secret.secret_name.as_deref(),
            &path.field("secretName"),
            errors,
        );
        mode(secret.default_mode, &path.field("defaultMode"), errors);
        items(secret.items.as_deref(), &path, errors);
    }
    if let Some(map) = &volume.config_map {
        let path = path.field("configMap");
        check::given(Some(&map.name), &path.field("name"), errors);
        mode(map.default_mode, &path.field("defaultMode"), errors);
        items(map.items.as_deref(), &path, errors);
    }
    if let Some(downward) = &volume.downward_api {
        let path = path.field("downwardAPI");
        mode(downward.default_mode, &path.field("defaultMode"), errors);
        files(downward.items.as_deref(), &path, errors);
    }
    if let Some(projection) = &volume.projected {
        projected(projection, &path.field("projected"), errors);
    }
    if let Some(ephemeral) = &volume.ephemeral {
        let path = path.field("ephemeral").field("volumeClaimTemplate");
        match &ephemeral.volume_claim_template {
            Some(template) => claim::validate(&template.spec, &path.field("spec"), errors),
            None => errors.required(&path, ""),
        }
    }
    if let Some(claim) = &volume.persistent_volume_claim {
        let at = path.field("persistentVolumeClaim").field("claimName");
        check::given(Some(&claim.claim_name), &at, errors);
    }
}

fn empty_dir(directory: &EmptyDirVolumeSource, path: &FieldPath, errors: &mut FieldErrors) {
    let Some(limit) = &directory.size_limit else {
        return;
    };
    let at = path.field("sizeLimit");
    match limit.0.parse::<Quantity>() {
        Ok(amount) if amount.is_negative() => {
            errors.forbidden(&at, "SizeLimit field must be a valid resource quantity");
        }
        Ok(_) => {}
        Err(error) => errors.invalid(&at, &limit.0, error.to_string()),
    }
}

/// Checks a place in the file system of a node.
pub fn host_path(host: &HostPathVolumeSource, path: &FieldPath, errors: &mut FieldErrors) {
    if host.path.is_empty() {
        errors.required(&path.field("path"), "");
    } else {
        without_parents(&host.path, &path.field("path"), errors);
    }
    let kind = host.type_.as_deref().unwrap_or("");
    if !HOST_PATH_TYPES.contains(&kind) {
        errors.not_supported(&path.field("type"), kind, &HOST_PATH_TYPES[1..]);
    }
}

fn mode(mode: Option<i32>, path: &FieldPath, errors: &mut FieldErrors) {
    if let Some(mode) = mode.filter(|mode| !(0..=MODE_MAX).contains(mode)) {
        errors.invalid(path, mode, MODE_DETAIL);
    }
}

fn items(items: Option<&[KeyToPath]>, path: &FieldPath, errors: &mut FieldErrors) {
    for (index, item) in items.unwrap_or(&[]).iter().enumerate() {
        let path = path.field("items").index(index);
        check::given(Some(&item.key), &path.field("key"), errors);
        check::given(Some(&item.path), &path.field("path"), errors);
        inside(&item.path, &path.field("path"), errors);
        mode(item.mode, &path.field("mode"), errors);
    }
}

/// The path of a file within a volume.
fn inside(file: &str, path: &FieldPath, errors: &mut FieldErrors) {
    relative(file, path, errors);
    if file.starts_with("..") && !file.starts_with("../") && file != ".." {
        errors.invalid(path, file, "must not start with '..'");
    }
}

fn files(files: Option<&[DownwardAPIVolumeFile]>, path: &FieldPath, errors: &mut FieldErrors) {
    for (index, file) in files.unwrap_or(&[]).iter().enumerate() {
        let path = path.field("items").index(index);
        check::given(Some(&file.path), &path.field("path"), errors);
        inside(&file.path, &path.field("path"), errors);
        mode(file.mode, &path.field("mode"), errors);
        match (&file.field_ref, &file.resource_field_ref) {
            (Some(field), None) => {
                env::field_ref(field, &FILE_FIELDS, &path.field("fieldRef"), errors);
            }
            (None, Some(resource)) => {
                let path = path.field("resourceFieldRef");
                check::given(
                    resource.container_name.as_deref(),
                    &path.field("containerName"),
                    errors,
                );
                env::resource_ref(resource, &path, errors);
            }
            (Some(_), Some(_)) => errors.invalid(
                &path,
                "resource",
                "fieldRef and resourceFieldRef can not be specified simultaneously",
            ),
            (None, None) => {
                errors.required(&path, "one of fieldRef and resourceFieldRef is required");
            }
        }
    }
}

fn projected(from: &ProjectedVolumeSource, path: &FieldPath, errors: &mut FieldErrors) {
    mode(from.default_mode, &path.field("defaultMode"), errors);
    for (index, source) in from.sources.iter().flatten().enumerate() {
        let path = path.field("sources").index(index);
        if let Some(secret) = &source.secret {
            let path = path.field("secret");
            check::given(Some(&secret.name), &path.field("name"), errors);
            items(secret.items.as_deref(), &path, errors);
        }
        if let Some(map) = &source.config_map {
            let path = path.field("configMap");
            check::given(Some(&map.name), &path.field("name"), errors);
            items(map.items.as_deref(), &path, errors);
        }
        if let Some(downward) = &source.downward_api {
            files(
                downward.items.as_deref(),
                &path.field("downwardAPI"),
                errors,
            );
        }
        if let Some(projection) = &source.service_account_token {
            token(projection, &path.field("serviceAccountToken"), errors);
        }
    }
}

fn token(token: &ServiceAccountTokenProjection, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("expirationSeconds");
    let seconds = token.expiration_seconds.unwrap_or(i64::MAX);
    if seconds < 10 * 60 {
        errors.invalid(
            &at,
            seconds,
            "may not specify a duration less than 10 minutes",
        );
    }
    check::given(Some(&token.path), &path.field("path"), errors);
    inside(&token.path, &path.field("path"), errors);
}
