//! Who is asked before something is written, and what becomes of what they say. The webhooks are
//! functions of the tests; everything else is as it is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use gantry_access::Access;
use gantry_api::Caller;
use gantry_store::CommitError;
use serde_json::{Value, json};

use super::{Server, config_map, grace, pod, request, with};
use crate::errand::{Errand, Todo};
use crate::question::{Answer, Question};
use crate::request::{Body, Format};
use crate::{Around, Request};

/// What a webhook is told, and what was asked of whom so far.
pub(super) struct Outside<'a> {
    says: &'a dyn Fn(&str, &Value) -> Value,
    pub(super) asked: Vec<(String, Value)>,
    /// How many commits fail before one succeeds.
    races: usize,
}

impl<'a> Outside<'a> {
    pub(super) fn new(says: &'a dyn Fn(&str, &Value) -> Value) -> Self {
        Self {
            says,
            asked: Vec::new(),
            races: 0,
        }
    }

    pub(super) fn answer(&mut self, question: &Question) -> Answer {
        let review: Value = serde_json::from_slice(&question.body).unwrap();
        let host = question.destination.host.clone();
        let mut answer = (self.says)(&host, &review["request"]);
        self.asked.push((host, review.clone()));
        if let Some(why) = answer.as_str() {
            return Err(why.to_owned());
        }
        if let Some(raw) = answer.get("raw") {
            return Ok(raw.to_string().into());
        }
        if answer.get("uid").is_none() {
            answer["uid"] = review["request"]["uid"].clone();
        }
        let said = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "response": answer});
        Ok(Bytes::from(said.to_string()))
    }

    /// Who was asked, in order.
    fn hosts(&self) -> Vec<&str> {
        self.asked.iter().map(|(host, _)| host.as_str()).collect()
    }
}

impl Server {
    /// Sends a request and carries out what it needs.
    pub(super) fn send_asking(
        &mut self,
        outside: &mut Outside<'_>,
        mut request: Request,
        body: Option<Value>,
    ) -> (u16, Value) {
        request.caller = self.caller.clone();
        request.body = body.map(|body| Body {
            bytes: body.to_string().into(),
            format: Format::Json,
        });
        let mut errand = Errand::new(request);
        loop {
            let (snapshot, registry) = (self.snapshot(), self.registry());
            let access = Access::compile(&snapshot);
            let around = Around {
                snapshot: &snapshot,
                access: &access,
                now: self.now,
                chance: &mut self.chance,
            };
            let reply = match errand.decide(&registry, around) {
                Err(rejection) => return (rejection.code(), rejection.status()),
                Ok(Todo::Ask(questions)) => {
                    let answers = questions
                        .iter()
                        .map(|question| (question.id.clone(), outside.answer(question)));
                    let answers = answers.collect();
                    errand.heard(answers);
                    continue;
                }
                Ok(Todo::Answer(reply)) => Some((reply, None)),
                Ok(Todo::Commit(txn)) => {
                    let result = if outside.races > 0 {
                        outside.races -= 1;
                        let key = "configmaps/default/a".into();
                        Err(CommitError::Missing { key })
                    } else {
                        self.store.commit_now(&txn)
                    };
                    let committed = errand.committed(result).unwrap();
                    committed.map(|(reply, revision)| (reply, Some(revision)))
                }
                Ok(Todo::CommitEach(txns)) => {
                    let results = txns.iter().map(|txn| self.store.commit_now(txn));
                    let reply = errand.committed_each(results.collect()).unwrap();
                    reply.map(|reply| (reply, None))
                }
                Ok(other) => panic!("not in this test: {other:?}"),
            };
            let Some((reply, revision)) = reply else {
                continue;
            };
            let (code, warnings) = (reply.code, reply.warnings.clone());
            let pieces = reply.into_pieces(revision).concat();
            let mut answer: Value = serde_json::from_slice(&pieces).unwrap();
            if !warnings.is_empty() {
                answer["WARNINGS"] = json!(warnings);
            }
            return (code, answer);
        }
    }

    /// The code and the message of what must not succeed.
    pub(super) fn refused_asking(
        &mut self,
        outside: &mut Outside<'_>,
        request: Request,
        body: Option<Value>,
    ) -> String {
        let (code, answer) = self.send_asking(outside, request, body);
        assert!(code >= 400, "{code}: {answer:#}");
        let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
        format!("{code} {}: {}", text("reason"), text("message"))
    }

