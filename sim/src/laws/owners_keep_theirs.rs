//! The garbage collector takes nothing whose owner lives, nor what an owner left behind on purpose;
//! and once it has settled, nothing is left that only had owners that are gone.

use std::collections::{BTreeMap, BTreeSet};

use gantry_api::{Object, ObjectKey};
use gantry_registry::request::Verb;

use super::{Broken, Seen, Sight, Verdict, objects};
use crate::fact::Fact;

/// The finalizer of an owner that leaves its dependents behind.
const ORPHAN: &str = "orphan";
/// The finalizer of an owner that waits for its dependents.
const FOREGROUND: &str = "foregroundDeletion";

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// What lives, by uid, and whether it waits for its dependents to go.
    living: BTreeMap<String, bool>,
    /// Owners that leave, or left, their dependents behind, and what these were at that time.
    leaving: BTreeMap<String, BTreeSet<String>>,
    /// Who owns what: the uids of owners, by uid.
    owned: BTreeMap<String, BTreeSet<String>>,
    /// What the garbage collector asked to delete and nobody else did.
    collected: BTreeSet<(ObjectKey, String)>,
    /// Owners that somebody asked to delete once more: whoever does may think otherwise.
    asked_again: BTreeSet<ObjectKey>,
    /// Whether every view is fresh: what a late one does not show cannot be left behind, and what
    /// one leader leaves behind another may take back.
    is_calm: bool,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "owners keep theirs"
    }

    fn change(&mut self, change: &Seen, sight: &Sight<'_>) -> Verdict {
        self.is_calm = sight.is_calm;
        let leaves = |object: &Object| object.finalizers().contains(&ORPHAN);
        if let Some(old) = change.old.as_deref().filter(|old| leaves(old))
            && !change.new.as_deref().is_some_and(leaves)
            && self.asked_again.remove(&change.key)
        {
            self.leaving.remove(old.uid());
        }
        if let (Some(old), None) = (&change.old, &change.new) {
            self.living.remove(old.uid());
            self.owned.remove(old.uid());
        }
        if let Some(new) = &change.new {
            if leaves(new) && !change.old.as_deref().is_some_and(leaves) {
                self.asked_again.remove(&change.key);
            }
            self.note(new);
        }
        let is_going = change.new.as_deref().is_none_or(Object::is_terminating);
        match &change.old {
            Some(old) if is_going && !old.is_terminating() => self.judge(&change.key, old),
            _ => Ok(()),
        }
    }

    fn fact(&mut self, fact: &Fact, _sight: &Sight<'_>) -> Verdict {
        if let Fact::Asked {
            caller,
            verb: Verb::Delete,
            key,
            uid,
            ..
        } = fact
        {
            if caller.ends_with(":generic-garbage-collector") {
                let uid = uid.clone().unwrap_or_default();
                self.collected.insert((key.clone(), uid));
            } else {
                self.collected.retain(|(known, _)| known != key);
                self.asked_again.insert(key.clone());
            }
        }
        Ok(())
    }

    fn settled(&mut self, sight: &Sight<'_>) -> Verdict {
        let all = sight.snapshot.range("", None);
        for (key, stored) in all {
            let owners = &stored.value.summary().owners;
            let is_left =
                !owners.is_empty() && !owners.iter().any(|owner| self.living.contains_key(owner));
            if let Some(key) = key.object().filter(|_| is_left) {
                return Err(Broken::new(
                    key,
                    "all of its owners are gone, and it is not",
                ));
            }
        }
        Ok(())
    }
}

impl Law {
    fn note(&mut self, new: &Object) {
        let finalizers = new.finalizers();
        let waits = new.is_terminating() && finalizers.contains(&FOREGROUND);
        self.living.insert(new.uid().to_owned(), waits);
        let owners: BTreeSet<String> = objects::owners(new).map(str::to_owned).collect();
        // What was left behind and found another owner goes with that one.
        for (owner, left) in &mut self.leaving {
            if !owners.is_empty() && !owners.contains(owner) {
                left.remove(new.uid());
            }
        }
        self.owned.insert(new.uid().to_owned(), owners);
        if finalizers.contains(&ORPHAN) && !self.leaving.contains_key(new.uid()) {
            let owned = self.owned.iter();
            let owned = owned.filter(|(_, owners)| owners.contains(new.uid()));
            let owned = owned.map(|(uid, _)| uid.clone()).collect();
            self.leaving.insert(new.uid().to_owned(), owned);
        }
    }

    /// Judges a deletion that has begun.
    fn judge(&self, key: &ObjectKey, old: &Object) -> Verdict {
        let who = (key.clone(), old.uid().to_owned());
        if !self.collected.contains(&who) {
            return Ok(());
        }
        let living = objects::owners(old).find(|owner| self.living.get(*owner) == Some(&false));
        if let Some(owner) = living {
            let what = format!("it was collected although its owner {owner} lives");
            return Err(Broken::new(key, what).and(owner));
        }
        let mut leaving = self.leaving.iter();
        let left = leaving.find(|(_, owned)| owned.contains(old.uid()));
        match left {
            Some((owner, _)) if self.is_calm => {
                let what = format!("it was collected although {owner} left it behind");
                Err(Broken::new(key, what).and(owner))
            }
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use gantry_api::GroupResource;
    use serde_json::{Value, json};

    use super::*;
    use crate::actor::Address;
    use crate::laws::{Law as _, testing};

    fn collected() -> Fact {
        Fact::Asked {
            by: Address {
                seat: 0,
                life: 0,
                ticket: 1,
            },
            caller: "system:serviceaccount:kube-system:generic-garbage-collector".to_owned(),
            verb: Verb::Delete,
            key: ObjectKey::new(GroupResource::new("", "pods"), "", "pod"),
            subresource: String::new(),
            uid: Some("p".to_owned()),
            may_be_old: false,
        }
    }

    fn owned() -> Value {
        json!({"metadata": {"name": "pod", "uid": "p", "ownerReferences": [{"uid": "o"}]}})
    }

    fn owner(meta: Value) -> Value {
        let mut meta = meta;
        meta["name"] = json!("owner");
        meta["uid"] = json!("o");
        json!({"metadata": meta})
    }

    fn verdict(owners: &[(Value, Value)]) -> Verdict {
        let (mut law, snapshot) = (Law::default(), testing::nothing());
        let sight = Sight {
            is_calm: true,
            ..testing::sight(&snapshot)
        };
        law.change(&testing::made("pods", &owned()), &sight)?;
        for (old, new) in owners {
            law.change(&testing::changed("configmaps", old, new), &sight)?;
        }
        law.fact(&collected(), &sight)?;
        law.change(&testing::changed("pods", &owned(), &Value::Null), &sight)
    }

    #[test]
    fn only_what_has_no_living_owner_is_collected() {
        let (none, lives) = (Value::Null, owner(json!({})));
        let waits = owner(json!({
            "finalizers": ["foregroundDeletion"],
            "deletionTimestamp": "2030-01-01T00:00:00Z",
        }));
        assert!(verdict(&[(none.clone(), lives.clone())]).is_err());
        assert_eq!(verdict(&[(none.clone(), waits)]), Ok(()));
        assert_eq!(
            verdict(&[(none.clone(), lives.clone()), (lives, none)]),
            Ok(())
        );
    }

    #[test]
    fn what_was_left_behind_stays() {
        let (none, leaves) = (Value::Null, owner(json!({"finalizers": ["orphan"]})));
        assert!(verdict(&[(none.clone(), leaves.clone()), (leaves, none)]).is_err());
    }
}
