//! What a volume is made of, whether it is an object of its own or written into an attachment.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::core::v1::PersistentVolumeSpec;
use serde_json::{Map, Value};

use super::container_default::fill;
use super::volume_mounts::without_parents;
use super::{access_modes, affinity, check, csi, resources, volumes};

const RECLAIM_POLICIES: [&str; 3] = ["Delete", "Recycle", "Retain"];
/// The ways in which a pod can see a volume.
pub const MODES: [&str; 2] = ["Block", "Filesystem"];
/// The one resource that volumes have.
pub const STORAGE: &str = "storage";

/// The sources that a volume may have, in the order in which the first of them counts, each with
/// the fields that must be given.
const SOURCES: [(&str, &[&str]); 22] = [
    ("hostPath", &[]),
    ("gcePersistentDisk", &["pdName"]),
    ("awsElasticBlockStore", &["volumeID"]),
    ("glusterfs", &["endpoints", "path"]),
    ("flocker", &[]),
    ("nfs", &["server", "path"]),
    ("rbd", &["monitors", "image"]),
    ("quobyte", &["registry", "volume"]),
    ("cephfs", &["monitors"]),
    ("iscsi", &["targetPortal", "iqn"]),
    ("cinder", &["volumeID"]),
    ("fc", &[]),
    ("flexVolume", &["driver"]),
    ("azureFile", &["secretName", "shareName"]),
    ("vsphereVolume", &["volumePath"]),
    ("photonPersistentDisk", &["pdID"]),
    ("portworxVolume", &["volumeID"]),
    ("azureDisk", &["diskName", "diskURI"]),
    ("scaleIO", &["gateway", "system", "volumeName"]),
    ("local", &["path"]),
    ("storageos", &["volumeName"]),
    ("csi", &[]),
];

/// Fills in what a volume may leave out about what it is made of.
pub fn default_source(spec: &mut PersistentVolumeSpec) {
    if let Some(host) = &mut spec.host_path {
        host.type_.get_or_insert_default();
    }
    if let Some(target) = &mut spec.iscsi {
        fill(&mut target.iscsi_interface, "default");
    }
    if let Some(image) = &mut spec.rbd {
        fill(&mut image.pool, "rbd");
        fill(&mut image.user, "admin");
        fill(&mut image.keyring, "/etc/ceph/keyring");
    }
    if let Some(disk) = &mut spec.azure_disk {
        fill(&mut disk.caching_mode, "ReadWrite");
        fill(&mut disk.kind, "Shared");
        fill(&mut disk.fs_type, "ext4");
        disk.read_only.get_or_insert(false);
    }
    if let Some(volume) = &mut spec.scale_io {
        fill(&mut volume.storage_mode, "ThinProvisioned");
        fill(&mut volume.fs_type, "xfs");
    }
}

/// Checks the specification of a volume that is an object of its own.
pub fn validate(spec: &PersistentVolumeSpec, path: &FieldPath, errors: &mut FieldErrors) {
    modes(spec, path, errors);
    capacity(spec, &path.field("capacity"), errors);
    let policy = spec.persistent_volume_reclaim_policy.as_deref();
    let at = path.field("persistentVolumeReclaimPolicy");
    check::maybe_one_of(policy, &RECLAIM_POLICIES, &at, errors);
    if let Some(affinity) = &spec.node_affinity {
        let at = path.field("nodeAffinity").field("required");
        match &affinity.required {
            Some(required) => affinity::node_selector(required, &at, errors),
            None => errors.required(&at, "must specify required node constraints"),
        }
    }
    one_source(spec, path, errors);
    if spec.local.is_some() && spec.node_affinity.is_none() {
        let detail = "Local volume requires node affinity";
        errors.required(&path.field("nodeAffinity"), detail);
    }
    let root = spec.host_path.as_ref().filter(|host| is_root(&host.path));
    if root.is_some() && policy == Some("Recycle") {
        errors.forbidden(&at, "may not be 'recycle' for a hostPath mount of '/'");
    }
    if let Some(class) = spec
        .storage_class_name
        .as_deref()
        .filter(|class| !class.is_empty())
    {
        errors.named(&path.field("storageClassName"), class, name::dns_subdomain);
    }
    let at = path.field("volumeMode");
    check::maybe_one_of(spec.volume_mode.as_deref(), &MODES, &at, errors);
    attributes_class(spec, path, errors);
}

