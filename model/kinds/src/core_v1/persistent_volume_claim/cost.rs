//! What a claim takes from the quotas of its namespace, beside being one: storage, and both under
//! the name of its class.

use std::collections::BTreeMap;

use gantry_api::views::{Meta, amounts};
use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use crate::cost::Cost;
use crate::parts::claim::CLASS_ANNOTATION;
use crate::parts::persistent_volume::STORAGE;

const ASKED: &str = "requests.storage";
/// What follows the name of a class in the names of its resources.
const OF_CLASS: &str = ".storageclass.storage.k8s.io/";
const CLAIMS: &str = "persistentvolumeclaims";

/// Whether claims take of `resource`.
pub(super) fn takes(resource: &str) -> bool {
    let of_class = resource.split_once(OF_CLASS).map(|(_, rest)| rest);
    resource == ASKED || of_class.is_some_and(|rest| [ASKED, CLAIMS].contains(&rest))
}

/// What the claim takes.
pub(super) fn of(claim: &PersistentVolumeClaim) -> Cost {
    let spec = claim.spec.as_ref();
    let resources = spec.and_then(|spec| spec.resources.as_ref());
    let requests = amounts::read(resources.and_then(|resources| resources.requests.as_ref()));
    let size = requests.get(STORAGE).copied().unwrap_or_default();
    let attributes = spec.and_then(|spec| spec.volume_attributes_class_name.clone());
    let attributes = attributes.filter(|class| !class.is_empty());
    let mut cost = Cost::default().and(ASKED, size);
    cost.scopes = BTreeMap::from([("VolumeAttributesClass", attributes)]);
    let annotated = claim.annotations().get(CLASS_ANNOTATION);
    let class = annotated.or(spec.and_then(|spec| spec.storage_class_name.as_ref()));
    match class.filter(|class| !class.is_empty()) {
        None => cost,
        Some(class) => cost.and(format!("{class}{OF_CLASS}{ASKED}"), size).and(
            format!("{class}{OF_CLASS}{CLAIMS}"),
            gantry_base::Quantity::units(1),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_claim_takes_storage_of_its_class() {
        let claim = json!({"spec": {"storageClassName": "gold",
            "resources": {"requests": {"storage": "2Gi"}}}});
        let cost = of(&serde_json::from_value(claim).unwrap());
        let shown: Vec<String> = cost
            .amounts
            .iter()
            .map(|(name, amount)| format!("{name}={amount}"))
            .collect();
        assert_eq!(
            shown,
            [
                "gold.storageclass.storage.k8s.io/persistentvolumeclaims=1",
                "gold.storageclass.storage.k8s.io/requests.storage=2Gi",
                "requests.storage=2Gi",
            ]
        );
        assert!(cost.amounts.keys().all(|name| takes(name)));
    }
}
