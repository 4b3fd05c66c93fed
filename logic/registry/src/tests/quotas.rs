//! Quotas and ranges: what a namespace may take, and what its containers get that do not ask.

use serde_json::{Value, json};

use super::{Server, config_map, pod, request, with};
use crate::Step;

/// Makes a quota that has been counted.
fn quota(server: &mut Server, name: &str, spec: &Value, used: &Value) {
    let mut body = json!({"apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": name}, "spec": spec});
    server.ok(
        request("create v1 resourcequotas default/"),
        Some(body.clone()),
    );
    body["status"] = json!({"hard": spec["hard"], "used": used});
    let line = format!("update v1 resourcequotas/status default/{name}");
    server.ok(request(&line), Some(body));
}

fn used(server: &mut Server, name: &str) -> Value {
    let line = format!("get v1 resourcequotas default/{name}");
    server.ok(request(&line), None)["status"]["used"].clone()
}

fn asking(name: &str, resources: Value) -> Value {
    let mut pod = pod(name);
    pod["spec"]["containers"][0]["resources"] = resources;
    pod
}

fn create(server: &mut Server, body: Value) -> String {
    let plural = body["kind"].as_str().unwrap().to_lowercase() + "s";
    let line = format!("create v1 {plural} default/");
    let (code, answer) = server.send(request(&line), Some(body));
    format!("{code} {}", answer["message"].as_str().unwrap_or("made"))
}

#[test]
fn what_is_made_is_charged_and_no_more_is_made_than_allowed() {
    let mut server = Server::new();
    let hard = json!({"hard": {"pods": "2", "requests.cpu": "1", "count/configmaps": "1"}});
    let none = json!({"pods": "0", "requests.cpu": "0", "count/configmaps": "0"});
    quota(&mut server, "most", &hard, &none);
    let small = |name| asking(name, json!({"requests": {"cpu": "300m"}}));
    assert_eq!(create(&mut server, small("a")), "201 made");
    let all = json!({"pods": "1", "requests.cpu": "300m", "count/configmaps": "0"});
    assert_eq!(used(&mut server, "most"), all);
    let large = asking("b", json!({"requests": {"cpu": "800m"}}));
    assert_eq!(
        create(&mut server, large),
        "403 pods \"b\" is forbidden: exceeded quota: most, requested: requests.cpu=800m, used: \
         requests.cpu=300m, limited: requests.cpu=1"
    );
    assert_eq!(create(&mut server, small("b")), "201 made");
    assert_eq!(
        create(&mut server, small("c")),
        "403 pods \"c\" is forbidden: exceeded quota: most, requested: pods=1, used: pods=2, \
         limited: pods=2"
    );
    let map = |name| config_map(name, json!({}));
    let kind = "configmaps \"n\" is forbidden: exceeded quota: most, requested: \
                count/configmaps=1, used: count/configmaps=1, limited: count/configmaps=1";
    server.ok(request("create v1 configmaps default/"), Some(map("m")));
    let (code, answer) = server.send(request("create v1 configmaps default/"), Some(map("n")));
    assert_eq!((code, answer["message"].as_str()), (403, Some(kind)));
}

#[test]
fn a_dry_run_asks_the_quota_and_takes_nothing() {
    let mut server = Server::new();
    let hard = json!({"hard": {"pods": "1"}});
    quota(&mut server, "most", &hard, &json!({"pods": "0"}));
    let dry = || with("create v1 pods default/", |options| options.dry_run = true);
    server.ok(dry(), Some(pod("a")));
    assert_eq!(used(&mut server, "most"), json!({"pods": "0"}));
    server.ok(request("create v1 pods default/"), Some(pod("a")));
    let refused = server.refused(dry(), Some(pod("b")));
    assert!(refused.contains("exceeded quota"), "{refused}");
}

