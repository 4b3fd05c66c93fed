//! What is written down of requests, read back from the file.

use std::path::Path;
use std::sync::Arc;

use gantry_audit::{Audit, AuditConfig, LogConfig};
use serde_json::{Value, json};

use super::world::World;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// What is written down of what `ask` does under a policy with these rules.
async fn written(rules: Value, ask: impl AsyncFnOnce(&World)) -> Vec<Value> {
    let dir = tempfile::tempdir().unwrap();
    let policy = json!({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": rules});
    let file = dir.path().join("policy.json");
    std::fs::write(&file, policy.to_string()).unwrap();
    let config = AuditConfig {
        policy: file,
        log: Some(LogConfig::new(dir.path().join("audit.log"))),
        webhook: None,
    };
    let audit = Audit::open(&config, |text| serde_json::from_str::<Value>(text)).unwrap();
    let world = World::audited(Arc::new(audit));
    ask(&world).await;
    world.stop.send(()).unwrap();
    world.server.await.unwrap();
    read(&dir.path().join("audit.log"))
}

fn read(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// Level, stage, verb, who, what and the answer's code of each event.
fn shown(events: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |event: &Value| {
        format!(
            "{} {} {} {} {}/{} {}",
            text(&event["level"]),
            text(&event["stage"]),
            text(&event["verb"]),
            text(&event["user"]["username"]),
            text(&event["objectRef"]["resource"]),
            text(&event["objectRef"]["name"]),
            event["responseStatus"]["code"]
        )
    };
    events.iter().map(line).collect()
}

#[tokio::test]
async fn who_did_what_is_written_down_and_no_more_than_that() {
    let rules = json!([
        {"level": "None", "nonResourceURLs": ["/livez*"]},
        {"level": "Metadata", "omitStages": ["RequestReceived"]},
    ]);
    let events = written(rules, async |world: &World| {
        let mut admin = world.admin().await;
        let space = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "default"}});
        admin
            .expect(201, "POST", "/api/v1/namespaces", &space)
            .await;
        admin.get("/livez", &[]).await;
        let agent = [
            ("user-agent", "tests"),
            ("audit-id", "7"),
            ("x-forwarded-for", "10.0.0.9"),
        ];
        admin.get("/api/v1/namespaces/default", &agent).await;
        world
            .stranger()
            .await
            .get("/api/v1/nodes?limit=1", &[])
            .await;
        let as_jane = [("impersonate-user", "jane")];
        admin.get("/api/v1/nodes/x", &as_jane).await;
        let token = [("authorization", "Bearer nonsense")];
        world.nobody().await.get("/api/v1/nodes", &token).await;
    })
    .await;
    assert_eq!(
        shown(&events),
        [
            "Metadata ResponseComplete create kubernetes-admin namespaces/default 201",
            "Metadata ResponseComplete get kubernetes-admin namespaces/default 200",
            "Metadata ResponseComplete list stranger nodes/- 403",
            "Metadata ResponseComplete get kubernetes-admin nodes/x 403",
            "Metadata ResponseStarted list - nodes/- 401",
        ]
    );
    let told = events
        .iter()
        .all(|event| event.get("requestObject").is_none());
    assert!(told, "{events:?}");
    assert_eq!(events[1]["auditID"], "7");
    assert_eq!(events[1]["userAgent"], "tests");
    assert_eq!(events[1]["sourceIPs"], json!(["10.0.0.9", "127.0.0.1"]));
    assert_eq!(
        events[1]["annotations"]["authorization.k8s.io/decision"],
        "allow"
    );
    let refused = &events[2];
    assert_eq!(refused["requestURI"], "/api/v1/nodes?limit=1");
    assert_eq!(
        refused["annotations"]["authorization.k8s.io/decision"],
        "forbid"
    );
    assert_eq!(refused["responseStatus"]["reason"], "Forbidden");
    assert_eq!(events[3]["impersonatedUser"]["username"], "jane");
}

#[tokio::test]
async fn what_was_sent_and_answered_is_written_down_where_that_is_wanted() {
    let rules = json!([
        {"level": "RequestResponse", "omitManagedFields": true, "verbs": ["create", "list"],
            "resources": [{"group": "", "resources": ["configmaps"]}]},
        {"level": "Request", "verbs": ["patch"]},
    ]);
    let events = written(rules, async |world: &World| {
        let mut admin = world.admin().await;
        let space = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "default"}});
        admin
            .expect(201, "POST", "/api/v1/namespaces", &space)
            .await;
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "one"}, "data": {"a": "b"}});
        admin.expect(201, "POST", MAPS, &map).await;
        let change = json!({"data": {"a": "c"}});
        admin
            .expect(200, "PATCH", &format!("{MAPS}/one"), &change)
            .await;
        admin.get(MAPS, &[]).await;
    })
    .await;
    let stages: Vec<String> = shown(&events);
    assert_eq!(
        stages,
        [
            "RequestResponse RequestReceived create kubernetes-admin configmaps/- null",
            "RequestResponse ResponseComplete create kubernetes-admin configmaps/one 201",
            "Request RequestReceived patch kubernetes-admin configmaps/one null",
            "Request ResponseComplete patch kubernetes-admin configmaps/one 200",
            "RequestResponse RequestReceived list kubernetes-admin configmaps/- null",
            "RequestResponse ResponseComplete list kubernetes-admin configmaps/- 200",
        ]
    );
    let made = &events[1];
    assert_eq!(made["requestObject"]["data"]["a"], "b");
    assert_eq!(made["responseObject"]["data"]["a"], "b");
    assert!(made["responseObject"]["metadata"]["uid"].is_string());
    assert_eq!(
        made["responseObject"]["metadata"].get("managedFields"),
        None
    );
    assert_eq!(events[3]["requestObject"], json!({"data": {"a": "c"}}));
    assert_eq!(events[3].get("responseObject"), None);
    assert_eq!(events[5]["responseObject"]["kind"], "ConfigMapList");
}

#[tokio::test]
async fn a_watch_is_told_when_it_begins_and_when_it_is_over() {
    let rules = json!([{"level": "RequestResponse", "omitStages": ["RequestReceived"]}]);
    let events = written(rules, async |world: &World| {
        let mut admin = world.admin().await;
        admin
            .get("/api/v1/nodes?watch=1&timeoutSeconds=1", &[])
            .await;
    })
    .await;
    assert_eq!(
        shown(&events),
        [
            "RequestResponse ResponseStarted watch kubernetes-admin nodes/- 200",
            "RequestResponse ResponseComplete watch kubernetes-admin nodes/- 200",
        ]
    );
}
