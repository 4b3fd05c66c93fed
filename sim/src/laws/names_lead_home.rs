//! Once all has settled, every node knows every Service by its name, and no other by any.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;

use gantry_api::Object;
use gantry_dns::wire::Record;
use gantry_dns::{Name, Zone};

use super::{Broken, Sight, Verdict};
use crate::actors::node::routes::{zone, zone_config};
use crate::fact::Fact;

/// The Services and EndpointSlices that a node sees.
type Seen = (Vec<Arc<Service>>, Vec<Arc<EndpointSlice>>);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// What each node answers by.
    seen: BTreeMap<String, Seen>,
    /// Services that were there once.
    ever: BTreeSet<(String, String)>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "names lead home"
    }

    fn fact(&mut self, fact: &Fact, _sight: &Sight<'_>) -> Verdict {
        if let Fact::Names {
            node,
            services,
            slices,
        } = fact
        {
            let seen = (services.clone(), slices.clone());
            self.seen.insert(node.clone(), seen);
        }
        Ok(())
    }

    fn change(&mut self, change: &super::Seen, _sight: &Sight<'_>) -> Verdict {
        if change.is_core("services") && change.old.is_none() {
            let key = &change.key;
            self.ever.insert((key.namespace.clone(), key.name.clone()));
        }
        Ok(())
    }

    fn settled(&mut self, sight: &Sight<'_>) -> Verdict {
        let seen = self.seen.iter();
        let zones = seen.map(|(node, (services, slices))| (node, zone(services, slices)));
        let zones: Vec<(&String, Zone)> = zones.collect();
        for (namespace, name) in &self.ever {
            let key = format!("services/{namespace}/{name}");
            let stored = sight.snapshot.get(&key.as_str().into());
            let service = stored.map(|stored| stored.value.object(stored.modified));
            let wanted = service.as_ref().and_then(address);
            let asked: Name = format!("{name}.{namespace}.svc.{}", zone_config().domain)
                .parse()
                .expect("names of Services are names");
            for (node, zone) in &zones {
                let mut found = zone.records(&asked).into_iter().flatten();
                let found = found.find_map(|record| match record {
                    Record::A(address) => Some(*address),
                    _ => None,
                });
                let is_headless = service.is_some() && wanted.is_none();
                if !is_headless && found != wanted {
                    let what = format!("{asked} is {wanted:?}, and {node} says {found:?}");
                    return Err(Broken::new(&key, what).and(node));
                }
            }
        }
        Ok(())
    }
}

fn address(service: &Object) -> Option<Ipv4Addr> {
    service.text(&["spec", "clusterIP"]).parse().ok()
}
