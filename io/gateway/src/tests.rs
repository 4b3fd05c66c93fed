//! The gateway over the store in memory: permission, conflicts, streams.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gantry_api::Caller;
use gantry_base::entropy::Seeded;
use gantry_registry::request::Body;
use gantry_registry::{Format, PatchType, Request, Resource, Settings, Verb};
use gantry_store::{
    CommitError, KeyRange, MemoryStore, Revision, Snapshot, Store, Txn, Watch, WatchError,
};
use serde_json::{Value, json};

use crate::{Config, Gateway, NoMessenger, NoTokens, Response, SystemClock};

/// A store in which somebody else wins the first races.
#[derive(Clone, Default)]
struct Contested {
    inner: MemoryStore,
    losses: Arc<AtomicUsize>,
}

impl Store for Contested {
    fn snapshot(&self) -> Snapshot {
        self.inner.snapshot()
    }

    fn commit(&self, txn: Txn) -> impl Future<Output = Result<Revision, CommitError>> + Send {
        let loses = self
            .losses
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            })
            .is_ok();
        let key = "configmaps/default/a".into();
        let lost = CommitError::Conflict {
            key,
            read: Revision(1),
            found: Revision(2),
        };
        let result = if loses {
            Err(lost)
        } else {
            self.inner.commit_now(&txn)
        };
        async move { result }
    }

    fn watch(&self, range: KeyRange, since: Revision) -> Result<Watch, WatchError> {
        self.inner.watch(range, since)
    }
}

fn gateway(store: impl Store) -> Gateway {
    gateway_of(store, Settings::default())
}

fn gateway_of(store: impl Store, settings: Settings) -> Gateway {
    Gateway::new(
        store,
        Config {
            kinds: gantry_kinds::builtin(),
            settings,
            clock: Arc::new(SystemClock::default()),
            entropy: Box::new(Seeded::new(3)),
            signer: Arc::new(NoTokens),
            authenticator: Arc::new(NoTokens),
            messenger: Arc::new(NoMessenger),
        },
    )
}

fn request(verb: Verb, plural: &str, name: &str) -> Request {
    let mut request = Request::new(verb, Resource::new("v1", plural));
    request.namespace = (plural != "namespaces").then(|| "default".to_owned());
    request.name = (!name.is_empty()).then(|| name.to_owned());
    request.caller = Caller::authenticated("admin", &["system:masters"]);
    request
}

fn with_body(mut request: Request, body: &Value) -> Request {
    request.body = Some(Body {
        bytes: body.to_string().into(),
        format: Format::Json,
    });
    request
}

fn config_map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
}

async fn prepared(store: impl Store) -> Gateway {
    with_namespace(gateway(store)).await
}

async fn with_namespace(gateway: Gateway) -> Gateway {
    let namespace =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}});
    let made = gateway
        .call(with_body(
            request(Verb::Create, "namespaces", ""),
            &namespace,
        ))
        .await;
    assert_eq!(made.code, 201, "{made:?}");
    gateway
}

fn json(response: &Response) -> Value {
    serde_json::from_slice(&response.content.clone().concat()).unwrap()
}

#[tokio::test]
async fn a_patch_that_loses_a_race_is_decided_again() {
    let store = Contested::default();
    let gateway = prepared(store.clone()).await;
    gateway
        .call(with_body(
            request(Verb::Create, "configmaps", ""),
            &config_map("a"),
        ))
        .await;
    let patch = request(Verb::Patch(PatchType::Merge), "configmaps", "a");
    let patch = with_body(patch, &json!({"data": {"k": "v"}}));
    store.losses.store(4, Ordering::SeqCst);
    let patched = gateway.call(patch.clone()).await;
    assert_eq!(
        (patched.code, &json(&patched)["data"]["k"]),
        (200, &json!("v"))
    );
    store.losses.store(5, Ordering::SeqCst);
    let other = with_body(patch, &json!({"data": {"k": "w"}}));
    assert_eq!(gateway.call(other).await.code, 409);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn services_made_at_the_same_time_share_nothing() {
    let settings = Settings {
        node_ports: 30_000..=30_063,
        ..Settings::default()
    };
    let gateway = with_namespace(gateway_of(MemoryStore::default(), settings)).await;
    let made = (0..60).map(|index| {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("s{index}")},
            "spec": {"type": "NodePort", "ports": [{"port": 80}]},
        });
        let request = with_body(request(Verb::Create, "services", ""), &service);
        let gateway = gateway.clone();
        tokio::spawn(async move { gateway.call(request).await })
    });
    let made: Vec<_> = made.collect();
    let (mut addresses, mut ports) = (BTreeSet::new(), BTreeSet::new());
    for response in made {
        let service = json(&response.await.unwrap());
        let spec = &service["spec"];
        addresses.insert(
            spec["clusterIP"]
                .as_str()
                .unwrap_or_else(|| panic!("{service}"))
                .to_owned(),
        );
        ports.insert(spec["ports"][0]["nodePort"].as_u64().unwrap());
    }
    assert_eq!((addresses.len(), ports.len()), (60, 60));
}

