//! The packet rules and the names of a simulated node, made from its view like the real ones.

use std::net::Ipv4Addr;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;

use gantry_dns::{Zone, ZoneConfig};

use gantry_kubelet::rules::{Rules, Site};

use super::Node;
use crate::actor::Desk;
use crate::fact::Fact;

/// Where the cluster's names are asked for.
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 10);

/// What all nodes call the cluster.
pub(crate) fn zone_config() -> ZoneConfig {
    ZoneConfig {
        domain: "cluster.local".parse().expect("the literal is a name"),
        server: SERVER,
    }
}

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
        let mut wanted = Rules::new(&site, view, host_ports);
        self.plant.rules(&mut wanted.ruleset, &self.machine.rules);
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
        self.name_services(desk);
    }

    /// Makes the zone what the view asks for; it is put together when somebody asks.
    fn name_services(&self, desk: &mut Desk<'_>) {
        let view = self.agent.following.view();
        desk.tell(Fact::Names {
            node: self.name.clone(),
            services: view.all().collect(),
            slices: view.all().collect(),
        });
    }
}

/// The zone of a node that sees this.
pub(crate) fn zone(services: &[Arc<Service>], slices: &[Arc<EndpointSlice>]) -> Zone {
    let services = services.iter().map(AsRef::as_ref);
    Zone::new(&zone_config(), services, slices.iter().map(AsRef::as_ref))
}
