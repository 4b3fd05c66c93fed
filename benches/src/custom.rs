//! What the objects of users' kinds cost beside ConfigMaps of the same size, what a thousand
//! definitions cost, and what a policy adds to a request.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::api::Api;
use crate::cluster::Cluster;
use crate::figure::Figure;
use crate::load::{self, CONFIG_MAPS, MEBI, Step, Took, config_map, path};
use crate::processes::usage;

const COUNT: u32 = 10_000;
const CLIENTS: usize = 16;
const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const PLAIN: &str = "/apis/bench.example.com/v1/namespaces/default/plains";
const RULED: &str = "/apis/bench.example.com/v1/namespaces/default/ruleds";
const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1";
/// Definitions that are made at once.
const MANY: usize = 1000;
/// How many times a load is measured; the least counts, for others may have used the machine.
const ROUNDS: usize = 3;

/// Custom objects beside ConfigMaps: writes, reads and lists.
pub(crate) fn objects(gantry: &Path) -> Result<Vec<Figure>> {
    let cluster = Cluster::control_plane(gantry)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(beside(gantry, &cluster))
}

/// A thousand definitions: how soon they are established, and what they hold.
pub(crate) fn definitions(gantry: &Path) -> Result<Vec<Figure>> {
    let cluster = Cluster::control_plane(gantry)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(established(gantry, &cluster))
}

/// What a policy adds to a request that it judges.
pub(crate) fn policy(gantry: &Path) -> Result<Vec<Figure>> {
    let cluster = Cluster::control_plane(gantry)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(judged(gantry, &cluster))
}

/// What is done to all objects of a kind: to the ConfigMaps, to those without rules, to those with.
const STEPS: &[(&str, [Step; 3])] = &[
    (
        "create",
        [
            |api, number| {
                Box::pin(write(
                    api,
                    Method::POST,
                    CONFIG_MAPS.into(),
                    config_map(number, 0),
                ))
            },
            |api, number| {
                Box::pin(write(
                    api,
                    Method::POST,
                    PLAIN.into(),
                    custom("Plain", number, 0),
                ))
            },
            |api, number| {
                Box::pin(write(
                    api,
                    Method::POST,
                    RULED.into(),
                    custom("Ruled", number, 0),
                ))
            },
        ],
    ),
    (
        "get",
        [
            |api, number| Box::pin(read(api, path(number))),
            |api, number| Box::pin(read(api, format!("{PLAIN}/load-{number}"))),
            |api, number| Box::pin(read(api, format!("{RULED}/load-{number}"))),
        ],
    ),
    (
        "merge patch",
        [
            |api, number| Box::pin(patch(api, path(number), r#"{"data":{"version":"2"}}"#)),
            |api, number| Box::pin(patch(api, format!("{PLAIN}/load-{number}"), SPEC)),
            |api, number| Box::pin(patch(api, format!("{RULED}/load-{number}"), SPEC)),
        ],
    ),
    (
        "list of all",
        [
            |api, _| Box::pin(read(api, CONFIG_MAPS.to_owned())),
            |api, _| Box::pin(read(api, PLAIN.to_owned())),
            |api, _| Box::pin(read(api, RULED.to_owned())),
        ],
    ),
];
const SPEC: &str = r#"{"spec":{"version":"2"}}"#;
/// Lists that are read, each of all objects.
const LISTS: u32 = 20;

async fn write(api: Api, method: Method, path: String, body: Bytes) -> Result<()> {
    api.ask(method, &path, body).await.map(drop)
}

async fn read(api: Api, path: String) -> Result<()> {
    api.ask(Method::GET, &path, Bytes::new()).await.map(drop)
}

async fn patch(api: Api, path: String, body: &'static str) -> Result<()> {
    let content = "application/merge-patch+json";
    let body = Bytes::from_static(body.as_bytes());
    api.ask_with(Method::PATCH, &path, content, body)
        .await
        .map(drop)
}

/// An object of the size of the ConfigMaps.
fn custom(kind: &str, number: u32, version: u32) -> Bytes {
    let filling = "0123456789abcdef".repeat(52);
    Bytes::from(format!(
        r#"{{"apiVersion":"bench.example.com/v1","kind":"{kind}","metadata":{{"name":"load-{number}","namespace":"default","labels":{{"app":"load"}}}},"spec":{{"version":"{version}","filling":"{filling}"}}}}"#
    ))
}

async fn beside(gantry: &Path, cluster: &Cluster) -> Result<Vec<Figure>> {
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(cluster.connect().await?);
    }
    for (kind, plural, rules) in [("Plain", "plains", 0), ("Ruled", "ruleds", 10)] {
        let definition = definition(kind, plural, &spec(rules));
        clients[0]
            .ask(Method::POST, DEFINITIONS, definition)
            .await?;
    }
    all_established(&clients[0], 2).await?;
    let mut figures = Vec::new();
    for (name, steps) in STEPS {
        figures.extend(compared(gantry, &clients, name, *steps).await?);
    }
    Ok(figures)
}

async fn compared(
    gantry: &Path,
    clients: &[Api],
    name: &str,
    steps: [Step; 3],
) -> Result<[Figure; 3]> {
    let count = if name == "list of all" { LISTS } else { COUNT };
    let mut costs = [f64::MAX; 3];
    // What is written once cannot be written again.
    let is_read = matches!(name, "get" | "list of all");
    let rounds = if is_read { ROUNDS } else { 1 };
    for _ in 0..rounds {
        for (cost, step) in costs.iter_mut().zip(steps) {
            let took = load::run(gantry, clients, count, step).await;
            *cost = cost.min(each(&took.with_context(|| name.to_owned())?, count));
        }
    }
    let [map, plain, ruled] = costs;
    Ok([
        Figure::new(format!("{name}, a ConfigMap, server's CPU"), map, "us"),
        Figure::new(
            format!("  {name}, a custom object beside it"),
            plain / map,
            "times",
        )
        .at_most(1.2),
        Figure::new(
            format!("  {name}, with ten rules beside it"),
            ruled / map,
            "times",
        )
        .at_most(1.5),
    ])
}

/// The server's processor time for one request, in microseconds.
fn each(took: &Took, count: u32) -> f64 {
    took.server.as_secs_f64() * 1e6 / f64::from(count)
}

fn spec(rules: usize) -> Value {
    let kinds = [
        "self.version.size() > 0",
        "self.version.matches('^[0-9]+$')",
        "self.filling.startsWith('0123')",
        "!has(self.size) || self.size > 0",
        "self.version != self.filling",
        "int(self.version) < 1000",
        "self.filling.size() <= 2000",
        "!has(self.parts) || self.parts.all(p, p.name != '')",
        "self.version in ['0', '1', '2', '3']",
        "has(self.version) && has(self.filling)",
    ];
    let rules = kinds.iter().take(rules).map(|rule| json!({"rule": rule}));
    json!({"type": "object", "required": ["version"], "properties": {
        "version": {"type": "string", "maxLength": 20},
        "filling": {"type": "string", "maxLength": 2000},
        "size": {"type": "integer", "minimum": 0},
        "parts": {"type": "array", "maxItems": 10, "items": {"type": "object", "properties": {
            "name": {"type": "string", "maxLength": 63}}}}},
        "x-kubernetes-validations": rules.collect::<Vec<Value>>()})
}

fn definition(kind: &str, plural: &str, spec: &Value) -> Bytes {
    let body = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.bench.example.com")},
        "spec": {
            "group": "bench.example.com", "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": spec, "status": {"type": "object", "properties": {
                        "ready": {"type": "boolean"}}}}}}}],
        },
    });
    body.to_string().into()
}

