//! Stories: requests go in, what clients see comes out. The store is the one in memory, the kinds
//! are the built-in ones; nothing is made up.

mod apply;
mod certificates;
mod conversions;
mod custom;
mod deletion;
mod errands;
mod evictions;
mod extensions;
mod kinds;
mod lists;
mod notes;
mod options;
mod owned;
mod paths;
mod pod_security;
mod pods;
mod policies;
mod published;
mod quotas;
mod reviews;
mod services;
mod storage;
mod watches;
mod webhooks;
mod workloads;
mod writes;

use gantry_access::Access;
use gantry_api::{Caller, Rejection};
use gantry_base::entropy::Seeded;
use gantry_store::{MemoryStore, Snapshot, Store};
use serde_json::{Value, json};

use crate::request::{Body, DeleteOptions, Format, PatchType};
use crate::{Around, Catalog, Registry, Request, Resource, Settings, Step, Verb, WatchPlan};

/// A server without sockets.
struct Server {
    catalog: Catalog,
    store: MemoryStore,
    chance: Seeded,
    now: gantry_base::Timestamp,
    caller: Caller,
}

/// A code, and what was answered.
type Answer = (u16, Value);

impl Server {
    fn new() -> Self {
        let mut server = Self {
            catalog: Catalog::new(gantry_kinds::builtin(), Settings::default()),
            store: MemoryStore::default(),
            chance: Seeded::new(7),
            now: "2026-03-01T10:00:00Z".parse().expect("a time"),
            caller: Caller::authenticated("admin", &["system:masters"]),
        };
        server.ok(
            request("create v1 namespaces"),
            Some(json!({
                "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"},
            })),
        );
        server
    }

    /// The kinds as they are now.
    fn registry(&self) -> std::sync::Arc<Registry> {
        self.catalog.clone().registry(&self.snapshot())
    }

    fn snapshot(&self) -> Snapshot {
        self.store.snapshot()
    }

    fn step(&mut self, request: &Request) -> Result<Step, Rejection> {
        let snapshot = self.snapshot();
        let access = Access::compile(&snapshot);
        let around = Around {
            snapshot: &snapshot,
            access: &access,
            now: self.now,
            chance: &mut self.chance,
        };
        self.catalog.registry(&snapshot).handle(request, around)
    }

    /// Sends a request, with whatever body is given.
    fn send(&mut self, mut request: Request, body: Option<Value>) -> Answer {
        if let Some(body) = body {
            request.body = Some(Body {
                bytes: body.to_string().into(),
                format: Format::Json,
            });
        }
        request.caller = self.caller.clone();
        if request.user_agent.is_empty() {
            request.user_agent = "tests/1".to_owned();
        }
        match self.carried_out(&request) {
            Ok(answer) => answer,
            Err(rejection) => (rejection.code(), rejection.status()),
        }
    }

    fn carried_out(&mut self, request: &Request) -> Result<Answer, Rejection> {
        let (reply, revision) = match self.step(request)? {
            Step::Reply(reply) => (reply, None),
            Step::Commit { txn, reply } => (
                reply,
                Some(self.store.commit_now(&txn).expect("nobody else writes")),
            ),
            Step::CommitEach { txns, reply } => {
                for txn in txns {
                    self.store.commit_now(&txn).expect("nobody else writes");
                }
                (reply, None)
            }
            // Nobody has a token here.
            Step::Authenticate(check) => (check.reply(Err("unknown token".to_owned())), None),
            Step::Watch(_) | Step::Sign(_) | Step::Ask(_) => panic!("not in this test"),
        };
        let (code, warnings) = (reply.code, reply.warnings.clone());
        let pieces = reply.into_pieces(revision).concat();
        let mut answer: Value = serde_json::from_slice(&pieces).expect("JSON");
        if !warnings.is_empty() {
            answer["WARNINGS"] = json!(warnings);
        }
        Ok((code, answer))
    }

    /// Sends a request that must succeed.
    fn ok(&mut self, request: Request, body: Option<Value>) -> Value {
        let (code, answer) = self.send(request, body);
        assert!(code < 300, "{code}: {answer:#}");
        answer
    }

    /// Sends a request that must fail, and tells how.
    fn refused(&mut self, request: Request, body: Option<Value>) -> String {
        let (code, answer) = self.send(request, body);
        assert!(code >= 400, "{code}: {answer:#}");
        let text = answer["message"].as_str().unwrap_or_default();
        format!(
            "{code} {}: {text}",
            answer["reason"].as_str().unwrap_or_default()
        )
    }

    fn watch(&mut self, mut request: Request) -> Box<WatchPlan> {
        request.caller = self.caller.clone();
        let step = self.step(&request).expect("a watch");
        let Step::Watch(plan) = step else {
            panic!("not a watch: {step:?}")
        };
        plan
    }
}

/// A request written as `verb apiVersion plural[/subresource] [namespace/][name]`.
fn request(line: &str) -> Request {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let verb = match words[0] {
        "get" => Verb::Get,
        "list" => Verb::List,
        "watch" => Verb::Watch,
        "create" => Verb::Create,
        "update" => Verb::Update,
        "json-patch" => Verb::Patch(PatchType::Json),
        "merge-patch" => Verb::Patch(PatchType::Merge),
        "patch" => Verb::Patch(PatchType::StrategicMerge),
        "apply" => Verb::Patch(PatchType::Apply),
        "delete" => Verb::Delete,
        "deletecollection" => Verb::DeleteCollection,
        other => panic!("no such verb: {other}"),
    };
    let (plural, part) = words[2].split_once('/').unwrap_or((words[2], ""));
    let mut request = Request::new(verb, Resource::new(words[1], plural));
    request.subresource = (!part.is_empty()).then(|| part.to_owned());
    if let Some(place) = words.get(3) {
        let (namespace, name) = place
            .rsplit_once('/')
            .map_or((None, *place), |(namespace, name)| {
                (Some(namespace.to_owned()), name)
            });
        request.namespace = namespace;
        request.name = (!name.is_empty()).then(|| name.to_owned());
    }
    request
}

fn with(line: &str, change: impl FnOnce(&mut crate::Options)) -> Request {
    let mut request = request(line);
    change(&mut request.options);
    request
}

fn config_map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": "nginx"}]},
    })
}

fn grace(seconds: i64) -> impl FnOnce(&mut crate::Options) {
    move |options| {
        options.delete = DeleteOptions {
            grace_period_seconds: Some(seconds),
            ..DeleteOptions::default()
        };
    }
}
