//! Nobody acts on what replaced what they saw: a deletion hits only the object that somebody asked
//! to delete, by its uid if they named one, and a pod is bound only by who meant that very pod.

use std::collections::{BTreeMap, BTreeSet};

use gantry_api::{Object, ObjectKey};
use gantry_registry::request::Verb;

use super::{Broken, Seen, Sight, Verdict};
use crate::actor::Address;
use crate::fact::Fact;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// The uids that were meant by deletions of each object; nothing where any would do.
    deletions: BTreeMap<ObjectKey, BTreeSet<Option<String>>>,
    /// The collections that were to be emptied.
    emptied: BTreeSet<ObjectKey>,
    /// The uids that were meant by bindings of each pod.
    bindings: BTreeMap<ObjectKey, BTreeSet<Option<String>>>,
    /// The uids that requests under way name.
    named: BTreeMap<Address, (ObjectKey, String)>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "deletions are meant"
    }

    fn change(&mut self, change: &Seen, _sight: &Sight<'_>) -> Verdict {
        let Some(old) = &change.old else {
            return Ok(());
        };
        let is_going = change.new.as_deref().is_none_or(Object::is_terminating);
        if is_going && !old.is_terminating() && !self.is_meant(&change.key, old.uid()) {
            let what = format!("nobody asked to delete the one with the uid {}", old.uid());
            return Err(Broken::new(&change.key, what));
        }
        let node = |pod: &Object| pod.text(&["spec", "nodeName"]).to_owned();
        let is_bound = change
            .new
            .as_ref()
            .is_some_and(|new| node(old) != node(new));
        if change.is_core("pods") && is_bound && !meant(&self.bindings, &change.key, old.uid()) {
            let what = format!("nobody asked to bind the one with the uid {}", old.uid());
            return Err(Broken::new(&change.key, what));
        }
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, _sight: &Sight<'_>) -> Verdict {
        match fact {
            Fact::Asked {
                by,
                verb,
                key,
                subresource,
                uid,
                ..
            } => {
                self.note((*verb, key), subresource, uid.as_ref());
                if let Some(uid) = uid.clone().filter(|_| *verb != Verb::Create) {
                    self.named.insert(*by, (key.clone(), uid));
                }
                Ok(())
            }
            Fact::Answered { by, answer, .. } => {
                let Some((key, meant)) = self.named.remove(by) else {
                    return Ok(());
                };
                match answer.uid.as_ref().filter(|uid| **uid != meant) {
                    Some(uid) => {
                        let what = format!("{meant} was meant, and {uid} was hit");
                        Err(Broken::new(key, what))
                    }
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

impl Law {
    fn note(&mut self, (verb, key): (Verb, &ObjectKey), subresource: &str, uid: Option<&String>) {
        let book = match (verb, subresource) {
            (Verb::DeleteCollection, _) => {
                self.emptied.insert(key.clone());
                return;
            }
            (Verb::Delete, _) | (Verb::Create, "eviction") => &mut self.deletions,
            (Verb::Create, "binding") => &mut self.bindings,
            _ => return,
        };
        book.entry(key.clone()).or_default().insert(uid.cloned());
    }

    fn is_meant(&self, key: &ObjectKey, uid: &str) -> bool {
        let collection = |namespace: &str| ObjectKey::new(key.resource.clone(), namespace, "");
        // A service's address is given back in the write that removes the service.
        key.resource.resource == "ipaddresses"
            || meant(&self.deletions, key, uid)
            || self.emptied.contains(&collection(&key.namespace))
            || self.emptied.contains(&collection(""))
    }
}

fn meant(book: &BTreeMap<ObjectKey, BTreeSet<Option<String>>>, key: &ObjectKey, uid: &str) -> bool {
    let uids = book.get(key);
    uids.is_some_and(|uids| uids.contains(&None) || uids.contains(&Some(uid.to_owned())))
}

#[cfg(test)]
mod tests {
    use gantry_api::GroupResource;
    use serde_json::Value;

    use super::*;
    use crate::laws::{Law as _, testing};

    fn asked(uid: Option<&str>) -> Fact {
        Fact::Asked {
            by: Address {
                seat: 0,
                life: 0,
                ticket: 1,
            },
            caller: "somebody".to_owned(),
            verb: Verb::Delete,
            key: ObjectKey::new(GroupResource::new("", "pods"), "default", "web"),
            subresource: String::new(),
            uid: uid.map(str::to_owned),
            may_be_old: false,
        }
    }

    fn deleted_after(asked: &Fact) -> Verdict {
        let (mut law, snapshot) = (Law::default(), testing::nothing());
        let sight = testing::sight(&snapshot);
        law.fact(asked, &sight)?;
        let gone = testing::changed("pods", &testing::pod("web", "new", ""), &Value::Null);
        law.change(&gone, &sight)
    }

    #[test]
    fn a_deletion_that_named_another_uid_does_not_count() {
        assert_eq!(deleted_after(&asked(Some("new"))), Ok(()));
        assert_eq!(deleted_after(&asked(None)), Ok(()));
        assert!(deleted_after(&asked(Some("old"))).is_err());
    }
}