#[test]
fn a_quota_of_amounts_wants_to_know_them() {
    let mut server = Server::new();
    let hard = json!({"hard": {"limits.memory": "1Gi", "cpu": "1"}});
    let none = json!({"limits.memory": "0", "cpu": "0"});
    quota(&mut server, "most", &hard, &none);
    assert_eq!(
        create(&mut server, pod("a")),
        "403 pods \"a\" is forbidden: failed quota: most: must specify cpu for: main; \
         limits.memory for: main"
    );
}

#[test]
fn what_nobody_has_counted_is_not_given_away() {
    let mut server = Server::new();
    let hard = json!({"hard": {"pods": "2"}});
    quota(&mut server, "most", &hard, &json!({}));
    assert_eq!(
        create(&mut server, pod("a")),
        "403 pods \"a\" is forbidden: status unknown for quota: most, resources: pods"
    );
}

#[test]
fn scopes_say_which_pods_are_meant() {
    let mut server = Server::new();
    let lazy = json!({"hard": {"pods": "0"}, "scopes": ["BestEffort", "NotTerminating"]});
    quota(&mut server, "lazy", &lazy, &json!({"pods": "0"}));
    let high = json!({"hard": {"pods": "0"}, "scopeSelector": {"matchExpressions": [
        {"scopeName": "PriorityClass", "operator": "In", "values": ["system-node-critical"]},
    ]}});
    quota(&mut server, "high", &high, &json!({"pods": "0"}));
    let busy = asking("busy", json!({"requests": {"cpu": "1"}}));
    assert_eq!(create(&mut server, busy), "201 made");
    let mut ending = pod("ending");
    ending["spec"]["activeDeadlineSeconds"] = json!(60);
    assert_eq!(create(&mut server, ending), "201 made");
    let refused = create(&mut server, pod("idle"));
    assert!(refused.contains("exceeded quota: lazy"), "{refused}");
    let mut first = asking("first", json!({"requests": {"cpu": "1"}}));
    first["spec"]["priorityClassName"] = json!("system-node-critical");
    let refused = create(&mut server, first);
    assert!(refused.contains("exceeded quota: high"), "{refused}");
}

#[test]
fn an_update_pays_the_difference() {
    let mut server = Server::new();
    let hard = json!({"hard": {"services": "1", "services.nodeports": "1"}});
    let none = json!({"services": "0", "services.nodeports": "0"});
    quota(&mut server, "most", &hard, &none);
    let service = |kind: &str, ports: Value| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
            "spec": {"type": kind, "ports": ports}})
    };
    let one = json!([{"name": "a", "port": 80}]);
    let two = json!([{"name": "a", "port": 80}, {"name": "b", "port": 81}]);
    assert_eq!(
        create(&mut server, service("ClusterIP", one.clone())),
        "201 made"
    );
    let update = || request("update v1 services default/web");
    server.ok(update(), Some(service("NodePort", one.clone())));
    let full = json!({"services": "1", "services.nodeports": "1"});
    assert_eq!(used(&mut server, "most"), full);
    assert_eq!(
        server.refused(update(), Some(service("NodePort", two))),
        "403 Forbidden: services \"web\" is forbidden: exceeded quota: most, requested: \
         services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1"
    );
    server.ok(update(), Some(service("ClusterIP", one)));
    let back = json!({"services": "1", "services.nodeports": "0"});
    assert_eq!(used(&mut server, "most"), back);
}

#[test]
fn of_two_that_come_at_once_only_one_takes_the_last_place() {
    let mut server = Server::new();
    let hard = json!({"hard": {"pods": "2"}});
    quota(&mut server, "most", &hard, &json!({"pods": "0"}));
    // The first pod of a namespace brings an account along, which is not what this is about.
    server.ok(request("create v1 pods default/"), Some(pod("first")));
    let decided = ["a", "b"].map(|name| {
        let mut request = request("create v1 pods default/");
        request.caller = server.caller.clone();
        request.body = Some(crate::Body {
            bytes: pod(name).to_string().into(),
            format: crate::Format::Json,
        });
        let Ok(Step::Commit { txn, .. }) = server.step(&request) else {
            panic!("{name} was refused");
        };
        txn
    });
    server.store.commit_now(&decided[0]).unwrap();
    let late = server.store.commit_now(&decided[1]).unwrap_err();
    assert!(late.to_string().contains("resourcequotas"), "{late}");
}

