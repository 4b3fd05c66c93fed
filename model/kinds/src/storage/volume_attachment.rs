//! `VolumeAttachment`: that a volume is to be attached to a node, and whether it is.

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::storage::v1::{
    VolumeAttachment, VolumeAttachmentSource, VolumeAttachmentStatus, VolumeError,
};

use serde_json::Value;

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::{check, csi, meta, persistent_volume};
use crate::rules::Rules;
use crate::subresource::Subresource;

/// All that a driver notes about an attached volume may be this long.
const NOTES_MAX: usize = 256 * 1024;
const MESSAGE_MAX: usize = 1024;

/// That a volume is to be attached to a node.
#[derive(Debug)]
pub struct VolumeAttachments;

impl Kind for VolumeAttachments {
    type Object = VolumeAttachment;

    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Status];
    const COLUMNS: &'static [Column<VolumeAttachment>] = &[
        Column::NAME,
        Column::text("Attacher", "Who attaches it.", |attachment, _| {
            attacher(attachment)
        })
        .naming(),
        Column::text("PV", "The volume.", |attachment, _| {
            let source = &attachment.spec.source;
            source
                .persistent_volume_name
                .as_deref()
                .unwrap_or("")
                .into()
        }),
        Column::text("Node", "The node.", |attachment, _| {
            attachment.spec.node_name.as_str().into()
        }),
        Column::boolean("Attached", "Whether it is attached.", |attachment, _| {
            let status = attachment.status.as_ref();
            status.is_some_and(|status| status.attached).into()
        }),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().conditional().with_status();

    fn default(attachment: &mut VolumeAttachment) {
        attachment.status.get_or_insert_default();
        if let Some(volume) = &mut attachment.spec.source.inline_volume_spec {
            persistent_volume::default_source(volume);
        }
    }

    /// A status comes without metadata.
    fn prepare_status(attachment: &mut Object, old: &Object) {
        meta::keep_own(attachment, old);
    }

    fn validate(
        attachment: &VolumeAttachment,
        old: Option<&VolumeAttachment>,
        errors: &mut FieldErrors,
    ) {
        let path = FieldPath::new("spec");
        let spec = &attachment.spec;
        csi::driver_name(&spec.attacher, &path.field("attacher"), errors);
        validate_source(&spec.source, &path.field("source"), errors);
        errors.named(
            &path.field("nodeName"),
            &spec.node_name,
            name::dns_subdomain,
        );
        if let Some(old) = old {
            errors.require_same(&path, spec, &old.spec);
        }
    }

    fn validate_status(
        attachment: &VolumeAttachment,
        _old: &VolumeAttachment,
        errors: &mut FieldErrors,
    ) {
        if let Some(status) = &attachment.status {
            validate_status(status, &"status".into(), errors);
        }
    }
}

fn attacher(attachment: &VolumeAttachment) -> Value {
    attachment.spec.attacher.as_str().into()
}

fn validate_source(from: &VolumeAttachmentSource, path: &FieldPath, errors: &mut FieldErrors) {
    let detail = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
    match (&from.inline_volume_spec, &from.persistent_volume_name) {
        (None, None) => errors.required(path, detail),
        (Some(_), Some(_)) => errors.forbidden(path, detail),
        (None, Some(volume)) => {
            let at = path.field("persistentVolumeName");
            if volume.is_empty() {
                errors.required(&at, "must specify non empty persistentVolumeName");
            }
            errors.named(&at, volume, name::dns_subdomain);
        }
        (Some(spec), None) => {
            persistent_volume::validate_inline(spec, &path.field("inlineVolumeSpec"), errors);
        }
    }
}

fn validate_status(status: &VolumeAttachmentStatus, path: &FieldPath, errors: &mut FieldErrors) {
    let notes = status.attachment_metadata.iter().flatten();
    let size: usize = notes.map(|(key, value)| key.len() + value.len()).sum();
    if size > NOTES_MAX {
        errors.too_long(&path.field("attachmentMetadata"), NOTES_MAX);
    }
    let failures = [
        ("attachError", &status.attach_error),
        ("detachError", &status.detach_error),
    ];
    for (field, failure) in failures {
        if let Some(failure) = failure {
            validate_failure(failure, &path.field(field), errors);
        }
    }
}

fn validate_failure(failure: &VolumeError, path: &FieldPath, errors: &mut FieldErrors) {
    let message = failure.message.as_deref().unwrap_or("");
    if message.len() > MESSAGE_MAX {
        errors.too_long(&path.field("message"), NOTES_MAX);
    }
    if let Some(code) = failure.error_code {
        let at = path.field("errorCode");
        check::between(code.into(), 0, i32::MAX.into(), &at, errors);
    }
}
