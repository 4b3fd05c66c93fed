//! Who owns what, as managed fields tell it.

use serde_json::{Value, json};

use super::{Server, config_map, pod, request, with};

fn managers(object: &Value) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array().unwrap();
    let shown = entries.iter().map(|entry| {
        let text = |name: &str| entry[name].as_str().unwrap_or("");
        let (manager, operation) = (text("manager"), text("operation"));
        format!(
            "{manager} {operation} {}: {}",
            text("subresource"),
            entry["fieldsV1"]
        )
    });
    shown.collect()
}

#[test]
fn a_creator_owns_the_defaults_it_caused_and_nothing_that_admission_added() {
    let mut server = Server::new();
    let made = server.ok(request("create v1 pods default/"), Some(pod("a")));
    assert!(made["spec"]["tolerations"].is_array());
    assert!(made["spec"]["volumes"].is_array());
    assert_eq!(
        managers(&made),
        [
            "tests Update : {\"f:metadata\":{\"f:labels\":{\".\":{},\"f:app\":{}}},\"f:spec\":{\
          \"f:containers\":{\"k:{\\\"name\\\":\\\"main\\\"}\":{\".\":{},\"f:image\":{},\
          \"f:imagePullPolicy\":{},\"f:name\":{},\"f:resources\":{},\"f:terminationMessagePath\":{},\
          \"f:terminationMessagePolicy\":{}}},\"f:dnsPolicy\":{},\"f:enableServiceLinks\":{},\
          \"f:restartPolicy\":{},\"f:schedulerName\":{},\"f:securityContext\":{},\
          \"f:terminationGracePeriodSeconds\":{}}}"
        ]
    );
}

#[test]
fn a_service_gets_its_address_from_nobody() {
    let mut server = Server::new();
    let body = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"ports": [{"port": 80}]}});
    let made = server.ok(request("create v1 services default/"), Some(body));
    assert!(made["spec"]["clusterIP"].is_string());
    let told = managers(&made).concat();
    assert!(
        told.contains("f:sessionAffinity") && !told.contains("f:clusterIP"),
        "{told}"
    );
}

#[test]
fn managers_are_cleared_by_one_empty_entry_and_not_through_a_subresource() {
    let mut server = Server::new();
    let made = server.ok(request("create v1 pods default/"), Some(pod("a")));
    let nobody = json!({"metadata": {"managedFields": [{}]}});
    let kept = server.ok(
        request("merge-patch v1 pods/status default/a"),
        Some(nobody.clone()),
    );
    assert_eq!(managers(&kept), managers(&made));
    let nothing = json!({"metadata": {"managedFields": []}});
    let kept = server.ok(request("merge-patch v1 pods default/a"), Some(nothing));
    assert_eq!(managers(&kept), managers(&made));
    let cleared = server.ok(request("merge-patch v1 pods default/a"), Some(nobody));
    assert_eq!(cleared["metadata"].get("managedFields"), None);
}

#[test]
fn a_number_set_through_scale_and_through_the_object_changes_its_owner() {
    let mut server = Server::new();
    let body = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{"name": "main", "image": "i"}]}}}});
    server.ok(request("create apps/v1 replicasets default/"), Some(body));
    let owner = |server: &mut Server, part: &str, replicas: i64, manager: &str| {
        let patch = json!({"spec": {"replicas": replicas}});
        let line = format!("merge-patch apps/v1 replicasets{part} default/web");
        let named = with(&line, |options| {
            options.field_manager = Some(manager.to_owned())
        });
        server.ok(named, Some(patch));
        let read = server.ok(request("get apps/v1 replicasets default/web"), None);
        let all = managers(&read);
        let owners = all.iter().filter(|one| one.contains("\"f:replicas\":{}"));
        owners
            .map(|one| one.split(':').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        owner(&mut server, "/scale", 2, "scaler"),
        ["scaler Update scale"]
    );
    assert_eq!(owner(&mut server, "", 3, "editor"), ["editor Update "]);
    assert_eq!(
        owner(&mut server, "/scale", 4, "scaler"),
        ["scaler Update scale"]
    );
}

#[test]
fn who_applied_on_the_clients_side_goes_on_on_the_servers() {
    let mut server = Server::new();
    const LAST: &str = "kubectl.kubernetes.io/last-applied-configuration";
    let config = |value: &str| {
        let mut config = config_map("a", json!({"k": value, "other": "x"}));
        config["metadata"]["annotations"] = json!({});
        config
    };
    let mut body = config("v");
    body["metadata"]["annotations"][LAST] = json!(config("v").to_string());
    let by = |line: &str, manager: &str| {
        with(line, |options| {
            options.field_manager = Some(manager.to_owned())
        })
    };
    server.ok(
        by("create v1 configmaps default/", "kubectl-client-side-apply"),
        Some(body),
    );
    let line = "apply v1 configmaps default/a";
    let refused = server.refused(by(line, "another"), Some(config("w")));
    assert!(
        refused.contains("conflict with \"kubectl-client-side-apply\" using v1"),
        "{refused}"
    );
    let applied = server.ok(by(line, "kubectl"), Some(config("w")));
    assert_eq!(applied["data"]["k"], "w");
    let last = applied["metadata"]["annotations"][LAST].as_str().unwrap();
    assert!(
        last.contains("\"k\":\"w\"") && last.ends_with('\n'),
        "{last}"
    );

    let changed = json!({"data": {"other": "y"}});
    server.ok(
        by("merge-patch v1 configmaps default/a", "editor"),
        Some(changed),
    );
    let refused = server.refused(by(line, "kubectl"), Some(config("w")));
    assert!(
        refused.contains("conflict with \"editor\" using v1: .data.other"),
        "{refused}"
    );
}

#[test]
fn owners_named_twice_are_named_once_with_a_remark() {
    let mut server = Server::new();
    let owner = json!({"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"});
    let mut body = config_map("a", json!({}));
    body["metadata"]["ownerReferences"] = json!([owner, owner]);
    let made = server.ok(request("create v1 configmaps default/"), Some(body));
    assert_eq!(made["metadata"]["ownerReferences"], json!([owner]));
    let remark = made["WARNINGS"][0].as_str().unwrap();
    assert!(remark.ends_with("duplicate UID(s) observed: u"), "{remark}");
}
