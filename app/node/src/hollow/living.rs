//! What happens to containers that only seem to run: some end by themselves, some are asked how
//! they are.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Container;

use gantry_base::time::since;
use gantry_kubelet::hollow::Started;
use gantry_kubelet::probes::is_probed;
use gantry_kubelet::sandbox::ContainerId;

use super::node::Node;

/// Begins a container's life.
pub(super) fn begin(node: &Arc<Node>, started: Started) {
    ask(node, started.id.clone(), &started.spec);
    if let Some(lasts) = started.lasts {
        let (node, id) = (Arc::clone(node), started.id);
        node.clone().parts.spawn(async move {
            node.parts.clock.sleep(lasts).await;
            let due = node.host().end(&id, node.now());
            due.into_iter().for_each(|key| node.wake(key));
        });
    }
}

/// Begins to ask a container for as long as it runs. Without probes there is nothing to ask.
pub(super) fn ask(node: &Arc<Node>, id: ContainerId, spec: &Container) {
    if !is_probed(spec) {
        return;
    }
    let node = Arc::clone(node);
    node.clone().parts.spawn(async move {
        loop {
            let now = node.now();
            let Some((due, next)) = node.host().probes_due(&id, now) else {
                return;
            };
            let is_due = !due.is_empty();
            for which in due {
                let due = node.host().ask(&id, which, now);
                due.into_iter().for_each(|key| node.wake(key));
            }
            match next {
                _ if is_due => {}
                Some(next) => {
                    let wait = since(next, now).max(Duration::from_millis(1));
                    node.parts.clock.sleep(wait).await;
                }
                None => return,
            }
        }
    });
}
