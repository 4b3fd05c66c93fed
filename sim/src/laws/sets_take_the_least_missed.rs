//! Where nothing goes wrong, a replica set takes away what it has too many of and nothing more,
//! and no ready pod while there is one that is not.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use gantry_api::Object;
use gantry_base::Timestamp;
use gantry_base::time::after;
use gantry_registry::request::Verb;

use super::{Broken, Seen, Sight, Verdict, objects};
use crate::fact::Fact;

/// Who takes pods of replica sets away.
const CONTROLLER: &str = "replicaset-controller";
/// Longer than it takes, where nothing goes wrong, until everybody knows of a change.
const NEWS: Duration = Duration::from_millis(2);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// The pods that a controller asked to delete, by uid.
    taken: BTreeSet<String>,
    /// When a set was last changed by somebody else, in what it wants or has, by its uid.
    touched: BTreeMap<String, Timestamp>,
    /// When it was decided about a set last.
    decided: BTreeMap<String, Timestamp>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "sets take the least missed"
    }

    fn change(&mut self, change: &Seen, sight: &Sight<'_>) -> Verdict {
        let Some(object) = change.new.as_deref().or(change.old.as_deref()) else {
            return Ok(());
        };
        if change.is_core("pods") && !self.taken.contains(object.uid()) {
            let set = objects::controller(object).map(str::to_owned);
            self.touched.extend(set.map(|set| (set, sight.now)));
        } else if change.key.resource.resource == "replicasets" && is_new_wish(change) {
            self.touched.insert(object.uid().to_owned(), sight.now);
        }
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, sight: &Sight<'_>) -> Verdict {
        if let Fact::Decided { who, about, .. } = fact
            && who == CONTROLLER
        {
            self.decided.insert(about.clone(), sight.now);
        }
        let Fact::Asked {
            caller,
            verb: Verb::Delete,
            key,
            uid: Some(uid),
            ..
        } = fact
        else {
            return Ok(());
        };
        if !sight.is_calm || key.resource.resource != "pods" || !caller.ends_with(CONTROLLER) {
            return Ok(());
        }
        let pods = objects::known(sight.snapshot, ("", "pods"));
        let pods = pods.into_iter().map(|(_, pod)| pod);
        let left = pods.filter(|pod| self.is_left(pod));
        let left: Vec<Object> = left.map(|pod| Object::clone(&pod)).collect();
        let verdict = match left.iter().find(|pod| pod.uid() == uid) {
            Some(taken) => self.judge(taken, &left, sight),
            None => Ok(()),
        };
        self.taken.insert(uid.clone());
        verdict.map_err(|what| Broken::new(key, what))
    }
}

impl Law {
    fn is_left(&self, pod: &Object) -> bool {
        !pod.is_terminating() && !objects::has_ended(pod) && !self.taken.contains(pod.uid())
    }

    /// Whether a set may have changed after the view of it was taken that was decided on.
    fn is_news(&self, set: &str, key: &str) -> bool {
        match (self.touched.get(set), self.decided.get(key)) {
            (Some(touched), Some(decided)) => after(*touched, NEWS) > *decided,
            (None, _) => false,
            (_, None) => true,
        }
    }

    fn judge(&self, taken: &Object, left: &[Object], sight: &Sight<'_>) -> Result<(), String> {
        let Some(set) = objects::controller(taken) else {
            return Ok(());
        };
        let own = left
            .iter()
            .filter(|pod| objects::controller(pod) == Some(set));
        let own: Vec<&Object> = own.collect();
        let sets = objects::all(sight.snapshot, "apps", "replicasets");
        let found = sets.iter().find(|(_, known)| known.uid() == set);
        let Some((_, known)) = found.filter(|(key, _)| !self.is_news(set, &key.to_string())) else {
            return Ok(());
        };
        let wanted = objects::number(known, &["spec", "replicas"], 1);
        let count = i64::try_from(own.len()).unwrap_or(i64::MAX);
        if count <= wanted {
            return Err(format!("is taken of {count}, and {wanted} are wanted"));
        }
        let is_ready = |pod: &Object| objects::condition(pod, "Ready") == Some("True");
        match own.iter().find(|pod| !is_ready(pod)) {
            Some(unready) if is_ready(taken) => {
                Err(format!("is taken, and {} is not ready", unready.name()))
            }
            _ => Ok(()),
        }
    }
}

fn is_new_wish(change: &Seen) -> bool {
    let spec =
        |object: &Option<Rc<Object>>| object.as_ref().and_then(|it| it.at(&["spec"]).cloned());
    spec(&change.old) != spec(&change.new)
}
