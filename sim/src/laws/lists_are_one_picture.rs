//! A list that says it is of a revision shows each object as it stood at that revision.

use std::collections::BTreeMap;

use gantry_api::{GroupResource, ObjectKey, Revision};
use gantry_registry::request::Verb;
use gantry_store::Key;

use super::{Broken, Seen, Sight, Verdict};
use crate::actor::Address;
use crate::fact::{Answer, Fact, Listed};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// The lists that are awaited, and of what they are.
    asked: BTreeMap<Address, GroupResource>,
    /// When each object went away that ever did.
    gone: BTreeMap<ObjectKey, Revision>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "lists are one picture"
    }

    fn change(&mut self, change: &Seen, _sight: &Sight<'_>) -> Verdict {
        if change.new.is_none() {
            self.gone.insert(change.key.clone(), change.revision);
        }
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, sight: &Sight<'_>) -> Verdict {
        if let Fact::Asked { by, verb, key, .. } = fact
            && *verb == Verb::List
        {
            self.asked.insert(*by, key.resource.clone());
        }
        if let Fact::Answered { by, answer, .. } = fact
            && let Some(resource) = self.asked.remove(by)
        {
            return self.list(&resource, answer, sight);
        }
        Ok(())
    }
}

impl Law {
    fn list(&self, resource: &GroupResource, answer: &Answer, sight: &Sight<'_>) -> Verdict {
        let Some(at) = answer.revision else {
            return Ok(());
        };
        let mut items = answer.items.iter();
        items.try_for_each(|item| self.item((resource, at), item, sight))
    }

    fn item(
        &self,
        (resource, at): (&GroupResource, Revision),
        item: &Listed,
        sight: &Sight<'_>,
    ) -> Verdict {
        let key = ObjectKey::new(resource.clone(), &item.namespace, &item.name);
        let stored = sight.snapshot.get(&Key::from(&key));
        let modified = stored.map(|stored| stored.modified);
        let went = self.gone.get(&key).copied();
        // What has changed since the list may have stood there as it says.
        let changed = modified.max(went).unwrap_or_default();
        if item.revision > at || (changed <= at && modified != Some(item.revision)) {
            let shown = item.revision;
            let what =
                format!("a list of {at} shows it as of {shown}, and it changed at {changed}");
            return Err(Broken::new(key, what));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Law as _;
    use super::super::testing::{changed, nothing, sight};
    use super::*;

    #[test]
    fn a_list_without_what_it_claims_to_know_is_no_picture() {
        let law = Law {
            gone: BTreeMap::from([(ObjectKey::new(pods(), "default", "a"), Revision(5))]),
            ..Law::default()
        };
        let answer = |at: u64| Answer {
            revision: Some(Revision(at)),
            items: vec![Listed {
                namespace: "default".to_owned(),
                name: "a".to_owned(),
                revision: Revision(3),
            }],
            ..Answer::default()
        };
        let snapshot = nothing();
        let verdict = |at| law.list(&pods(), &answer(at), &sight(&snapshot));
        assert!(verdict(4).is_ok(), "it was there at 4");
        assert!(verdict(5).is_err(), "it went at 5");
        assert!(verdict(2).is_err(), "it changed at 3");
    }

    #[test]
    fn what_goes_is_remembered() {
        let mut law = Law::default();
        let old = json!({"metadata": {"namespace": "default", "name": "a", "uid": "1"}});
        let snapshot = nothing();
        let went = changed("pods", &old, &Value::Null);
        assert!(law.change(&went, &sight(&snapshot)).is_ok());
        assert_eq!(law.gone.len(), 1);
    }

    fn pods() -> GroupResource {
        GroupResource::new("", "pods")
    }
}
