//! No address belongs to two live pods: not in sandboxes at any time, and not in the API once it
//! has settled.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use gantry_kubelet::sandbox::PodRef;

use super::{Broken, Sight, Verdict, objects};
use crate::fact::Fact;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    holders: BTreeMap<Ipv4Addr, PodRef>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "addresses belong to one"
    }

    fn fact(&mut self, fact: &Fact, _sight: &Sight<'_>) -> Verdict {
        match fact {
            Fact::Sandbox {
                pod,
                address: Some(address),
                node,
            } => {
                let other = self.holders.insert(*address, pod.clone());
                match other.filter(|other| other != pod) {
                    Some(other) => {
                        let what = format!("both have the address {address}");
                        Err(Broken::new(pod, what).and(other).and(node))
                    }
                    None => Ok(()),
                }
            }
            Fact::NoSandbox { pod, .. } => {
                self.holders.retain(|_, holder| holder != pod);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn settled(&mut self, sight: &Sight<'_>) -> Verdict {
        let mut holders = BTreeMap::new();
        for (key, pod) in objects::all(sight.snapshot, "", "pods") {
            let address = pod.text(&["status", "podIP"]);
            let is_own = pod.at(&["spec", "hostNetwork"]) != Some(&true.into());
            if address.is_empty() || !is_own || objects::has_ended(&pod) {
                continue;
            }
            if let Some(other) = holders.insert(address.to_owned(), key.clone()) {
                let what = format!("both have the address {address}");
                return Err(Broken::new(key, what).and(other));
            }
        }
        Ok(())
    }
}
