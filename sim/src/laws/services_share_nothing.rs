//! No two Services share a cluster address or a node port.

use std::collections::BTreeMap;

use serde_json::Value;

use gantry_api::{Object, ObjectKey};

use super::{Broken, Seen, Sight, Verdict, objects};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    holders: BTreeMap<String, ObjectKey>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "services share nothing"
    }

    fn change(&mut self, change: &Seen, _sight: &Sight<'_>) -> Verdict {
        if !change.is_core("services") {
            return Ok(());
        }
        for place in change.old.iter().flat_map(|old| places(old)) {
            self.holders.remove(&place);
        }
        for place in change.new.iter().flat_map(|new| places(new)) {
            let what = format!("both have {place}");
            if let Some(other) = self.holders.insert(place, change.key.clone()) {
                return Err(Broken::new(&change.key, what).and(other));
            }
        }
        Ok(())
    }
}

/// The cluster addresses and the node ports of a Service, in words.
fn places(service: &Object) -> Vec<String> {
    let addresses = objects::list(service, &["spec", "clusterIPs"]).iter();
    let addresses = addresses.filter_map(Value::as_str);
    let addresses = addresses.filter(|address| *address != "None");
    let ports = objects::list(service, &["spec", "ports"]).iter();
    let ports = ports.filter_map(|port| Some((port["nodePort"].as_u64()?, &port["protocol"])));
    let ports = ports.map(|(port, protocol)| format!("the node port {port} of {protocol}"));
    let addresses = addresses.map(|address| format!("the address {address}"));
    addresses.chain(ports).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Law as _;
    use super::super::testing::{changed, made, nothing, sight};
    use super::*;

    fn service(name: &str, address: &str, port: u64) -> Value {
        json!({
            "metadata": {"namespace": "default", "name": name},
            "spec": {"clusterIPs": [address], "ports": [{"nodePort": port, "protocol": "TCP"}]},
        })
    }

    #[test]
    fn what_one_has_no_other_gets_until_it_is_given_back() {
        let (mut law, snapshot) = (Law::default(), nothing());
        let mut judge = |change: Seen| law.change(&change, &sight(&snapshot));
        let (a, b) = (
            service("a", "10.0.0.1", 30_001),
            service("b", "10.0.0.2", 30_002),
        );
        assert!(judge(made("services", &a)).is_ok());
        assert!(judge(changed("services", &a, &a)).is_ok());
        assert!(judge(made("services", &b)).is_ok());
        assert!(judge(made("services", &service("c", "10.0.0.3", 30_001))).is_err());
        assert!(judge(changed("services", &b, &Value::Null)).is_ok());
        assert!(judge(made("services", &service("d", "10.0.0.2", 30_002))).is_ok());
        assert!(judge(made("services", &service("e", "None", 30_003))).is_ok());
        assert!(judge(made("services", &service("f", "None", 30_004))).is_ok());
    }
}
