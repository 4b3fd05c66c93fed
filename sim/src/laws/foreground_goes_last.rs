//! Where nothing goes wrong, an owner that was deleted in the foreground goes only when nothing is
//! left that blocks it.

use gantry_api::Object;
use gantry_store::Snapshot;

use super::{Broken, Seen, Sight, Verdict, objects};

/// What dependents are kept in that anybody deletes in the foreground.
const DEPENDENTS: [(&str, &str); 2] = [("", "pods"), ("apps", "replicasets")];

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law;

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "foreground goes last"
    }

    fn change(&mut self, change: &Seen, sight: &Sight<'_>) -> Verdict {
        let (Some(old), None) = (&change.old, &change.new) else {
            return Ok(());
        };
        if !sight.is_calm || !old.finalizers().contains(&"foregroundDeletion") {
            return Ok(());
        }
        match blocking(old.uid(), sight.snapshot) {
            Some(left) => {
                let what = format!("is gone before {left}, which blocks it");
                Err(Broken::new(&change.key, what).and(left))
            }
            None => Ok(()),
        }
    }
}

/// The name of something that holds back the owner with that uid.
fn blocking(uid: &str, snapshot: &Snapshot) -> Option<String> {
    let blocks = |object: &Object| {
        let mut owners = objects::list(object, &["metadata", "ownerReferences"]).iter();
        owners.any(|owner| owner["uid"] == uid && owner["blockOwnerDeletion"] == true)
    };
    let mut all = DEPENDENTS
        .iter()
        .flat_map(|(group, resource)| objects::all(snapshot, group, resource));
    all.find(|(_, object)| blocks(object))
        .map(|(key, _)| key.to_string())
}