    /// Configures webhooks `hosts` that are asked about config maps.
    fn configure(&mut self, kind: &str, name: &str, hosts: &[&str], more: &Value) {
        let hooks: Vec<Value> = hosts
            .iter()
            .map(|host| {
                let mut hook = json!({
                    "name": format!("{host}.hooks.example"),
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"url": format!("https://{host}/ask")},
                    "sideEffects": "None",
                    "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"],
                        "resources": ["configmaps"]}],
                });
                for (field, value) in more.as_object().unwrap() {
                    hook[field] = value.clone();
                }
                hook
            })
            .collect();
        let plural = format!("{}s", kind.to_lowercase());
        self.ok(
            request(&format!("create admissionregistration.k8s.io/v1 {plural}")),
            Some(json!({
                "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind,
                "metadata": {"name": name}, "webhooks": hooks,
            })),
        );
    }

    fn mutating(&mut self, name: &str, hosts: &[&str], more: &Value) {
        self.configure("MutatingWebhookConfiguration", name, hosts, more);
    }

    fn validating(&mut self, name: &str, hosts: &[&str], more: &Value) {
        self.configure("ValidatingWebhookConfiguration", name, hosts, more);
    }
}

/// The answer of somebody who wants this changed.
fn patch(operations: &Value) -> Value {
    json!({
        "allowed": true, "patchType": "JSONPatch",
        "patch": STANDARD.encode(operations.to_string()),
    })
}

/// The answer of somebody who adds a key to a config map.
fn adding(key: &str, value: &str) -> Value {
    patch(&json!([{"op": "add", "path": format!("/data/{key}"), "value": value}]))
}

fn create() -> Request {
    request("create v1 configmaps default/")
}

fn map() -> Option<Value> {
    Some(config_map("a", json!({"own": "x"})))
}

fn content(_: &str, _: &Value) -> Value {
    json!({"allowed": true})
}

