//! Every deletion and every binding by a part of the system names the uid of what it saw: only
//! people mean whatever has a name.

use gantry_registry::request::Verb;

use super::{Broken, Sight, Verdict};
use crate::fact::Fact;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law;

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "components name what they saw"
    }

    fn fact(&mut self, fact: &Fact, _sight: &Sight<'_>) -> Verdict {
        let Fact::Asked {
            caller,
            verb,
            key,
            subresource,
            uid,
            ..
        } = fact
        else {
            return Ok(());
        };
        let is_meant_for_one = *verb == Verb::Delete || subresource == "binding";
        if !is_meant_for_one || !caller.starts_with("system:") || uid.is_some() {
            return Ok(());
        }
        let what = format!("{caller} deletes or binds it by its name only");
        Err(Broken::new(key, what).and(caller))
    }
}

#[cfg(test)]
mod tests {
    use gantry_api::{GroupResource, ObjectKey};

    use super::super::Law as _;
    use super::super::testing::{nothing, sight};
    use super::*;
    use crate::actor::Address;

    #[test]
    fn only_people_delete_by_name() {
        let asked = |caller: &str, uid: Option<&str>| Fact::Asked {
            by: Address {
                seat: 0,
                life: 0,
                ticket: 0,
            },
            caller: caller.to_owned(),
            verb: Verb::Delete,
            key: ObjectKey::new(GroupResource::new("", "pods"), "default", "a"),
            subresource: String::new(),
            uid: uid.map(str::to_owned),
            may_be_old: false,
        };
        let snapshot = nothing();
        let verdict = |fact| Law.fact(&fact, &sight(&snapshot));
        assert!(verdict(asked("human-0", None)).is_ok());
        assert!(verdict(asked("system:node:a", Some("1"))).is_ok());
        assert!(verdict(asked("system:node:a", None)).is_err());
    }
}
