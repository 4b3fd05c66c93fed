//! The packet rules of a simulated node, made from its view like the real ones.

use std::sync::Arc;

use gantry_kubelet::rules::{Rules, Site};

use super::Node;
use crate::actor::Desk;
use crate::fact::Fact;

impl Node {
    /// Makes the rules what the view asks for.
    pub(super) fn route(&mut self, desk: &mut Desk<'_>) {
        let view = self.agent.following.view();
        let site = Site {
            name: self.name.clone(),
            addresses: vec![self.address],
            dns: None,
        };
        let host_ports = self.agent.state.host_ports(view);
        let wanted = Rules::new(&site, view, host_ports);
        let freed = self.agent.state.route(wanted.routed());
        for key in freed {
            self.agent.turns.due(key, desk.now);
        }
        if *self.machine.rules != wanted.ruleset {
            self.machine.rules = Arc::new(wanted.ruleset);
            desk.tell(Fact::Rules {
                node: self.name.clone(),
                rules: Arc::clone(&self.machine.rules),
            });
        }
    }
}
