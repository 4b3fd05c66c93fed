//! What a new volume begins with: said in an older and in a newer field, which are kept equal.

use k8s_openapi::api::core::v1::{
    PersistentVolumeClaimSpec, TypedLocalObjectReference, TypedObjectReference,
};

/// Fills in the field that a client does not know from the one that it does.
pub(super) fn prepare(
    new: &mut PersistentVolumeClaimSpec,
    old: Option<&PersistentVolumeClaimSpec>,
) {
    let was_referred = old.is_some_and(|old| old.data_source_ref.is_some());
    let had_data = was_referred || old.is_some_and(|old| old.data_source.is_some());
    // Nothing here reads the objects of another namespace.
    if is_elsewhere(new.data_source_ref.as_ref()) && !was_referred {
        new.data_source_ref = None;
    }
    // In the older field anything unknown was always ignored, and clients rely on that.
    if !had_data && new.data_source_ref.is_none() && !is_usual(new.data_source.as_ref()) {
        new.data_source = None;
    }
    match (&new.data_source, &new.data_source_ref) {
        (Some(source), None) => {
            new.data_source_ref = Some(TypedObjectReference {
                api_group: source.api_group.clone(),
                kind: source.kind.clone(),
                name: source.name.clone(),
                namespace: None,
            });
        }
        (None, Some(reference)) if !is_elsewhere(Some(reference)) => {
            new.data_source = Some(TypedLocalObjectReference {
                api_group: reference.api_group.clone(),
                kind: reference.kind.clone(),
                name: reference.name.clone(),
            });
        }
        (Some(_), Some(_)) | (None, _) => {}
    }
}

fn is_elsewhere(reference: Option<&TypedObjectReference>) -> bool {
    let namespace = reference.and_then(|reference| reference.namespace.as_deref());
    namespace.is_some_and(|namespace| !namespace.is_empty())
}

/// Whether it is what the older field was made for: another claim, or a snapshot.
fn is_usual(source: Option<&TypedLocalObjectReference>) -> bool {
    source.is_some_and(|source| {
        let group = source.api_group.as_deref().unwrap_or("");
        matches!(
            (group, source.kind.as_str()),
            ("", "PersistentVolumeClaim") | ("snapshot.storage.k8s.io", "VolumeSnapshot")
        )
    })
}
