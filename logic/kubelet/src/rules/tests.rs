use serde_json::json;

use gantry_api::Revision;

use super::*;
use crate::sandbox_config::Names;

fn site() -> Site {
    Site {
        name: "n1".to_owned(),
        addresses: vec![Ipv4Addr::new(192, 0, 2, 1)],
        dns: None,
    }
}

/// A view with a pod that has a host port.
fn view() -> View {
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "p", "namespace": "n", "uid": "u"},
        "spec": {"containers": [{"name": "c", "ports": [
            {"containerPort": 80, "hostPort": 8080, "hostIP": "0.0.0.0", "protocol": "TCP"},
            {"containerPort": 81, "protocol": "TCP"},
        ]}]},
    }))
    .unwrap();
    let mut view = View::default();
    view.put(Arc::new(pod), Revision(1));
    view
}

#[test]
fn a_port_of_the_node_leads_to_its_pod_once_that_has_an_address() {
    let (view, mut state) = (view(), State::new("10.244.0.0/24".parse().unwrap()));
    assert!(state.host_ports(&view).is_empty());
    let pod = view.get::<Pod>("n", "p").unwrap();
    state
        .sandbox_config(&reference(&pod), &pod, &Names::default())
        .unwrap();
    let ports = state.host_ports(&view);
    assert_eq!(ports.len(), 1);
    assert_eq!((ports[0].address, ports[0].port), (None, 8080));
    assert_eq!(ports[0].target.port, 80);

    let rules = Rules::new(&site(), &view, ports);
    assert!(!rules.ruleset.frontends.is_empty());
    assert!(rules.routed().is_empty(), "no Service leads there");
}
