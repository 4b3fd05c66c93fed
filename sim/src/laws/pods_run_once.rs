//! A pod runs on the node that it is bound to and nowhere else, in one sandbox, and none of its
//! containers runs twice at once.

use std::collections::{BTreeMap, BTreeSet};

use gantry_kubelet::sandbox::PodRef;

use super::{Broken, Seen, Sight, Verdict};
use crate::fact::Fact;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// The nodes that pods were bound to, by uid; those of gone pods too.
    bound: BTreeMap<String, String>,
    /// Where pods have sandboxes, by uid.
    sandboxes: BTreeMap<String, String>,
    /// What runs: uid and container.
    running: BTreeSet<(String, String)>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "pods run once"
    }

    fn change(&mut self, change: &Seen, _sight: &Sight<'_>) -> Verdict {
        let Some(pod) = change.new.as_deref().filter(|_| change.is_core("pods")) else {
            return Ok(());
        };
        let node = pod.text(&["spec", "nodeName"]);
        if !node.is_empty() {
            self.bound.insert(pod.uid().to_owned(), node.to_owned());
        }
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, _sight: &Sight<'_>) -> Verdict {
        match fact {
            Fact::Sandbox { node, pod, .. } => {
                self.is_bound(node, pod)?;
                let other = self.sandboxes.insert(pod.uid.clone(), node.clone());
                match other.filter(|other| other != node) {
                    Some(other) => {
                        let what = format!("has a sandbox on {node} and one on {other}");
                        Err(Broken::new(pod, what))
                    }
                    None => Ok(()),
                }
            }
            Fact::NoSandbox { node, pod } => {
                if self.sandboxes.get(&pod.uid) == Some(node) {
                    self.sandboxes.remove(&pod.uid);
                }
                Ok(())
            }
            Fact::Started {
                node,
                pod,
                container,
                attempt,
            } => {
                self.is_bound(node, pod)?;
                let what = || format!("{container} runs already when it starts for time {attempt}");
                let run = (pod.uid.clone(), container.clone());
                if self.running.insert(run) {
                    Ok(())
                } else {
                    Err(Broken::new(pod, what()).and(node))
                }
            }
            Fact::Ended { pod, container, .. } => {
                self.running.remove(&(pod.uid.clone(), container.clone()));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Law {
    fn is_bound(&self, node: &str, pod: &PodRef) -> Verdict {
        let bound = self.bound.get(&pod.uid);
        if bound.is_some_and(|bound| bound == node) {
            return Ok(());
        }
        let what = format!("runs on {node} and is bound to {bound:?}");
        Err(Broken::new(pod, what).and(node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws::{Law as _, testing};

    fn pod() -> PodRef {
        PodRef {
            namespace: "default".to_owned(),
            name: "web".to_owned(),
            uid: "u".to_owned(),
        }
    }

    fn started(attempt: u32) -> Fact {
        Fact::Started {
            node: "node-1".to_owned(),
            pod: pod(),
            container: "main".to_owned(),
            attempt,
        }
    }

    #[test]
    fn a_container_may_run_again_once_it_has_ended() {
        let (mut law, snapshot) = (Law::default(), testing::nothing());
        let sight = testing::sight(&snapshot);
        let bound = testing::made("pods", &testing::pod("web", "u", "node-1"));
        assert_eq!(law.change(&bound, &sight), Ok(()));
        assert_eq!(law.fact(&started(0), &sight), Ok(()));
        assert!(law.fact(&started(1), &sight).is_err());
        let ended = Fact::Ended {
            node: "node-1".to_owned(),
            pod: pod(),
            container: "main".to_owned(),
            attempt: 0,
            code: 1,
        };
        assert_eq!(law.fact(&ended, &sight), Ok(()));
        assert_eq!(law.fact(&started(1), &sight), Ok(()));
    }

    #[test]
    fn nothing_runs_where_it_is_not_bound() {
        let (mut law, snapshot) = (Law::default(), testing::nothing());
        let sight = testing::sight(&snapshot);
        assert!(law.fact(&started(0), &sight).is_err());
        let bound = testing::made("pods", &testing::pod("web", "u", "node-2"));
        assert_eq!(law.change(&bound, &sight), Ok(()));
        assert!(law.fact(&started(0), &sight).is_err());
    }
}