#[tokio::test]
async fn nobody_reads_without_permission() {
    let gateway = prepared(MemoryStore::default()).await;
    let mut list = request(Verb::List, "pods", "");
    list.caller = Caller::authenticated("jane", &[]);
    let refused = gateway.call(list).await;
    assert_eq!(
        json(&refused)["message"],
        "pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the \
         namespace \"default\": no role is bound to this user or its groups here"
    );
}

#[tokio::test(start_paused = true)]
async fn a_watch_tells_marks_and_ends() {
    let gateway = prepared(MemoryStore::default()).await;
    gateway
        .call(with_body(
            request(Verb::Create, "configmaps", ""),
            &config_map("a"),
        ))
        .await;
    let mut watch = request(Verb::Watch, "configmaps", "");
    watch.options.send_initial_events = Some(true);
    watch.options.resource_version_match = Some("NotOlderThan".to_owned());
    watch.options.allow_bookmarks = true;
    watch.options.timeout_seconds = Some(90);
    let mut stream = gateway.watch(watch).await.unwrap();
    let mut told = Vec::new();
    for _ in 0..2 {
        told.push(stream.next().await.unwrap());
    }
    gateway
        .call(with_body(
            request(Verb::Create, "configmaps", ""),
            &config_map("b"),
        ))
        .await;
    while let Some(frame) = stream.next().await {
        told.push(frame);
    }
    let told: Vec<String> = told
        .iter()
        .map(|frame| {
            let frame: Value = serde_json::from_slice(frame).unwrap();
            let meta = &frame["object"]["metadata"];
            let mark = meta["annotations"]["k8s.io/initial-events-end"].as_str();
            let name = meta["name"].as_str().or(mark).unwrap_or("");
            format!("{} {name}", frame["type"].as_str().unwrap())
        })
        .collect();
    assert_eq!(told, ["ADDED a", "BOOKMARK true", "ADDED b", "BOOKMARK "]);
}

#[tokio::test]
async fn two_watchers_of_the_same_view_share_a_frame() {
    let gateway = prepared(MemoryStore::default()).await;
    let open = async || {
        gateway
            .watch(request(Verb::Watch, "configmaps", ""))
            .await
            .unwrap()
    };
    let (mut one, mut two) = (open().await, open().await);
    gateway
        .call(with_body(
            request(Verb::Create, "configmaps", ""),
            &config_map("a"),
        ))
        .await;
    let (left, right) = (one.next().await.unwrap(), two.next().await.unwrap());
    assert_eq!(left.as_ptr(), right.as_ptr());
}

#[tokio::test]
async fn roles_count_as_soon_as_they_are_written() {
    let gateway = prepared(MemoryStore::default()).await;
    let rbac = "rbac.authorization.k8s.io/v1";
    let write = |plural: &str, body: Value| {
        let mut request = request(Verb::Create, plural, "");
        request.resource = Resource::new(rbac, plural);
        gateway.call(with_body(request, &body))
    };
    let role = json!({"apiVersion": rbac, "kind": "Role", "metadata": {"name": "reader"},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]});
    let binding = json!({"apiVersion": rbac, "kind": "RoleBinding", "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane"}]});
    let list = || {
        let mut list = request(Verb::List, "pods", "");
        list.caller = Caller::authenticated("jane", &[]);
        gateway.call(list)
    };
    assert_eq!(list().await.code, 403);
    assert_eq!(write("roles", role).await.code, 201);
    assert_eq!(write("rolebindings", binding).await.code, 201);
    assert_eq!(list().await.code, 200);
}

