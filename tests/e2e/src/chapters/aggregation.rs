//! Another API server behind this one: its kind is used like any other, and nobody waits for it when
//! it is gone.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::tests;
use crate::harness::{Cluster, Extension, Kubectl, Lab, Test, until};

pub(crate) const TESTS: &[Test] = tests![
    the_oldest_kubectl_uses_a_kind_of_another_server,
    the_newest_kubectl_uses_a_kind_of_another_server,
    a_kind_of_users_is_registered_as_long_as_it_is_there,
];

const HOST: &str = "flunders.default.svc";
const NAME: &str = "v1.wardle.example.com";
const REGISTRATION: &str = "apiservice v1.wardle.example.com";
/// How long clients may take to find out what there is, whoever is gone.
const QUICK: Duration = Duration::from_secs(5);
const FLUNDER: &str = r#"{"apiVersion": "wardle.example.com/v1", "kind": "Flunder",
    "metadata": {"name": "one"}, "spec": {"reference": "two"}}"#;

fn the_oldest_kubectl_uses_a_kind_of_another_server(lab: &Lab) -> Result<()> {
    uses(lab, lab.oldest())
}

fn the_newest_kubectl_uses_a_kind_of_another_server(lab: &Lab) -> Result<()> {
    uses(lab, lab.newest())
}

fn alone(lab: &Lab, kubectl: Kubectl) -> Result<Cluster<'_>> {
    let cluster = Cluster::prepare(lab, "gantry")?.through(kubectl);
    cluster.gantry("up --no-node")?.ok()?;
    Ok(cluster)
}

fn uses(lab: &Lab, kubectl: Kubectl) -> Result<()> {
    let cluster = alone(lab, kubectl)?;
    let published = cluster.json("configmap extension-apiserver-authentication -n kube-system")?;
    let believed = published["data"]["requestheader-client-ca-file"].as_str();
    let server = Extension::start(HOST, believed.context("find whom to believe")?)?;
    register(&cluster, &server)?;
    available(&cluster, "True", "Passed")?;
    let shown = cluster.k(&format!("get {REGISTRATION}"))?;
    ensure!(
        shown.contains("default/flunders") && shown.contains("True"),
        "{shown}"
    );
    used(&cluster, &server)?;
    drop(server);
    gone(&cluster)
}

/// Makes a service that leads to this machine, and says what is behind it.
fn register(cluster: &Cluster<'_>, server: &Extension) -> Result<()> {
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "flunders"},
        "spec": {"type": "ExternalName", "externalName": "localhost"}});
    let registration = json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": {"name": NAME},
        "spec": {"group": "wardle.example.com", "version": "v1", "groupPriorityMinimum": 2000,
            "versionPriority": 10, "caBundle": server.bundle(),
            "service": {"namespace": "default", "name": "flunders", "port": server.port}},
    });
    cluster.k_with("create -f -", &registration.to_string())?;
    available(cluster, "False", "ServiceNotFound")?;
    cluster.k_with("create -f -", &service.to_string())?;
    Ok(())
}

/// Waits until the registration says that; what it says.
fn available(cluster: &Cluster<'_>, status: &str, reason: &str) -> Result<Value> {
    until(
        &format!("the server is said to be {status} ({reason})"),
        || {
            let own = cluster.json(REGISTRATION)?["status"]["conditions"][0].clone();
            ensure!(own["status"] == status && own["reason"] == reason, "{own}");
            Ok(own)
        },
    )
}

fn used(cluster: &Cluster<'_>, server: &Extension) -> Result<()> {
    let resources = cluster.k("api-resources --api-group=wardle.example.com")?;
    ensure!(
        resources.contains("flunders") && resources.contains("fl "),
        "{resources}"
    );
    let explained = until("the schema is published", || {
        cluster.k("explain flunder.spec.reference")
    })?;
    ensure!(explained.contains("Whom it refers to."), "{explained}");
    let mut watch = cluster
        .kubectl_program("get flunders --watch-only -o name")
        .start()?;
    until("somebody watches", || {
        ensure!(server.watchers() > 0, "nobody does");
        Ok(())
    })?;
    cluster.k_with("create -f -", FLUNDER)?;
    until("the watcher is told", || {
        let told = watch.said()?;
        ensure!(told.contains("flunder.wardle.example.com/one"), "{told}");
        Ok(())
    })?;
    drop(watch);
    let made = cluster.json("flunder one")?;
    ensure!(made["spec"]["reference"] == "two", "{made:#}");
    let listed = cluster.k("get fl -o name")?;
    ensure!(
        listed.trim() == "flunder.wardle.example.com/one",
        "{listed}"
    );
    let users = server.users();
    ensure!(
        users.iter().any(|user| user == "kubernetes-admin"),
        "{users:?}"
    );
    let told = cluster.refused("get flunders --as jane", "")?;
    ensure!(told.contains("cannot list resource \"flunders\""), "{told}");
    cluster.k("delete flunder one")?;
    // A namespace takes with it what is kept elsewhere.
    cluster.k("create namespace shortlived")?;
    cluster.k_with("create -n shortlived -f -", FLUNDER)?;
    cluster.k("delete namespace shortlived")?;
    ensure!(server.count() == 0, "{} objects are left", server.count());
    Ok(())
}

/// Nobody waits for a server that is gone, and everybody is told why.
fn gone(cluster: &Cluster<'_>) -> Result<()> {
    let told = cluster.refused("get flunders", "")?;
    ensure!(told.contains("error") || told.contains("Error"), "{told}");
    let why = available(cluster, "False", "FailedDiscoveryCheck")?;
    ensure!(
        why["message"]
            .as_str()
            .is_some_and(|text| text.contains(HOST)),
        "{why}"
    );
    let began = Instant::now();
    // The groups that are there are shown, whatever else is said.
    let said = cluster
        .kubectl_program("api-resources --cached=false")
        .run()?;
    ensure!(said.stdout.contains("deployments"), "{said:?}");
    ensure!(began.elapsed() < QUICK, "it took {:?}", began.elapsed());
    let told = cluster.refused("get --raw /apis/wardle.example.com/v1/flunders", "")?;
    ensure!(
        told.contains("FailedDiscoveryCheck") || told.contains("unable to handle"),
        "{told}"
    );
    cluster.k("create configmap still --from-literal=a=b")?;
    cluster.k(&format!("delete {REGISTRATION}"))?;
    Ok(())
}

fn a_kind_of_users_is_registered_as_long_as_it_is_there(lab: &Lab) -> Result<()> {
    let cluster = alone(lab, lab.usual())?;
    let all = cluster.k("get apiservices")?;
    ensure!(all.contains("v1.apps") && all.contains("Local"), "{all}");
    let names = json!({"plural": "webs", "kind": "Web"});
    let schema = json!({"openAPIV3Schema": {"type": "object"}});
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "webs.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": names,
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}]},
    });
    cluster.k_with("create -f -", &definition.to_string())?;
    until("its version is registered", || {
        let own = cluster.json("apiservice v1.example.com")?;
        ensure!(
            own["status"]["conditions"][0]["reason"] == "Local",
            "{own:#}"
        );
        Ok(())
    })?;
    cluster.k("delete crd webs.example.com")?;
    cluster.gone("apiservice v1.example.com")
}
