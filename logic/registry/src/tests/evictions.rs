//! Evictions and the budgets that they are charged to.

use serde_json::{Value, json};

use super::{Server, pod, request, with};

fn eviction(name: &str) -> Value {
    json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}})
}

/// Makes a pod that runs on a node, ready or not.
fn running(server: &mut Server, name: &str, ready: &str) {
    server.ok(request("create v1 pods default/"), Some(pod(name)));
    let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
        "target": {"kind": "Node", "name": "n"}});
    let line = format!("create v1 pods/binding default/{name}");
    server.ok(request(&line), Some(binding));
    let status = json!({"status": {"phase": "Running",
        "conditions": [{"type": "Ready", "status": ready}]}});
    let line = format!("merge-patch v1 pods/status default/{name}");
    server.ok(request(&line), Some(status));
}

fn budget(server: &mut Server, name: &str, spec: Value, status: Value) {
    let mut body = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"app": "web"}}}});
    for (field, value) in spec.as_object().unwrap() {
        body["spec"][field] = value.clone();
    }
    let line = "create policy/v1 poddisruptionbudgets default/";
    body["metadata"] = server.ok(request(line), Some(body.clone()))["metadata"].clone();
    body["status"] = status;
    let line = format!("update policy/v1 poddisruptionbudgets/status default/{name}");
    server.ok(request(&line), Some(body));
}

fn counted(allowed: i64) -> Value {
    json!({"observedGeneration": 1, "disruptionsAllowed": allowed, "currentHealthy": 1 + allowed,
        "desiredHealthy": 1, "expectedPods": 2})
}

fn evict(server: &mut Server, name: &str) -> (u16, Value) {
    let line = format!("create v1 pods/eviction default/{name}");
    server.send(request(&line), Some(eviction(name)))
}

#[test]
fn an_eviction_is_charged_to_the_budget_until_nothing_is_left() {
    let mut server = Server::new();
    for name in ["a", "b"] {
        running(&mut server, name, "True");
    }
    budget(&mut server, "web", json!({"minAvailable": 1}), counted(1));
    let dry = with("create v1 pods/eviction default/a", |options| {
        options.dry_run = true;
    });
    assert_eq!(server.send(dry, Some(eviction("a"))).0, 201);
    assert_eq!(evict(&mut server, "a").0, 201);
    let get = "get policy/v1 poddisruptionbudgets default/web";
    let left = server.ok(request(get), None)["status"].clone();
    assert_eq!(left["disruptionsAllowed"], 0);
    assert_eq!(left["disruptedPods"], json!({"a": "2026-03-01T10:00:00Z"}));
    assert_eq!(left["conditions"][0]["reason"], "InsufficientPods");
    let (code, refusal) = evict(&mut server, "b");
    assert_eq!((code, &refusal["reason"]), (429, &json!("TooManyRequests")));
    assert_eq!(
        refusal["details"]["causes"],
        json!([{"reason": "DisruptionBudget", "message":
            "The disruption budget web needs 1 healthy pods and has 2 currently"}])
    );
    let gone = server.ok(request("get v1 pods default/a"), None);
    assert_eq!(
        gone["status"]["conditions"][1]["reason"],
        "EvictionByEvictionAPI"
    );
}

#[test]
fn a_budget_that_nobody_has_counted_lets_nobody_go() {
    let mut server = Server::new();
    running(&mut server, "a", "True");
    let fresh = json!({"disruptionsAllowed": 1, "currentHealthy": 1, "desiredHealthy": 0,
        "expectedPods": 1});
    budget(&mut server, "web", json!({"maxUnavailable": 1}), fresh);
    let (code, refusal) = evict(&mut server, "a");
    assert_eq!(
        (code, &refusal["details"]["retryAfterSeconds"]),
        (429, &json!(10))
    );
}

#[test]
fn who_is_not_ready_goes_when_enough_others_are_or_the_budget_says_so() {
    let mut server = Server::new();
    running(&mut server, "a", "False");
    let none = json!({"observedGeneration": 1, "disruptionsAllowed": 0, "currentHealthy": 0,
        "desiredHealthy": 1, "expectedPods": 1});
    budget(&mut server, "web", json!({"minAvailable": 1}), none);
    assert_eq!(evict(&mut server, "a").0, 429);
    let always = json!({"spec": {"unhealthyPodEvictionPolicy": "AlwaysAllow"}});
    let line = "merge-patch policy/v1 poddisruptionbudgets default/web";
    server.ok(request(line), Some(always));
    assert_eq!(evict(&mut server, "a").0, 201);
}

#[test]
fn who_serves_nobody_needs_no_budget_and_two_budgets_are_one_too_many() {
    let mut server = Server::new();
    running(&mut server, "a", "True");
    server.ok(request("create v1 pods default/"), Some(pod("waiting")));
    budget(&mut server, "one", json!({"minAvailable": 1}), counted(0));
    assert_eq!(evict(&mut server, "waiting").0, 201);
    budget(&mut server, "two", json!({"minAvailable": 1}), counted(0));
    let (code, refusal) = evict(&mut server, "a");
    assert_eq!(code, 500);
    let text = refusal["message"].as_str().unwrap();
    assert!(text.contains("does not support"), "{text}");
}