#[test]
fn changers_are_asked_in_the_order_of_their_names_and_see_what_came_before() {
    let mut server = Server::new();
    server.mutating("b", &["third"], &json!({}));
    server.mutating("a", &["first", "second"], &json!({}));
    server.validating("0", &["judge"], &json!({}));
    let says = |host: &str, request: &Value| match host {
        "judge" => json!({"allowed": true, "warnings": ["so be it"]}),
        _ => adding(host, &request["object"]["data"].to_string()),
    };
    let mut outside = Outside::new(&says);
    let (code, made) = server.send_asking(&mut outside, create(), map());
    assert_eq!(code, 201, "{made:#}");
    assert_eq!(outside.hosts(), ["first", "second", "third", "judge"]);
    let data = &made["data"];
    assert_eq!(data["first"], r#"{"own":"x"}"#);
    assert!(data["third"].as_str().unwrap().contains("second"), "{data}");
    assert_eq!(outside.asked[3].1["request"]["object"]["data"], *data);
    assert_eq!(made["WARNINGS"], json!(["so be it"]));
    assert_eq!(
        server.ok(request("get v1 configmaps default/a"), None)["data"],
        *data
    );
}

#[test]
fn a_webhook_is_told_what_is_asked_by_whom() {
    let mut server = Server::new();
    server.validating("a", &["judge"], &json!({}));
    let mut outside = Outside::new(&content);
    let (_, made) = server.send_asking(&mut outside, create(), map());
    let review = &outside.asked[0].1;
    assert_eq!(review["apiVersion"], "admission.k8s.io/v1");
    let told = &review["request"];
    assert_eq!(told["operation"], "CREATE");
    assert_eq!(
        told["kind"],
        json!({"group": "", "version": "v1", "kind": "ConfigMap"})
    );
    assert_eq!(
        told["resource"],
        json!({"group": "", "version": "v1", "resource": "configmaps"})
    );
    assert_eq!(
        (&told["name"], &told["namespace"]),
        (&json!("a"), &json!("default"))
    );
    assert_eq!(told["userInfo"]["username"], "admin");
    assert_eq!(
        (&told["oldObject"], &told["dryRun"]),
        (&Value::Null, &json!(false))
    );
    assert_eq!(told["options"]["kind"], "CreateOptions");
    assert_eq!(told["object"]["metadata"]["uid"], made["metadata"]["uid"]);

    let update = json!({"data": {"own": "y"}});
    let (code, _) = server.send_asking(
        &mut outside,
        request("merge-patch v1 configmaps default/a"),
        Some(update),
    );
    assert_eq!(code, 200);
    let told = &outside.asked[1].1["request"];
    assert_eq!(told["operation"], "UPDATE");
    assert_eq!(told["oldObject"]["data"]["own"], "x");
    assert_eq!(told["object"]["data"]["own"], "y");
    assert_eq!(told["options"]["kind"], "PatchOptions");

    let delete = with("delete v1 configmaps default/a", grace(0));
    assert_eq!(server.send_asking(&mut outside, delete, None).0, 200);
    let told = &outside.asked[2].1["request"];
    assert_eq!(
        (&told["operation"], &told["object"]),
        (&json!("DELETE"), &Value::Null)
    );
    assert_eq!(told["oldObject"]["data"]["own"], "y");
    assert_eq!(told["options"]["gracePeriodSeconds"], 0);
}

#[test]
fn a_refusal_is_told_in_its_own_words() {
    for (says, expected) in [
        (
            json!({"allowed": false}),
            "400 : admission webhook \"judge.hooks.example\" denied the request without explanation",
        ),
        (
            json!({"allowed": false, "status": {"message": "no tea", "code": 418, "reason": "Teapot"}}),
            "418 Teapot: admission webhook \"judge.hooks.example\" denied the request: no tea",
        ),
        (
            json!({"allowed": false, "status": {"reason": "Busy", "code": 200}}),
            "400 Busy: admission webhook \"judge.hooks.example\" denied the request: Busy",
        ),
    ] {
        let mut server = Server::new();
        server.validating("a", &["judge"], &json!({"failurePolicy": "Ignore"}));
        let says = |_: &str, _: &Value| says.clone();
        let told = server.refused_asking(&mut Outside::new(&says), create(), map());
        assert_eq!(told, expected);
        server.refused(request("get v1 configmaps default/a"), None);
    }
}

/// What comes of an answer of somebody who may change things.
#[track_caller]
fn check_answer(says: &Value, expected: &str) {
    let answer = |_: &str, _: &Value| says.clone();
    let mut server = Server::new();
    server.mutating("a", &["hook"], &json!({}));
    let told = server.refused_asking(&mut Outside::new(&answer), create(), map());
    assert_eq!(told, expected);
}

#[test]
fn an_answer_that_makes_no_sense_is_none() {
    const FAILED: &str = "500 InternalError: Internal error occurred: failed calling webhook \"hook.hooks.example\": ";
    for (says, why) in [
        (
            json!("Post \"https://hook/ask?timeout=10s\": EOF"),
            "failed to call webhook: Post \"https://hook/ask?timeout=10s\": EOF",
        ),
        (
            json!({"raw": {}}),
            "received invalid webhook response: webhook response was absent",
        ),
        (
            json!({"allowed": true, "patchType": "JSONPatch"}),
            "received invalid webhook response: webhook returned response.patchType but not response.patch",
        ),
        (
            json!({"allowed": true, "patch": "W10="}),
            "received invalid webhook response: webhook returned response.patch but not response.patchType",
        ),
        (
            json!({"allowed": true, "patchType": "Merge", "patch": "e30="}),
            "received invalid webhook response: unsupported patch type \"Merge\"",
        ),
    ] {
        check_answer(&says, &format!("{FAILED}{why}"));
    }
    let uid = |_: &str, _: &Value| json!({"allowed": true, "uid": "other"});
    let kind = |_: &str, request: &Value| json!({"raw": {"apiVersion": "v1", "kind": "Status", "response": {"uid": request["uid"]}}});
    for (says, expected) in [
        (&uid as &dyn Fn(&str, &Value) -> Value, "got \"other\""),
        (
            &kind,
            "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got v1, Kind=Status",
        ),
    ] {
        let mut server = Server::new();
        server.mutating("a", &["hook"], &json!({}));
        let told = server.refused_asking(&mut Outside::new(says), create(), map());
        assert!(
            told.starts_with(FAILED) && told.ends_with(expected),
            "{told}"
        );
    }
}

#[test]
fn a_patch_that_makes_no_sense_is_refused_whatever_the_policy() {
    for (operations, expected) in [
        (
            json!({}),
            "500 InternalError: Internal error occurred: apply the patch of admission webhook",
        ),
        (
            json!([{"op": "remove", "path": "/data/none"}]),
            "500 InternalError: Internal error occurred: apply the patch of admission webhook",
        ),
        (
            json!([{"op": "add", "path": "/data/a b", "value": "x"}]),
            "422 Invalid: ConfigMap \"a\" is invalid: data[a b]: Invalid value",
        ),
        (
            json!([{"op": "replace", "path": "/data", "value": 3}]),
            "400 BadRequest: ConfigMap in version \"v1\" cannot be handled as a ConfigMap",
        ),
        (
            json!([{"op": "replace", "path": "/metadata/namespace", "value": "kube-system"}]),
            "400 BadRequest: the namespace of the provided object does not match",
        ),
    ] {
        let says = |_: &str, _: &Value| patch(&operations);
        let mut server = Server::new();
        server.mutating("a", &["hook"], &json!({"failurePolicy": "Ignore"}));
        let told = server.refused_asking(&mut Outside::new(&says), create(), map());
        assert!(told.starts_with(expected), "{told}");
    }
}

#[test]
fn what_belongs_to_the_server_stays_as_it_was() {
    let says = |_: &str, _: &Value| {
        patch(&json!([
            {"op": "replace", "path": "/metadata/uid", "value": "mine"},
            {"op": "add", "path": "/metadata/deletionTimestamp", "value": "2026-03-01T10:00:00Z"},
            {"op": "add", "path": "/odd", "value": true},
            {"op": "add", "path": "/metadata/labels", "value": {"seen": "yes"}},
        ]))
    };
    let mut server = Server::new();
    server.mutating("a", &["hook"], &json!({}));
    let (code, made) = server.send_asking(&mut Outside::new(&says), create(), map());
    assert_eq!(code, 201, "{made:#}");
    assert_ne!(made["metadata"]["uid"], "mine");
    assert_eq!(made["metadata"].get("deletionTimestamp"), None);
    assert_eq!(
        (made.get("odd"), &made["metadata"]["labels"]["seen"]),
        (None, &json!("yes"))
    );
}

#[test]
fn who_cannot_be_asked_counts_as_its_policy_says() {
    let silent = |_: &str, _: &Value| {
        json!("Post \"https://hook/ask?timeout=1s\": context deadline exceeded")
    };
    for kind in ["mutating", "validating"] {
        let mut server = Server::new();
        let ignore = json!({"failurePolicy": "Ignore"});
        match kind {
            "mutating" => server.mutating("a", &["hook"], &ignore),
            _ => server.validating("a", &["hook"], &ignore),
        }
        let (code, _) = server.send_asking(&mut Outside::new(&silent), create(), map());
        assert_eq!(code, 201);
    }
}

#[test]
fn who_may_only_judge_changes_nothing() {
    let says = |_: &str, _: &Value| adding("a", "b");
    let mut server = Server::new();
    server.validating("a", &["judge"], &json!({}));
    assert_eq!(
        server.refused_asking(&mut Outside::new(&says), create(), map()),
        "500 InternalError: Internal error occurred: failed calling webhook \
         \"judge.hooks.example\": received invalid webhook response: validating webhook may not \
         return response.patch"
    );
}

#[test]
fn who_wants_to_see_later_changes_is_asked_again() {
    let mut server = Server::new();
    server.mutating(
        "a",
        &["patient"],
        &json!({"reinvocationPolicy": "IfNeeded"}),
    );
    server.mutating("b", &["once"], &json!({}));
    server.mutating("c", &["last"], &json!({"reinvocationPolicy": "IfNeeded"}));
    let says = |host: &str, request: &Value| match host {
        "once" => adding("once", "x"),
        "patient" if request["object"]["data"].get("once").is_some() => adding("saw", "once"),
        _ => json!({"allowed": true}),
    };
    let mut outside = Outside::new(&says);
    let (_, made) = server.send_asking(&mut outside, create(), map());
    assert_eq!(outside.hosts(), ["patient", "once", "last", "patient"]);
    assert_eq!(made["data"]["saw"], "once");
}

#[test]
fn the_server_completes_what_others_added() {
    let says = |_: &str, _: &Value| {
        let more = json!({"name": "more", "image": "nginx"});
        patch(&json!([{"op": "add", "path": "/spec/containers/-", "value": more}]))
    };
    let mut server = Server::new();
    let rules = json!({"rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
        "resources": ["pods"]}]});
    server.mutating("a", &["hook"], &rules);
    let create = request("create v1 pods default/");
    let (code, made) = server.send_asking(&mut Outside::new(&says), create, Some(pod("web")));
    assert_eq!(code, 201, "{made:#}");
    let more = &made["spec"]["containers"][1];
    assert_eq!(more["imagePullPolicy"], "Always");
    let mounts = more["volumeMounts"].as_array().unwrap();
    assert_eq!(mounts.len(), 1, "{more:#}");
    assert_eq!(made["spec"]["volumes"].as_array().unwrap().len(), 1);
}

