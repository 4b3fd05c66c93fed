use serde_json::{Value, json};

use super::*;

fn said(spec: Value) -> Vec<String> {
    unsupported(&serde_json::from_value(json!({"metadata": {"name": "p"}, "spec": spec})).unwrap())
}

#[test]
fn an_ordinary_pod_is_supported() {
    let spec = json!({
        "containers": [{"name": "c", "resources": {"limits": {"cpu": "1", "example.com/thing": "2"}}}],
        "volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "hostPath": {"path": "/"}}],
        "securityContext": {"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "0"}]},
    });
    assert!(said(spec).is_empty());
}

#[test]
fn whatever_cannot_be_done_is_named() {
    let spec = json!({
        "hostUsers": false,
        "containers": [{
            "name": "c",
            "livenessProbe": {"grpc": {"port": 1}},
            "resources": {"limits": {"hugepages-2Mi": "4Mi"}},
            "volumeDevices": [{"name": "d", "devicePath": "/dev/x"}],
        }],
        "volumes": [{"name": "data", "nfs": {"server": "s", "path": "/"}}],
        "securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]},
    });
    assert_eq!(
        said(spec),
        [
            "spec.hostUsers: false is not supported by this node",
            "forbidden sysctl: \"kernel.msgmax\" not allowlisted",
            "volume \"data\": type nfs is not supported by this node",
            "container \"c\": volumeDevices are not supported by this node",
            "container \"c\": livenessProbe.grpc is not supported by this node",
            "container \"c\": resource hugepages-2Mi is not supported by this node",
        ]
    );
}
