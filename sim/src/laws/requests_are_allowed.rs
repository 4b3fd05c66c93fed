//! No part of the system is refused for what it may not do or for how it says it.

use std::collections::BTreeMap;

use gantry_api::{ObjectKey, Rejection};

use super::{Broken, Sight, Verdict};
use crate::actor::Address;
use crate::fact::Fact;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    asked: BTreeMap<Address, (String, ObjectKey)>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "requests are allowed"
    }

    fn fact(&mut self, fact: &Fact, _sight: &Sight<'_>) -> Verdict {
        match fact {
            Fact::Asked {
                by, caller, key, ..
            } if caller.starts_with("system:") => {
                self.asked.insert(*by, (caller.clone(), key.clone()));
                Ok(())
            }
            Fact::Answered { by, refusal, .. } => {
                let asked = self.asked.remove(by);
                match (asked, refusal.as_deref()) {
                    (Some((caller, key)), Some(refusal))
                        if is_wrong(refusal) && !was_taken_away(&caller, &key) =>
                    {
                        let what = format!("{caller} was refused: {refusal}");
                        Err(Broken::new(key, what).and(caller))
                    }
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

/// Whether a node asked for what it may read only as long as a pod of its own refers to it: the
/// last such pod may have gone unseen.
fn was_taken_away(caller: &str, key: &ObjectKey) -> bool {
    caller.starts_with("system:node:")
        && matches!(key.resource.resource.as_str(), "configmaps" | "secrets")
}

/// Whether only who writes wrong requests, or grants too little, brings this about.
fn is_wrong(refusal: &Rejection) -> bool {
    match refusal {
        // What happens at the end of a namespace cannot be foreseen by those who fill it.
        Rejection::Forbidden { causes, why, .. } => {
            let is_end = causes
                .iter()
                .any(|cause| cause.reason == "NamespaceTerminating");
            !is_end && !why.contains("serviceaccount")
        }
        Rejection::BadRequest { .. }
        | Rejection::Unauthorized
        | Rejection::NoSuchPath
        | Rejection::MethodNotAllowed
        | Rejection::NotAcceptable { .. }
        | Rejection::Invalid { .. } => true,
        _ => false,
    }
}