#[test]
fn selectors_and_rules_choose_who_is_asked() {
    for (more, is_asked) in [
        (json!({}), true),
        (
            json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}}}),
            true,
        ),
        (
            json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}}),
            false,
        ),
        (
            json!({"objectSelector": {"matchLabels": {"app": "web"}}}),
            false,
        ),
        (
            json!({"rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["UPDATE"],
            "resources": ["*"]}]}),
            false,
        ),
        (
            json!({"rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE"],
            "resources": ["*/*"]}]}),
            true,
        ),
        (
            json!({"rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE"],
            "resources": ["*"], "scope": "Cluster"}]}),
            false,
        ),
    ] {
        let mut server = Server::new();
        server.validating("a", &["judge"], &more);
        let mut outside = Outside::new(&content);
        server.send_asking(&mut outside, create(), map());
        assert_eq!(!outside.asked.is_empty(), is_asked, "{more}");
    }
}

#[test]
fn another_version_of_the_same_is_shown_in_the_form_that_was_asked_for() {
    let scaler = json!({
        "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "a"},
        "spec": {"maxReplicas": 3, "targetCPUUtilizationPercentage": 70,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
    });
    for (policy, is_asked) in [("Equivalent", true), ("Exact", false)] {
        let mut server = Server::new();
        let rules = json!({"matchPolicy": policy, "rules": [{"apiGroups": ["autoscaling"],
            "apiVersions": ["v2"], "operations": ["CREATE"],
            "resources": ["horizontalpodautoscalers"]}]});
        server.mutating("a", &["hook"], &rules);
        let says = |_: &str, _: &Value| {
            let utilization = "/spec/metrics/0/resource/target/averageUtilization";
            patch(&json!([{"op": "replace", "path": utilization, "value": 60}]))
        };
        let mut outside = Outside::new(&says);
        let create = request("create autoscaling/v1 horizontalpodautoscalers default/");
        let (code, made) = server.send_asking(&mut outside, create, Some(scaler.clone()));
        assert_eq!(code, 201, "{made:#}");
        let cpu = &made["spec"]["targetCPUUtilizationPercentage"];
        assert_eq!(*cpu, if is_asked { 60 } else { 70 });
        if let Some((_, review)) = outside.asked.first() {
            let told = &review["request"];
            assert_eq!(told["kind"]["version"], "v2");
            assert_eq!(told["requestKind"]["version"], "v1");
            assert_eq!(told["object"]["apiVersion"], "autoscaling/v2");
        }
    }
}

#[test]
fn nobody_is_asked_about_webhooks() {
    let all = json!({"rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"],
        "resources": ["*/*"]}]});
    let no = |_: &str, _: &Value| json!({"allowed": false});
    let mut server = Server::new();
    server.validating("a", &["judge"], &all);
    let mut outside = Outside::new(&no);
    let path = "delete admissionregistration.k8s.io/v1 validatingwebhookconfigurations a";
    assert_eq!(server.send_asking(&mut outside, request(path), None).0, 200);
    assert!(outside.asked.is_empty());
}

