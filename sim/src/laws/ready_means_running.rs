//! A pod is said to be ready only when its containers run, and becomes a ready endpoint only when
//! it was said to be ready.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gantry_api::Object;
use gantry_base::Timestamp;
use gantry_base::time::since;

use super::{Broken, Seen, Sight, Verdict, objects};
use crate::fact::Fact;

/// Longer than a report is under way.
const UNDER_WAY: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// What runs, and when what does not ended: by pod and container.
    ends: BTreeMap<(String, String), Option<Timestamp>>,
    /// The pods that were ever said to be ready.
    ready: BTreeSet<String>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "ready means running"
    }

    fn change(&mut self, change: &Seen, sight: &Sight<'_>) -> Verdict {
        let Some(new) = &change.new else {
            return Ok(());
        };
        if change.is_core("pods") {
            self.pod(change, new, sight.now)
        } else if change.key.resource.resource == "endpointslices" {
            self.slice(change, new)
        } else {
            Ok(())
        }
    }

    fn fact(&mut self, fact: &Fact, sight: &Sight<'_>) -> Verdict {
        if let Fact::Started { pod, container, .. } = fact {
            self.ends.insert((pod.uid.clone(), container.clone()), None);
        }
        if let Fact::Ended { pod, container, .. } = fact {
            let run = (pod.uid.clone(), container.clone());
            self.ends.insert(run, Some(sight.now));
        }
        Ok(())
    }
}

impl Law {
    fn pod(&mut self, change: &Seen, new: &Object, now: Timestamp) -> Verdict {
        let was = change.old.as_deref();
        let was = was.is_some_and(|old| objects::condition(old, "Ready") == Some("True"));
        if was || objects::condition(new, "Ready") != Some("True") {
            return Ok(());
        }
        self.ready.insert(new.uid().to_owned());
        for container in objects::list(new, &["spec", "containers"]) {
            let name = container["name"].as_str().unwrap_or_default();
            let run = (new.uid().to_owned(), name.to_owned());
            let is_over = match self.ends.get(&run) {
                None => true,
                Some(None) => false,
                Some(Some(ended)) => since(now, *ended) > UNDER_WAY,
            };
            if is_over {
                let what = format!("is said to be ready, and {name} does not run");
                return Err(Broken::new(&change.key, what));
            }
        }
        Ok(())
    }

    fn slice(&self, change: &Seen, new: &Object) -> Verdict {
        for endpoint in objects::list(new, &["endpoints"]) {
            let uid = endpoint["targetRef"]["uid"].as_str().unwrap_or_default();
            let is_ready = endpoint["conditions"]["ready"] == true;
            if is_ready && !uid.is_empty() && !self.ready.contains(uid) {
                let name = endpoint["targetRef"]["name"].as_str().unwrap_or_default();
                let what = format!("says that {name} is ready, which nobody else ever said");
                return Err(Broken::new(&change.key, what).and(name));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Law as _;
    use super::super::testing::{made, nothing, sight};
    use super::*;

    fn ready() -> Value {
        json!({
            "metadata": {"namespace": "default", "name": "a", "uid": "1"},
            "spec": {"containers": [{"name": "main"}]},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        })
    }

    fn slice() -> Seen {
        let endpoint =
            json!({"conditions": {"ready": true}, "targetRef": {"uid": "1", "name": "a"}});
        let slice = json!({
            "metadata": {"namespace": "default", "name": "a-x", "uid": "2"},
            "endpoints": [endpoint],
        });
        made("endpointslices", &slice)
    }

    #[test]
    fn nothing_is_ready_that_never_ran() {
        let (mut law, snapshot) = (Law::default(), nothing());
        assert!(
            law.change(&made("pods", &ready()), &sight(&snapshot))
                .is_err()
        );
    }

    #[test]
    fn an_endpoint_is_ready_once_its_pod_was() {
        let (mut law, snapshot) = (Law::default(), nothing());
        assert!(law.change(&slice(), &sight(&snapshot)).is_err());
        law.ends.insert(("1".to_owned(), "main".to_owned()), None);
        assert!(
            law.change(&made("pods", &ready()), &sight(&snapshot))
                .is_ok()
        );
        assert!(law.change(&slice(), &sight(&snapshot)).is_ok());
    }
}