/// Waits until so many definitions are established.
async fn all_established(api: &Api, count: usize) -> Result<()> {
    let mut watch = api.watch(DEFINITIONS).await?;
    let mut done = BTreeSet::new();
    while done.len() < count {
        let event = watch.next().await?;
        ensure!(event["type"] != "ERROR", "watch definitions: {event}");
        let object = &event["object"];
        let conditions = object["status"]["conditions"].as_array();
        let mut conditions = conditions.into_iter().flatten();
        if conditions.any(|own| own["type"] == "Established" && own["status"] == "True") {
            done.insert(object["metadata"]["name"].to_string());
        }
    }
    Ok(())
}

async fn established(gantry: &Path, cluster: &Cluster) -> Result<Vec<Figure>> {
    let api = cluster.connect().await?;
    let before = usage(gantry)?;
    let begun = Instant::now();
    let made = async {
        for number in 0..MANY {
            let (kind, plural) = (format!("Many{number}"), format!("many{number}s"));
            let definition = definition(&kind, &plural, &spec(2));
            api.ask(Method::POST, DEFINITIONS, definition).await?;
        }
        Ok::<(), anyhow::Error>(())
    };
    let (made, seen) = tokio::join!(made, all_established(&api, MANY));
    made.and(seen)?;
    let took = begun.elapsed();
    // What is read to tell it is not what it takes to keep it.
    let after = usage(gantry)?;
    let bytes = after.resident_bytes.saturating_sub(before.resident_bytes);
    let kibi = u32::try_from(bytes / 1024).context("count the memory")?;
    let processor = after.processor.saturating_sub(before.processor);
    Ok(vec![
        seconds("1,000 definitions established", took).at_most(10.0),
        seconds("  server's CPU", processor),
        Figure::new("  more memory", f64::from(kibi) * 1024.0 / MEBI, "MiB").at_most(100.0),
    ])
}

fn seconds(name: &str, duration: Duration) -> Figure {
    Figure::new(name, duration.as_secs_f64(), "s")
}

async fn judged(gantry: &Path, cluster: &Cluster) -> Result<Vec<Figure>> {
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(cluster.connect().await?);
    }
    let create = STEPS[0].1[0];
    load::run(gantry, &clients, COUNT, create).await?;
    let patch = STEPS[2].1[0];
    let least = async || -> Result<f64> {
        let mut cost = f64::MAX;
        for _ in 0..ROUNDS {
            cost = cost.min(each(
                &load::run(gantry, &clients, COUNT, patch).await?,
                COUNT,
            ));
        }
        Ok(cost)
    };
    let before = least().await?;
    let rule = json!([{"apiGroups": [""], "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}]);
    let policy = json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "bench"},
        "spec": {"matchConstraints": {"resourceRules": rule},
            "variables": [{"name": "version", "expression": "object.data.version"}],
            "validations": [
                {"expression": "int(variables.version) < 1000"},
                {"expression": "object.metadata.labels.all(k, object.metadata.labels[k] != '')"},
                {"expression": "!object.data.exists(k, object.data[k].contains('secret'))"}]}});
    let binding = json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "bench"},
        "spec": {"policyName": "bench", "validationActions": ["Deny"]}});
    for (plural, body) in [
        ("validatingadmissionpolicies", policy),
        ("validatingadmissionpolicybindings", binding),
    ] {
        let path = format!("{POLICIES}/{plural}");
        clients[0]
            .ask(Method::POST, &path, body.to_string().into())
            .await?;
    }
    let after = least().await?;
    Ok(vec![
        Figure::new("merge patch, server's CPU", before, "us"),
        Figure::new("  a policy adds", after - before, "us").at_most(20.0),
    ])
}