#[test]
fn nobody_is_asked_about_what_the_server_begins_with() {
    let mut server = Server::new();
    server.validating("a", &["judge"], &json!({}));
    let no = |_: &str, _: &Value| json!({"allowed": false});
    server.caller = Caller::authenticated("system:apiserver", &["system:masters"]);
    let mut outside = Outside::new(&no);
    assert_eq!(server.send_asking(&mut outside, create(), map()).0, 201);
    assert!(outside.asked.is_empty());
}

#[test]
fn all_are_asked_about_a_collection_at_once_and_one_no_is_enough() {
    let mut server = Server::new();
    for name in ["a", "b", "c"] {
        server.ok(create(), Some(config_map(name, json!({}))));
    }
    server.validating("a", &["judge"], &json!({}));
    let says = |_: &str, request: &Value| json!({"allowed": request["oldObject"]["metadata"]["name"] != "b"});
    let mut outside = Outside::new(&says);
    let all = || request("deletecollection v1 configmaps default/");
    let told = server.refused_asking(&mut outside, all(), None);
    assert!(told.contains("denied the request"), "{told}");
    assert_eq!(outside.asked.len(), 3);
    let mut outside = Outside::new(&content);
    assert_eq!(server.send_asking(&mut outside, all(), None).0, 200);
}