/// What a read at a revision is answered, and after how many seconds.
async fn read_at(gateway: &Gateway, verb: Verb, revision: Revision) -> (u16, Value, u64) {
    let name = if verb == Verb::Get { "a" } else { "" };
    let mut read = request(verb, "configmaps", name);
    read.options.resource_version = Some(revision.to_string());
    let begun = tokio::time::Instant::now();
    let answer = gateway.call(read).await;
    (answer.code, json(&answer), begun.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_does_not_come_is_refused_after_a_while() {
    let store = MemoryStore::default();
    let gateway = prepared(store.clone()).await;
    let newest = store.snapshot().revision();
    let future = Revision(newest.0 + 1000);
    for verb in [Verb::Get, Verb::List] {
        let (code, status, seconds) = read_at(&gateway, verb, future).await;
        assert_eq!((code, seconds), (504, 3));
        let message = format!("Timeout: Too large resource version: {future}, current: {newest}");
        assert_eq!(
            status,
            json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": message, "reason": "Timeout", "code": 504,
                "details": {
                    "causes": [{
                        "reason": "ResourceVersionTooLarge",
                        "message": "Too large resource version",
                    }],
                    "retryAfterSeconds": 1,
                },
            })
        );
    }
    let mut watch = request(Verb::Watch, "configmaps", "");
    watch.options.resource_version = Some(future.to_string());
    let begun = tokio::time::Instant::now();
    assert_eq!(gateway.watch(watch).await.unwrap_err().code(), 504);
    assert_eq!(begun.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_comes_late_is_waited_for() {
    let store = MemoryStore::default();
    let gateway = prepared(store.clone()).await;
    let next = Revision(store.snapshot().revision().0 + 1);
    let make = async {
        tokio::task::yield_now().await;
        let make = with_body(request(Verb::Create, "configmaps", ""), &config_map("a"));
        assert_eq!(gateway.call(make).await.code, 201);
    };
    let (read, ()) = tokio::join!(read_at(&gateway, Verb::Get, next), make);
    let (code, object, seconds) = read;
    assert_eq!((code, &object["metadata"]["name"]), (200, &json!("a")));
    assert_eq!(seconds, 0);
}

#[tokio::test]
async fn the_index_of_schemas_names_each_by_what_it_holds() {
    let gateway = gateway(MemoryStore::default());
    let index: Value =
        serde_json::from_slice(&gateway.openapi_v3_index(&crate::Others::default()).plain())
            .unwrap();
    let mut hashes = BTreeSet::new();
    for (path, place) in index["paths"].as_object().unwrap() {
        let etag = gateway.openapi_v3(path).unwrap().etag;
        let url = format!("/openapi/v3/{path}?hash={etag}");
        assert_eq!(place["serverRelativeURL"], url);
        assert!(hashes.insert(etag), "{path} is like another");
    }
    assert!(hashes.len() > 20);
}

#[tokio::test]
async fn a_published_document_is_what_its_compressed_form_holds() {
    let gateway = gateway(MemoryStore::default());
    let document = gateway.openapi_v3("apis/apps/v1").unwrap();
    assert!(document.gzip.len() < 150_000, "{}", document.gzip.len());
    let plain: Value = serde_json::from_slice(&document.plain()).unwrap();
    assert_eq!(plain["openapi"], "3.0.0");
    assert_eq!(gateway.openapi_v3("apis/none/v1"), None);
}

/// Prints what a create costs: `cargo test --release -p gantry-gateway -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "a measurement"]
async fn what_a_create_costs() {
    let gateway = prepared(MemoryStore::default()).await;
    let count: u32 = 5_000;
    let begun = std::time::Instant::now();
    for index in 0..count {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("p{index}")},
            "spec": {"containers": [{"name": "main", "image": "nginx"}]},
        });
        let made = gateway
            .call(with_body(request(Verb::Create, "pods", ""), &pod))
            .await;
        assert_eq!(made.code, 201);
    }
    println!("{:?} per create", begun.elapsed() / count);
}

#[test]
fn a_store_that_was_closed_is_seen_to_be() {
    let store = MemoryStore::default();
    let gateway = gateway(store.clone());
    assert!(gateway.store_is_open());
    store.close();
    assert!(!gateway.store_is_open());
}

/// A request about definitions, or about what the one of these tests defines.
fn of_kinds(verb: Verb, plural: &str, name: &str) -> Request {
    let version = match plural {
        "gauges" => "example.com/v1",
        _ => "apiextensions.k8s.io/v1",
    };
    let mut request = request(verb, plural, name);
    request.resource = Resource::new(version, plural);
    request.namespace = (plural == "gauges").then(|| "default".to_owned());
    request
}

/// Defines `gauges`, as the controller of definitions would.
async fn define(gateway: &Gateway) {
    const PLURAL: &str = "customresourcedefinitions";
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "gauges.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced",
            "names": {"plural": "gauges", "kind": "Gauge"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object"}}}]},
    });
    let create = with_body(of_kinds(Verb::Create, PLURAL, ""), &definition);
    let mut made = json(&gateway.call(create).await);
    made["status"]["acceptedNames"] = made["spec"]["names"].clone();
    made["status"]["conditions"] = json!([{"type": "Established", "status": "True",
        "reason": "A", "message": "", "lastTransitionTime": "2026-03-01T10:00:00Z"}]);
    let mut status = of_kinds(Verb::Update, PLURAL, "gauges.example.com");
    status.subresource = Some("status".to_owned());
    let established = gateway.call(with_body(status, &made)).await;
    assert_eq!(established.code, 200, "{}", json(&established));
}

#[tokio::test]
async fn a_watch_of_a_kind_ends_when_its_definition_goes() {
    let gateway = prepared(MemoryStore::default()).await;
    define(&gateway).await;
    let mut watch = of_kinds(Verb::Watch, "gauges", "");
    watch.options.timeout_seconds = Some(3600);
    let mut watch = gateway.watch(watch).await.unwrap();
    let gauge = json!({"metadata": {"name": "a"}});
    let create = with_body(of_kinds(Verb::Create, "gauges", ""), &gauge);
    assert_eq!(gateway.call(create).await.code, 201);
    let frame: Value = serde_json::from_slice(&watch.next().await.unwrap()).unwrap();
    assert_eq!(frame["type"], "ADDED");
    let delete = of_kinds(
        Verb::Delete,
        "customresourcedefinitions",
        "gauges.example.com",
    );
    assert_eq!(gateway.call(delete).await.code, 200);
    assert_eq!(watch.next().await, None);
}
