//! A set makes no pod when it has as many as it was asked for of late.
//!
//! Whether it has them cannot be known for a while after an answer was lost, after those who make
//! pods began anew, and where two of them work at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gantry_api::Object;
use gantry_base::Timestamp;
use gantry_base::time::after;
use gantry_registry::request::Verb;

use super::{Broken, Seen, Sight, Verdict, objects};
use crate::actor::Address;
use crate::fact::Fact;

/// How long a wish may be on its way to those who fulfil it, and a doubt lasts.
const NEWS: Duration = Duration::from_secs(5 * 60);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// The pods of each set that have neither ended nor been told to, by its uid.
    pods: BTreeMap<String, BTreeSet<String>>,
    wishes: BTreeMap<String, Wish>,
    /// The creations that wait for an answer.
    asked: BTreeSet<Address>,
    /// Which life of whom made the last pod.
    maker: Option<(usize, u32)>,
    doubtful_until: Option<Timestamp>,
}

/// How many pods a set is to have.
#[derive(Clone, Copy, Debug)]
struct Wish {
    now: i64,
    before: i64,
    since: Timestamp,
}

impl Wish {
    /// The most that was wanted of late.
    fn most(self, now: Timestamp) -> i64 {
        if after(self.since, NEWS) < now {
            self.now
        } else {
            self.now.max(self.before)
        }
    }
}

impl Law {
    fn doubt(&mut self, now: Timestamp) {
        self.doubtful_until = Some(after(now, NEWS));
    }

    fn wish(&mut self, change: &Seen, now: Timestamp) {
        if let (Some(old), None) = (&change.old, &change.new) {
            self.wishes.remove(old.uid());
            self.pods.remove(old.uid());
        }
        let Some(new) = &change.new else { return };
        let wanted = objects::number(new, &["spec", "replicas"], 1);
        let known = self.wishes.get(new.uid()).copied();
        if known.is_none_or(|known| known.now != wanted) {
            let wish = Wish {
                now: wanted,
                before: known.map_or(0, |known| known.most(now)),
                since: now,
            };
            self.wishes.insert(new.uid().to_owned(), wish);
        }
    }

    fn pod(&mut self, change: &Seen, sight: &Sight<'_>) -> Verdict {
        if let Some(set) = change.old.as_deref().and_then(objects::controller)
            && let Some(pods) = self.pods.get_mut(set)
        {
            pods.remove(&change.key.name);
        }
        let Some(pod) = change.new.as_deref().filter(|pod| lives(pod)) else {
            return Ok(());
        };
        let Some(set) = objects::controller(pod) else {
            return Ok(());
        };
        let pods = self.pods.entry(set.to_owned()).or_default();
        pods.insert(change.key.name.clone());
        let count = i64::try_from(pods.len()).unwrap_or(i64::MAX);
        let is_doubtful = self.doubtful_until.is_some_and(|until| sight.now <= until);
        let wish = self.wishes.get(set).filter(|_| change.old.is_none());
        let most = wish.map_or(i64::MAX, |wish| wish.most(sight.now));
        if is_doubtful || count <= most {
            return Ok(());
        }
        let what = format!("is the pod number {count} of a set that was asked for {most}");
        Err(Broken::new(&change.key, what).and(set))
    }
}

fn lives(pod: &Object) -> bool {
    !pod.is_terminating() && !objects::has_ended(pod)
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "sets make no more"
    }

    fn change(&mut self, change: &Seen, sight: &Sight<'_>) -> Verdict {
        if sight.has_rivals {
            self.doubt(sight.now);
        }
        match change.key.resource.resource.as_str() {
            "replicasets" | "replicationcontrollers" => self.wish(change, sight.now),
            "pods" => return self.pod(change, sight),
            _ => {}
        }
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, sight: &Sight<'_>) -> Verdict {
        match fact {
            Fact::Asked {
                by,
                caller,
                verb: Verb::Create,
                key,
                subresource,
                ..
            } if key.resource.resource == "pods"
                && subresource.is_empty()
                && caller.starts_with("system:") =>
            {
                self.asked.insert(*by);
                let maker = Some((by.seat, by.life));
                if self.maker.is_some() && self.maker != maker {
                    self.doubt(sight.now);
                }
                self.maker = maker;
            }
            Fact::Answered { by, done, .. } if self.asked.remove(by) && done.is_none() => {
                self.doubt(sight.now);
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Law as _;
    use super::super::testing::{changed, made, nothing, sight};
    use super::*;

    fn set(replicas: u64) -> Value {
        json!({
            "metadata": {"namespace": "default", "name": "web", "uid": "web"},
            "spec": {"replicas": replicas},
        })
    }

    fn pod(name: &str, phase: &str) -> Value {
        json!({
            "metadata": {"namespace": "default", "name": name, "ownerReferences": [
                {"uid": "web", "controller": true},
            ]},
            "status": {"phase": phase},
        })
    }

    #[test]
    fn a_pod_is_made_only_when_one_is_missing() {
        let (mut law, snapshot) = (Law::default(), nothing());
        let mut judge = |change: Seen| law.change(&change, &sight(&snapshot));
        assert!(judge(made("replicasets", &set(2))).is_ok());
        assert!(judge(made("pods", &pod("a", "Running"))).is_ok());
        assert!(judge(made("pods", &pod("b", "Running"))).is_ok());
        let ended = changed("pods", &pod("a", "Running"), &pod("a", "Failed"));
        assert!(judge(ended).is_ok());
        assert!(judge(made("pods", &pod("c", "Pending"))).is_ok());
        let scaled = changed("replicasets", &set(2), &set(1));
        assert!(judge(scaled).is_ok());
        let gone = changed("pods", &pod("b", "Running"), &Value::Null);
        assert!(judge(gone).is_ok());
        assert!(
            judge(made("pods", &pod("d", "Pending"))).is_ok(),
            "the news of the smaller size may be under way"
        );
        assert!(judge(made("pods", &pod("e", "Pending"))).is_err());
    }
}