#[test]
fn a_lost_race_is_asked_about_again() {
    let mut server = Server::new();
    server.validating("a", &["judge"], &json!({}));
    let mut outside = Outside::new(&content);
    outside.races = 2;
    let (code, _) = server.send_asking(&mut outside, create(), map());
    assert_eq!((code, outside.asked.len()), (201, 3));
}

#[test]
fn a_service_is_reached_at_an_endpoint_that_is_ready() {
    let mut server = Server::new();
    let service = json!({"clientConfig": {"url": null, "service":
        {"name": "hook", "namespace": "default", "path": "/ask", "port": 8443}}});
    server.validating("a", &["judge"], &service);
    let mut outside = Outside::new(&content);
    const URL: &str = "https://hook.default.svc:8443/ask?timeout=10s";
    let failed = |why: &str| {
        format!(
            "500 InternalError: Internal error occurred: failed calling webhook \
             \"judge.hooks.example\": failed to call webhook: Post \"{URL}\": {why}"
        )
    };
    let mut told = |server: &mut Server| server.refused_asking(&mut outside, create(), map());
    assert_eq!(told(&mut server), failed("service \"hook\" not found"));
    let body = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "hook"},
        "spec": {"ports": [{"name": "https", "port": 8443, "targetPort": 9443}]}});
    server.ok(request("create v1 services default/"), Some(body));
    assert_eq!(
        told(&mut server),
        failed("no endpoints available for service \"hook\"")
    );
    let slice = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "hook-1", "labels": {"kubernetes.io/service-name": "hook"}},
        "endpoints": [
            {"addresses": ["10.1.0.1"], "conditions": {"ready": false}},
            {"addresses": ["10.1.0.2"], "conditions": {"ready": true}},
        ],
        "ports": [{"name": "https", "port": 9443, "protocol": "TCP"}],
    });
    server.ok(
        request("create discovery.k8s.io/v1 endpointslices default/"),
        Some(slice),
    );

    let mut request = create();
    request.caller = server.caller.clone();
    request.body = map().map(|body| Body {
        bytes: body.to_string().into(),
        format: Format::Json,
    });
    let crate::Step::Ask(questions) = server.step(&request).unwrap() else {
        panic!("somebody is asked");
    };
    let to = &questions[0].destination;
    assert_eq!(
        (to.url.as_str(), to.host.as_str()),
        (URL, "hook.default.svc")
    );
    assert_eq!(to.connect, ("10.1.0.2".to_owned(), 9443));
}

#[test]
fn a_dry_run_asks_those_who_leave_no_trace() {
    let mut server = Server::new();
    server.validating("a", &["judge"], &json!({"sideEffects": "NoneOnDryRun"}));
    let mut outside = Outside::new(&content);
    let dry = with("create v1 configmaps default/", |options| {
        options.dry_run = true
    });
    assert_eq!(server.send_asking(&mut outside, dry, map()).0, 201);
    assert_eq!(outside.asked[0].1["request"]["dryRun"], true);
    assert_eq!(
        outside.asked[0].1["request"]["options"]["dryRun"],
        json!(["All"])
    );
    server.refused(request("get v1 configmaps default/a"), None);
}

#[test]
fn a_webhook_is_asked_only_where_its_conditions_hold() {
    let mut server = Server::new();
    let named = |text: &str| json!({"matchConditions": [{"name": "own", "expression": text}]});
    server.validating("own", &["own"], &named("object.data.ask == 'yes'"));
    let says = |_: &str, _: &Value| json!({"allowed": false});
    let mut outside = Outside::new(&says);
    let map = |name: &str, ask: &str| Some(config_map(name, json!({"ask": ask})));
    let (code, _) = server.send_asking(&mut outside, create(), map("a", "no"));
    assert_eq!((code, outside.hosts().len()), (201, 0));
    server.refused_asking(&mut outside, create(), map("b", "yes"));
    assert_eq!(outside.hosts(), ["own"]);
    // Where it cannot be told, the failure policy decides.
    let other = Some(config_map("c", json!({"x": "y"})));
    let told = server.refused_asking(&mut outside, create(), other.clone());
    assert_eq!(
        told,
        "403 Forbidden: configmaps \"c\" is forbidden: expression 'object.data.ask == 'yes'' \
         resulted in error: no such key: ask"
    );
    let path = "json-patch admissionregistration.k8s.io/v1 validatingwebhookconfigurations own";
    let ignored =
        json!([{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]);
    server.ok(request(path), Some(ignored));
    let (code, _) = server.send_asking(&mut outside, create(), other);
    assert_eq!((code, outside.hosts().len()), (201, 1));
}
