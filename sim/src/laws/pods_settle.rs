//! In the end every pod runs, ready, on a node that exists, or has ended; and nodes run exactly the
//! pods that they should and keep nothing of others.

use std::collections::BTreeMap;

use gantry_api::{Object, ObjectKey};
use gantry_kubelet::sandbox::{ContainerState, Sandbox, SandboxState};

use super::{Broken, Sight, Verdict, objects};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law;

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "pods settle"
    }

    fn settled(&mut self, sight: &Sight<'_>) -> Verdict {
        let pods = objects::all(sight.snapshot, "", "pods");
        let mut sandboxes: BTreeMap<(&str, &str), &Sandbox> = BTreeMap::new();
        for (node, inside) in sight.parts {
            let machine = inside.machine.iter();
            for &sandbox in machine.flat_map(|machine| &machine.sandboxes) {
                sandboxes.insert((node, &sandbox.id.0), sandbox);
            }
        }
        for (key, pod) in &pods {
            let node = pod.text(&["spec", "nodeName"]);
            let sandbox = sandboxes.remove(&(node, pod.uid()));
            has_settled((key, pod), sandbox)?;
        }
        match sandboxes.pop_first() {
            Some(((node, _), sandbox)) => {
                let what = "its sandbox is left although the pod is not there any more";
                Err(Broken::new(&sandbox.config.pod, what).and(node))
            }
            None => Ok(()),
        }
    }
}

fn has_settled((key, pod): (&ObjectKey, &Object), sandbox: Option<&Sandbox>) -> Verdict {
    let runs = sandbox.is_some_and(runs);
    let is_up = sandbox.is_some_and(|sandbox| sandbox.state == SandboxState::Ready);
    if objects::has_ended(pod) {
        return if runs {
            Err(Broken::new(key, "has ended, and something of it runs"))
        } else {
            Ok(())
        };
    }
    let (phase, node) = (
        pod.text(&["status", "phase"]),
        pod.text(&["spec", "nodeName"]),
    );
    if phase != "Running" || !objects::is_available(pod) {
        let found = sandbox.map(found);
        let what = format!("is {phase:?} on {node:?} and not ready; there: {found:?}");
        return Err(Broken::new(key, what));
    }
    if !is_up || !runs {
        let what = format!("is said to run on {node:?}, and does not");
        return Err(Broken::new(key, what));
    }
    Ok(())
}

/// The containers of a sandbox and how each of them is.
fn found(sandbox: &Sandbox) -> Vec<(&str, u32, &ContainerState)> {
    let containers = sandbox.containers.iter();
    containers
        .map(|known| (known.id.name.as_str(), known.id.attempt, &known.state))
        .collect()
}

fn runs(sandbox: &Sandbox) -> bool {
    let mut containers = sandbox.containers.iter();
    containers.any(|container| matches!(container.state, ContainerState::Running { .. }))
}