#[test]
fn what_was_decided_before_there_was_a_quota_is_decided_again() {
    let mut server = Server::new();
    let mut request = request("create v1 pods default/");
    request.caller = server.caller.clone();
    request.body = Some(crate::Body {
        bytes: pod("a").to_string().into(),
        format: crate::Format::Json,
    });
    let Ok(Step::Commit { txn, .. }) = server.step(&request) else {
        panic!("there is no quota yet");
    };
    let hard = json!({"hard": {"pods": "0"}});
    quota(&mut server, "none", &hard, &json!({"pods": "0"}));
    let late = server.store.commit_now(&txn).unwrap_err();
    assert!(late.to_string().contains("~quotas"), "{late}");
}

#[test]
fn a_count_that_has_not_seen_everything_is_refused() {
    let mut server = Server::new();
    let hard = json!({"hard": {"pods": "5"}});
    quota(&mut server, "most", &hard, &json!({"pods": "0"}));
    let before = server.snapshot().revision();
    server.ok(request("create v1 pods default/"), Some(pod("a")));
    let counted = server.ok(request("get v1 resourcequotas default/most"), None);
    let pods = gantry_api::GroupResource::new("", "pods");
    let at = |revision| {
        let seen = vec![(pods.clone(), revision)];
        with("update v1 resourcequotas/status default/most", |options| {
            options.seen = seen;
        })
    };
    let refused = server.refused(at(before), Some(counted.clone()));
    assert!(refused.starts_with("409"), "{refused}");
    let now = server.snapshot().revision();
    server.ok(at(now), Some(counted));
}

fn range(server: &mut Server, limits: Value) {
    let body = json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "range"},
        "spec": {"limits": limits}});
    server.ok(request("create v1 limitranges default/"), Some(body));
}

#[test]
fn containers_that_do_not_ask_get_what_the_range_says() {
    let mut server = Server::new();
    range(
        &mut server,
        json!([{"type": "Container", "default": {"cpu": "500m"}, "defaultRequest": {"cpu": "100m"},
            "min": {"memory": "8Mi"}}]),
    );
    let made = server.ok(request("create v1 pods default/"), Some(pod("a")));
    assert_eq!(
        made["spec"]["containers"][0]["resources"],
        json!({"limits": {"cpu": "500m"}, "requests": {"cpu": "100m", "memory": "8Mi"}})
    );
    assert_eq!(made["status"]["qosClass"], "Burstable");
    assert_eq!(
        made["metadata"]["annotations"]["kubernetes.io/limit-ranger"],
        "LimitRanger plugin set: cpu limit for container main; cpu, memory request for container \
         main"
    );
}

#[test]
fn what_lies_outside_of_the_range_is_refused() {
    let mut server = Server::new();
    range(
        &mut server,
        json!([
            {"type": "Container", "min": {"cpu": "100m"}, "max": {"cpu": "1"},
                "maxLimitRequestRatio": {"cpu": "2"}},
            {"type": "Pod", "max": {"memory": "1Gi"}},
        ]),
    );
    let wide = json!({"requests": {"cpu": "50m"}, "limits": {"cpu": "2", "memory": "2Gi"}});
    assert_eq!(
        create(&mut server, asking("a", wide)),
        "403 pods \"a\" is forbidden: [minimum cpu usage per Container is 100m, but request is \
         50m, maximum cpu usage per Container is 1, but limit is 2, cpu max limit to request ratio \
         per Container is 2, but provided ratio is 40.000000, maximum memory usage per Pod is 1Gi, \
         but limit is 2Gi]"
    );
    assert_eq!(
        create(&mut server, asking("a", json!({"limits": {"cpu": "1"}}))),
        "403 pods \"a\" is forbidden: maximum memory usage per Pod is 1Gi.  No limit is specified"
    );
}