/// Checks the specification of a volume that is written into an attachment.
pub fn validate_inline(spec: &PersistentVolumeSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let detail = "may not be specified in the context of inline volumes";
    let has_capacity = spec
        .capacity
        .as_ref()
        .is_some_and(|amounts| !amounts.is_empty());
    if spec.claim_ref.is_some() {
        errors.forbidden(&path.field("claimRef"), detail);
    }
    if has_capacity {
        errors.forbidden(&path.field("capacity"), detail);
    }
    if spec.csi.is_none() {
        let detail = "has to be specified in the context of inline volumes";
        errors.required(&path.field("csi"), detail);
    }
    modes(spec, path, errors);
    let given = |text: &Option<String>, usual: &str| {
        let text = text.as_deref().unwrap_or("");
        !text.is_empty() && text != usual
    };
    if given(&spec.persistent_volume_reclaim_policy, "Retain") {
        let detail = "may only be Retain in the context of inline volumes";
        errors.forbidden(&path.field("persistentVolumeReclaimPolicy"), detail);
    }
    if spec.node_affinity.is_some() {
        errors.forbidden(&path.field("nodeAffinity"), detail);
    }
    one_source(spec, path, errors);
    if given(&spec.storage_class_name, "") {
        errors.forbidden(&path.field("storageClassName"), detail);
    }
    if given(&spec.volume_mode, "Filesystem") {
        let detail = "may not specify volumeMode other than Filesystem in the context of inline \
                      volumes";
        errors.forbidden(&path.field("volumeMode"), detail);
    }
}

/// What the volume is made of, by the names of the fields.
#[must_use]
pub fn sources(spec: &PersistentVolumeSpec) -> Map<String, Value> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(spec) else {
        return Map::new();
    };
    fields.retain(|name, _| SOURCES.iter().any(|(source, _)| source == name));
    fields
}

fn modes(spec: &PersistentVolumeSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let modes = spec.access_modes.as_deref().unwrap_or(&[]);
    let at = path.field("accessModes");
    if modes.is_empty() {
        errors.required(&at, "");
    }
    access_modes::validate(modes, &at, errors);
}

fn capacity(spec: &PersistentVolumeSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let none = resources::Amounts::new();
    let amounts = spec.capacity.as_ref().unwrap_or(&none);
    if amounts.is_empty() {
        errors.required(path, "");
    }
    if !amounts.contains_key(STORAGE) || amounts.len() > 1 {
        errors.not_supported(path, amounts, &[STORAGE]);
    }
    for (resource, amount) in amounts {
        resources::positive(amount, &path.key(resource), errors);
    }
}

fn one_source(spec: &PersistentVolumeSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let found = sources(spec);
    let mut is_given = false;
    for (source, fields) in SOURCES {
        let Some(value) = found.get(source) else {
            continue;
        };
        let at = path.field(source);
        if is_given {
            errors.forbidden(&at, "may not specify more than 1 volume type");
            continue;
        }
        is_given = true;
        for field in fields {
            let is_empty = match value.get(field) {
                None | Some(Value::Null) => true,
                Some(Value::String(text)) => text.is_empty(),
                Some(Value::Array(items)) => items.is_empty(),
                Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => false,
            };
            if is_empty {
                errors.required(&at.field(field), "");
            }
        }
        one(source, spec, &at, errors);
    }
    if !is_given {
        errors.required(path, "must specify a volume type");
    }
}

/// What else must hold for the sources that have more to say.
fn one(source: &str, spec: &PersistentVolumeSpec, path: &FieldPath, errors: &mut FieldErrors) {
    match source {
        "hostPath" => {
            if let Some(host) = &spec.host_path {
                volumes::host_path(host, path, errors);
            }
        }
        "nfs" => {
            let place = spec.nfs.as_ref().map_or("", |nfs| nfs.path.as_str());
            if !place.is_empty() && !place.starts_with('/') {
                errors.invalid(&path.field("path"), place, "must be an absolute path");
            }
        }
        "local" => {
            let place = spec.local.as_ref().map_or("", |local| local.path.as_str());
            without_parents(place, &path.field("path"), errors);
        }
        "csi" => {
            if let Some(volume) = &spec.csi {
                csi::volume(volume, path, errors);
            }
        }
        _ => {}
    }
}

fn attributes_class(spec: &PersistentVolumeSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let Some(class) = &spec.volume_attributes_class_name else {
        return;
    };
    let at = path.field("volumeAttributesClassName");
    if class.is_empty() {
        errors.required(&at, "an empty string is disallowed");
    } else {
        errors.named(&at, class, name::dns_subdomain);
    }
    if spec.csi.is_none() {
        let detail = "has to be specified when using volumeAttributesClassName";
        errors.required(&path.field("csi"), detail);
    }
}

fn is_root(path: &str) -> bool {
    path.starts_with('/') && path.split('/').all(|part| matches!(part, "" | "."))
}
