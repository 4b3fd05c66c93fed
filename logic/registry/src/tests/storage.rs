//! Classes that fill themselves in, and what is held while it is in use.

use serde_json::{Value, json};

use super::{Server, pod, request};

fn class(server: &mut Server, name: &str, mark: &str, fields: Value) {
    let mut body = json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {"name": name, "annotations": {
            "storageclass.kubernetes.io/is-default-class": mark,
        }},
        "provisioner": "example.com/disk",
    });
    for (field, value) in fields.as_object().unwrap() {
        body[field] = value.clone();
    }
    server.ok(
        request("create storage.k8s.io/v1 storageclasses"),
        Some(body),
    );
}

fn claim(fields: Value) -> Value {
    let mut body = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    });
    for (field, value) in fields.as_object().unwrap() {
        body["spec"][field] = value.clone();
    }
    body
}

fn made(server: &mut Server, fields: Value) -> Value {
    let request = request("create v1 persistentvolumeclaims default/");
    server.ok(request, Some(claim(fields)))
}

#[test]
fn a_claim_has_the_newest_of_the_default_classes() {
    let mut server = Server::new();
    class(&mut server, "zz", "true", json!({}));
    server.now = "2026-03-01T11:00:00Z".parse().unwrap();
    class(&mut server, "fast", "true", json!({}));
    class(&mut server, "slow", "true", json!({}));
    class(&mut server, "other", "false", json!({}));
    let claim = made(&mut server, json!({}));
    assert_eq!(claim["spec"]["storageClassName"], "fast");
    assert_eq!(
        claim["metadata"]["finalizers"],
        json!(["kubernetes.io/pvc-protection"])
    );
}

#[test]
fn an_empty_class_is_a_choice() {
    let mut server = Server::new();
    class(&mut server, "fast", "true", json!({}));
    let claim = made(&mut server, json!({"storageClassName": ""}));
    assert_eq!(claim["spec"]["storageClassName"], "");
}

#[test]
fn a_claim_grows_when_its_class_allows_it() {
    let mut server = Server::new();
    class(&mut server, "still", "false", json!({}));
    class(
        &mut server,
        "fast",
        "true",
        json!({"allowVolumeExpansion": true}),
    );
    made(&mut server, json!({"storageClassName": "still"}));
    let bound = json!({"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}});
    let status = || request("merge-patch v1 persistentvolumeclaims/status default/data");
    let update = || request("merge-patch v1 persistentvolumeclaims default/data");
    let grow = json!({"spec": {"resources": {"requests": {"storage": "2Gi"}}}});
    server.ok(status(), Some(bound.clone()));
    let refused = server.refused(update(), Some(grow.clone()));
    assert!(refused.contains("must support resize"), "{refused}");

    let free = json!({"metadata": {"finalizers": null}});
    server.ok(update(), Some(free));
    server.ok(
        request("delete v1 persistentvolumeclaims default/data"),
        None,
    );
    made(&mut server, json!({}));
    server.ok(status(), Some(bound));
    let grown = server.ok(update(), Some(grow));
    assert_eq!(grown["spec"]["resources"]["requests"]["storage"], "2Gi");
}

#[test]
fn what_is_held_stays_until_it_is_let_go() {
    let mut server = Server::new();
    made(&mut server, json!({}));
    let gone = server.ok(
        request("delete v1 persistentvolumeclaims default/data"),
        None,
    );
    assert!(gone["metadata"]["deletionTimestamp"].is_string(), "{gone}");
    server.ok(
        request("merge-patch v1 persistentvolumeclaims default/data"),
        Some(json!({"metadata": {"finalizers": null}})),
    );
    let line = request("get v1 persistentvolumeclaims default/data");
    assert!(server.refused(line, None).starts_with("404"));
}

#[test]
fn an_ingress_has_the_default_class_unless_it_names_one() {
    let mut server = Server::new();
    server.ok(
        request("create networking.k8s.io/v1 ingressclasses"),
        Some(json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
            "metadata": {"name": "usual", "annotations": {
                "ingressclass.kubernetes.io/is-default-class": "true",
            }},
            "spec": {"controller": "example.com/a"},
        })),
    );
    let mut ingress = |name: &str, class: Value| {
        let mut body = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name},
            "spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}},
        });
        body["spec"]["ingressClassName"] = class;
        let line = request("create networking.k8s.io/v1 ingresses default/");
        server.ok(line, Some(body))["spec"]["ingressClassName"].clone()
    };
    assert_eq!(ingress("a", Value::Null), "usual");
    assert_eq!(ingress("b", json!("odd")), "odd");
}

#[test]
fn a_pod_pays_for_its_runtime_class_and_goes_where_it_is() {
    let mut server = Server::new();
    let with = |class: &str, fields: Value| {
        let mut pod = pod("web");
        pod["spec"]["runtimeClassName"] = json!(class);
        for (field, value) in fields.as_object().unwrap() {
            pod["spec"][field] = value.clone();
        }
        pod
    };
    let create = || request("create v1 pods default/");
    assert_eq!(
        server.refused(create(), Some(with("kata", json!({})))),
        "403 Forbidden: pods \"web\" is forbidden: pod rejected: RuntimeClass \"kata\" not found"
    );
    server.ok(
        request("create node.k8s.io/v1 runtimeclasses"),
        Some(json!({
            "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "kata"},
            "handler": "kata", "overhead": {"podFixed": {"cpu": "100m"}},
            "scheduling": {
                "nodeSelector": {"kata": "yes"},
                "tolerations": [{"key": "kata", "operator": "Exists"}],
            },
        })),
    );
    let other = json!({"overhead": {"cpu": "1"}});
    let refused = server.refused(create(), Some(with("kata", other.clone())));
    assert!(refused.contains("Overhead doesn't match"), "{refused}");
    let refused = server.refused(create(), Some(with("", other)));
    assert!(
        refused.contains("without corresponding RuntimeClass"),
        "{refused}"
    );
    let elsewhere = json!({"nodeSelector": {"kata": "no"}});
    let refused = server.refused(create(), Some(with("kata", elsewhere)));
    assert!(
        refused.ends_with(
            "conflict: runtimeClass.scheduling.nodeSelector[kata] = yes; \
             pod.spec.nodeSelector[kata] = no"
        ),
        "{refused}"
    );
    let own = json!({"nodeSelector": {"disk": "ssd"}});
    let spec = server.ok(create(), Some(with("kata", own)))["spec"].clone();
    assert_eq!(spec["overhead"], json!({"cpu": "100m"}));
    assert_eq!(spec["nodeSelector"], json!({"disk": "ssd", "kata": "yes"}));
    assert_eq!(spec["tolerations"].as_array().unwrap().len(), 3);
}
