//! Volumes and claims are held while they are in use. The controllers that watch over their use
//! let them go.

use serde_json::Value;

use gantry_api::{Object, Rejection};

use crate::admission::{Admission, is_on};
use crate::call::Call;

/// What holds which kind.
const HOLDS: [(&str, &str); 2] = [
    ("persistentvolumeclaims", "kubernetes.io/pvc-protection"),
    ("persistentvolumes", "kubernetes.io/pv-protection"),
];

pub(super) struct StorageProtection;

impl Admission for StorageProtection {
    fn mutate(
        &self,
        call: &mut Call<'_>,
        object: &mut Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        let hold = HOLDS.iter().find(|(plural, _)| is_on(call, "", plural));
        let Some((_, finalizer)) = hold.filter(|_| old.is_none()) else {
            return Ok(());
        };
        let mut finalizers = object.finalizers();
        if !finalizers.contains(finalizer) {
            finalizers.push(finalizer);
            let finalizers = Value::from(finalizers);
            object.set(&["metadata", "finalizers"], finalizers);
        }
        Ok(())
    }
}
