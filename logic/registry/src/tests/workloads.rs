//! Jobs, autoscalers, and pods that are changed while they run.

use serde_json::{Value, json};

use super::{Server, pod, request};

#[test]
fn pods_of_a_job_stay_unless_somebody_says_otherwise() {
    let mut server = Server::new();
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "pi"},
        "spec": {"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "main", "image": "perl:5"}],
        }}},
    });
    server.ok(request("create batch/v1 jobs default/"), Some(job.clone()));
    let going = server.ok(request("delete batch/v1 jobs default/pi"), None);
    assert_eq!(going["metadata"]["finalizers"], json!(["orphan"]));
    let told = going["WARNINGS"][0].as_str().unwrap();
    assert!(
        told.starts_with("child pods are preserved by default"),
        "{told}"
    );
    let background = json!({
        "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background",
    });
    let gone = server.ok(request("delete batch/v1 jobs default/pi"), Some(background));
    assert_eq!(
        (&gone["status"], &gone["WARNINGS"]),
        (&json!("Success"), &Value::Null)
    );
}

#[test]
fn an_autoscaler_is_one_object_in_two_versions() {
    let mut server = Server::new();
    let first = json!({
        "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "maxReplicas": 3,
        },
    });
    let path = |verb: &str, version: &str, name: &str| {
        request(&format!(
            "{verb} autoscaling/{version} horizontalpodautoscalers default/{name}"
        ))
    };
    let made = server.ok(path("create", "v1", ""), Some(first));
    assert_eq!(made["spec"]["targetCPUUtilizationPercentage"], 80);
    let second = server.ok(path("get", "v2", "web"), None);
    assert_eq!(second["metadata"]["uid"], made["metadata"]["uid"]);
    let target = &second["spec"]["metrics"][0]["resource"]["target"];
    assert_eq!(target["averageUtilization"], 80);
    let patch = json!({"spec": {"targetCPUUtilizationPercentage": 60}});
    server.ok(path("merge-patch", "v1", "web"), Some(patch));
    let list = server.ok(path("list", "v2", ""), None);
    let target = &list["items"][0]["spec"]["metrics"][0]["resource"]["target"];
    assert_eq!(target["averageUtilization"], 60);
    let listed = server.ok(path("list", "v1", ""), None);
    assert_eq!(listed["apiVersion"], "autoscaling/v1");
    let spec = &listed["items"][0]["spec"];
    assert_eq!(spec["targetCPUUtilizationPercentage"], 60);
    let group = server.registry().group(&[], "autoscaling").unwrap();
    assert_eq!(group["preferredVersion"]["version"], "v2");
}

#[test]
fn there_is_no_component_to_tell_about() {
    let mut server = Server::new();
    let list = server.ok(request("list v1 componentstatuses"), None);
    assert_eq!(
        (&list["kind"], &list["items"]),
        (&json!("ComponentStatusList"), &json!([]))
    );
    let missing = server.refused(request("get v1 componentstatuses etcd-0"), None);
    assert!(missing.starts_with("404 NotFound"), "{missing}");
}

#[test]
fn containers_for_debugging_join_and_stay() {
    let mut server = Server::new();
    let made = server.ok(request("create v1 pods default/"), Some(pod("web")));
    let debug = |container: Value| json!({"spec": {"ephemeralContainers": [container]}});
    let part = |verb: &str| request(&format!("{verb} v1 pods/ephemeralcontainers default/web"));
    let shell = json!({"name": "shell", "image": "busybox", "targetContainerName": "main"});
    let joined = server.ok(part("patch"), Some(debug(shell)));
    assert_eq!(
        joined["spec"]["ephemeralContainers"][0]["imagePullPolicy"],
        "Always"
    );
    assert_eq!(joined["metadata"]["generation"], 2);
    let mut other = joined.clone();
    other["metadata"]["labels"]["app"] = json!("other");
    other["spec"]["containers"][0]["image"] = json!("other");
    other["spec"]["ephemeralContainers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "second", "image": "busybox"}));
    let second = server.ok(part("update"), Some(other));
    assert_eq!(second["metadata"]["labels"], made["metadata"]["labels"]);
    assert_eq!(second["spec"]["containers"], made["spec"]["containers"]);
    assert_eq!(
        second["spec"]["ephemeralContainers"]
            .as_array()
            .unwrap()
            .len(),
        2
    );

    let mut without = second.clone();
    without["spec"]["ephemeralContainers"]
        .as_array_mut()
        .unwrap()
        .remove(0);
    let refused = server.refused(part("update"), Some(without));
    assert!(
        refused.contains("\"shell\" may not be removed"),
        "{refused}"
    );
    let wrong = json!({
        "name": "main", "image": "", "targetContainerName": "none",
        "ports": [{"containerPort": 80}],
    });
    let refused = server.refused(part("patch"), Some(debug(wrong)));
    for part in [
        "spec.ephemeralContainers[2].name: Duplicate value: \"main\"",
        "spec.ephemeralContainers[2].image: Required value",
        "spec.ephemeralContainers[2].targetContainerName: Not found: \"none\"",
        "spec.ephemeralContainers[2].ports: Forbidden: cannot be set for an Ephemeral Container",
    ] {
        assert!(refused.contains(part), "{refused}");
    }
    assert_eq!(server.ok(part("get"), None), second);
}

#[test]
fn processors_and_memory_change_while_a_pod_runs() {
    let mut server = Server::new();
    let mut body = pod("web");
    body["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "100m"}});
    server.ok(request("create v1 pods default/"), Some(body));
    let part = |verb: &str| request(&format!("{verb} v1 pods/resize default/web"));
    let resources = |resources: Value| json!({"spec": {"containers": [{"name": "main", "image": "x", "resources": resources}]}});
    let larger = resources(json!({"requests": {"cpu": "200m", "memory": "1Gi"}}));
    let resized = server.ok(part("patch"), Some(larger));
    let container = &resized["spec"]["containers"][0];
    assert_eq!(container["resources"]["requests"]["cpu"], "200m");
    assert_eq!(
        container["image"], "nginx",
        "nothing else may be changed here"
    );
    assert_eq!(resized["metadata"]["generation"], 2);
    for (wrong, said) in [
        (
            json!({"limits": {"cpu": "200m", "memory": "1Gi"}}),
            "Pod QOS Class may not change as a result of resizing",
        ),
        (
            json!({"requests": {"cpu": null}}),
            "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed",
        ),
        (
            json!({"requests": {"ephemeral-storage": "1Gi"}}),
            "spec: Forbidden: only cpu and memory resources are mutable",
        ),
    ] {
        let refused = server.refused(part("patch"), Some(resources(wrong)));
        assert!(refused.contains(said), "{refused}");
    }
    let running = json!({"status": {"containerStatuses": [{
        "name": "main", "image": "", "imageID": "", "ready": true, "restartCount": 0,
        "state": {"running": {}},
    }]}});
    server.ok(
        request("merge-patch v1 pods/status default/web"),
        Some(running),
    );
    let again = resources(json!({"requests": {"cpu": "300m"}}));
    let refused = server.refused(part("patch"), Some(again));
    assert!(
        refused.contains("Pod running on node without support for resize"),
        "{refused}"
    );
}
