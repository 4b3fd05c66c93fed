//! What admission makes of pods, and how they are bound.

use serde_json::json;

use super::{Server, pod, request};

#[test]
fn a_pod_finds_its_account_made_with_it() {
    let mut server = Server::new();
    let made = server.ok(request("create v1 pods default/"), Some(pod("web")));
    let spec = &made["spec"];
    assert_eq!(spec["serviceAccountName"], "default");
    let volume = spec["volumes"][0]["name"].as_str().unwrap();
    assert!(volume.starts_with("kube-api-access-"), "{volume}");
    assert_eq!(spec["containers"][0]["volumeMounts"][0]["name"], volume);
    assert_eq!(spec["tolerations"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&spec["priority"], &spec["restartPolicy"]),
        (&json!(0), &json!("Always"))
    );
    assert_eq!(made["status"]["phase"], "Pending");
    server.ok(request("get v1 serviceaccounts default/default"), None);
}

#[test]
fn a_pod_of_an_unknown_account_is_refused() {
    let mut server = Server::new();
    let mut body = pod("web");
    body["spec"]["serviceAccountName"] = json!("robot");
    assert_eq!(
        server.refused(request("create v1 pods default/"), Some(body)),
        "403 Forbidden: pods \"web\" is forbidden: error looking up service account \
         default/robot: serviceaccount \"robot\" not found"
    );
}

#[test]
fn a_missing_namespace_is_named() {
    let mut server = Server::new();
    assert_eq!(
        server.refused(request("create v1 pods nowhere/"), Some(pod("web"))),
        "404 NotFound: namespaces \"nowhere\" not found"
    );
}

#[test]
fn a_pod_is_bound_once() {
    let mut server = Server::new();
    server.ok(request("create v1 pods default/"), Some(pod("web")));
    let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "web"},
        "target": {"apiVersion": "v1", "kind": "Node", "name": "n1"}});
    let bound = server.send(
        request("create v1 pods/binding default/web"),
        Some(binding.clone()),
    );
    assert_eq!((bound.0, &bound.1["status"]), (201, &json!("Success")));
    let read = server.ok(request("get v1 pods default/web"), None);
    assert_eq!(read["spec"]["nodeName"], "n1");
    assert_eq!(read["status"]["conditions"][0]["type"], "PodScheduled");
    assert_eq!(
        bound.1["metadata"],
        json!({"resourceVersion": read["metadata"]["resourceVersion"]}),
        "who binds the next pod knows what to wait for"
    );
    let refused = server.refused(request("create v1 pods/binding default/web"), Some(binding));
    assert!(refused.starts_with("409 Conflict"), "{refused}");
}

#[test]
fn classes_of_the_system_stay_and_only_one_class_is_the_default() {
    let mut server = Server::new();
    let class = |name: &str, value: i32, is_default: bool| {
        serde_json::json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
            "metadata": {"name": name}, "value": value, "globalDefault": is_default})
    };
    let create = || request("create scheduling.k8s.io/v1 priorityclasses");
    server.ok(create(), Some(class("one", 5, true)));
    let refused = server.refused(create(), Some(class("two", 6, true)));
    assert!(
        refused.contains("PriorityClass one is already marked as default"),
        "{refused}"
    );
    let system = class("system-node-critical", 2_000_001_000, false);
    server.ok(create(), Some(system));
    let line = "delete scheduling.k8s.io/v1 priorityclasses system-node-critical";
    let refused = server.refused(request(line), None);
    assert!(refused.contains("cannot be deleted"), "{refused}");
    let mut pod = super::pod("a");
    pod["spec"]["preemptionPolicy"] = serde_json::json!("Never");
    let refused = server.refused(request("create v1 pods default/"), Some(pod));
    assert!(
        refused.contains("the string value of PreemptionPolicy (Never) must not be provided"),
        "{refused}"
    );
}
