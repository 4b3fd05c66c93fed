//! Kinds that users define, from `kubectl apply` of a definition to its end: with the oldest and the
//! newest stock client, against a control plane alone.

use std::time::Duration;

use anyhow::{Result, ensure};
use gantry_base::{Timestamp, time};
use serde_json::{Value, json};

use super::tests;
use crate::harness::{Cluster, Kubectl, Lab, Test, Webhook, until};

pub(crate) const TESTS: &[Test] = tests![
    the_oldest_kubectl_uses_a_kind_of_its_own,
    the_newest_kubectl_uses_a_kind_of_its_own,
    what_owns_and_is_owned_goes_together,
    a_namespace_takes_custom_objects_with_it,
    definitions_survive_a_restart,
    rules_hold_for_what_is_written,
    a_webhook_converts_between_versions,
    definitions_as_large_as_those_of_operators_are_served,
];

/// A definition of the size that operators in the field have.
const DEFINITION: &str = include_str!("custom/certificates.yaml");
/// An object of that kind.
const WANTED: &str = include_str!("custom/wanted.yaml");
const NAME: &str = "crd/certificates.seals.example.com";
/// How soon a definition has to be established.
const SOON: Duration = Duration::from_secs(1);

fn the_oldest_kubectl_uses_a_kind_of_its_own(lab: &Lab) -> Result<()> {
    uses(lab, lab.oldest())
}

fn the_newest_kubectl_uses_a_kind_of_its_own(lab: &Lab) -> Result<()> {
    uses(lab, lab.newest())
}

fn alone(lab: &Lab, kubectl: Kubectl) -> Result<Cluster<'_>> {
    let cluster = Cluster::prepare(lab, "gantry")?.through(kubectl);
    cluster.gantry("up --no-node")?.ok()?;
    Ok(cluster)
}

fn uses(lab: &Lab, kubectl: Kubectl) -> Result<()> {
    let cluster = alone(lab, kubectl)?;
    established(&cluster)?;
    made_and_shown(&cluster)?;
    refused(&cluster)?;
    changed(&cluster)?;
    gone(&cluster)
}

/// A definition that is applied is established, and in every list, at once.
fn established(cluster: &Cluster<'_>) -> Result<()> {
    cluster.k_with("apply -f -", DEFINITION)?;
    cluster.k(&format!(
        "wait --for=condition=established {NAME} --timeout=10s"
    ))?;
    let resources = cluster.k("api-resources --api-group=seals.example.com")?;
    ensure!(resources.contains("seal,seals"), "{resources}");
    // What clients need to start is not ours: the server's own times tell.
    let definition = cluster.json(NAME)?;
    let made = moment(&definition["metadata"]["creationTimestamp"])?;
    for condition in definition["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let took = time::since(moment(&condition["lastTransitionTime"])?, made);
        ensure!(took <= SOON, "it took {took:?}: {condition}");
    }
    let said = cluster.k("explain certificate.spec.issuerRef")?;
    ensure!(said.contains("Who is to sign it."), "{said}");
    Ok(())
}

fn moment(value: &Value) -> Result<Timestamp> {
    Ok(value.as_str().unwrap_or("").parse()?)
}

fn made_and_shown(cluster: &Cluster<'_>) -> Result<()> {
    cluster.k_with("apply -f -", WANTED)?;
    let table = cluster.k("get seals -o wide")?;
    ensure!(
        table.contains("SECRET") && table.contains("web-tls") && table.contains("house"),
        "{table}"
    );
    let all = cluster.k("get all")?;
    ensure!(all.contains("certificate.seals.example.com/web"), "{all}");
    let object = cluster.json("certificate web")?;
    ensure!(object["spec"]["issuerRef"]["kind"] == "Issuer", "{object}");
    ensure!(
        object["spec"]["privateKey"]["encoding"] == "PKCS1",
        "{object}"
    );
    ensure!(
        object["spec"]["solver"]["anything"]["goes"][0] == "here",
        "{object}"
    );
    let chosen = cluster.k("get certificate --field-selector spec.secretName=other -o name")?;
    ensure!(chosen.is_empty(), "{chosen}");
    let chosen = cluster.k("get certificate --field-selector spec.secretName=web-tls -o name")?;
    ensure!(chosen.contains("/web"), "{chosen}");
    Ok(())
}

fn refused(cluster: &Cluster<'_>) -> Result<()> {
    let wrong = WANTED.replace("name: web\n", "name: bad\n");
    let told = cluster.refused(
        "create -f -",
        &wrong
            .replace("size: 256", "size: 257")
            .replace("10.0.0.1", "10.0.0"),
    )?;
    for expected in [
        "spec.privateKey.size: Invalid value: 257: spec.privateKey.size in body should be a \
         multiple of 256",
        "\"spec.ipAddresses[0]\" must validate at least one schema (anyOf)",
    ] {
        ensure!(told.contains(expected), "{told}");
    }
    let told = cluster.refused("create -f -", &wrong.replace("secretName", "secretNam"))?;
    ensure!(told.contains("unknown field \"spec.secretNam\""), "{told}");
    let told = cluster.refused("patch certificate web -p {\"spec\":{\"isCA\":true}}", "")?;
    ensure!(told.contains("strategic-merge-patch"), "{told}");
    Ok(())
}

fn changed(cluster: &Cluster<'_>) -> Result<()> {
    cluster.k("patch certificate web --type=merge -p {\"spec\":{\"isCA\":true}}")?;
    let seen = cluster.json("certificate web")?;
    ensure!(seen["spec"]["isCA"] == true, "{seen}");
    ensure!(seen["metadata"]["generation"] == 2, "{seen}");
    let ready = "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}";
    cluster.k(&format!(
        "patch certificate web --subresource=status --type=merge -p {ready}"
    ))?;
    let table = cluster.k("get certificate web")?;
    ensure!(table.contains("True"), "{table}");
    cluster.k("wait --for=condition=Ready certificate/web --timeout=10s")?;
    cluster.k_with("apply --server-side --force-conflicts -f -", WANTED)?;
    cluster.k_with("apply -f -", &WANTED.replace("name: house", "name: home"))?;
    let seen = cluster.json("certificate web")?;
    ensure!(seen["spec"]["issuerRef"]["name"] == "home", "{seen}");
    Ok(())
}

/// A definition takes its objects with it, and is in no list any more.
fn gone(cluster: &Cluster<'_>) -> Result<()> {
    cluster.k(&format!("delete {NAME} --timeout=20s"))?;
    let told = cluster.refused("get certificates", "")?;
    // A client that still remembers the kind asks for it in vain, another does not even ask.
    let is_gone = told.contains("could not find the requested resource")
        || told.contains("doesn't have a resource type");
    ensure!(is_gone, "{told}");
    cluster.k_with("apply -f -", DEFINITION)?;
    until("the kind is there again, without objects", || {
        let left = cluster.json("certificates")?;
        ensure!(
            left["items"].as_array().is_some_and(Vec::is_empty),
            "{left}"
        );
        Ok(())
    })
}

fn what_owns_and_is_owned_goes_together(lab: &Lab) -> Result<()> {
    let cluster = alone(lab, lab.newest())?;
    established(&cluster)?;
    cluster.k_with("apply -f -", WANTED)?;
    let uid = cluster.k("get certificate web -o jsonpath={.metadata.uid}")?;
    let owned = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: web-tls\n  ownerReferences:\n  - \
         {{apiVersion: seals.example.com/v1, kind: Certificate, name: web, uid: {uid}}}\n"
    );
    cluster.k_with("apply -f -", &owned)?;
    cluster.k("delete certificate web")?;
    cluster.gone("secret web-tls")
}

fn a_namespace_takes_custom_objects_with_it(lab: &Lab) -> Result<()> {
    let cluster = alone(lab, lab.newest())?;
    established(&cluster)?;
    cluster.k("create namespace team")?;
    cluster.k("create quota q -n team --hard=count/certificates.seals.example.com=1")?;
    cluster.k_with("apply -n team -f -", WANTED)?;
    let second = WANTED.replace("name: web\n", "name: second\n");
    let told = cluster.refused("create -n team -f -", &second)?;
    ensure!(told.contains("exceeded quota"), "{told}");
    cluster.k("delete certificate web -n team")?;
    until("the quota is given back", || {
        cluster.k_with("create -n team -f -", &second).map(drop)
    })?;
    cluster.k("delete namespace team --timeout=20s")?;
    let left = cluster.json("certificates -A")?;
    ensure!(
        left["items"].as_array().is_some_and(Vec::is_empty),
        "{left}"
    );
    Ok(())
}

fn definitions_survive_a_restart(lab: &Lab) -> Result<()> {
    let cluster = alone(lab, lab.newest())?;
    established(&cluster)?;
    cluster.k_with("apply -f -", WANTED)?;
    cluster.down("")?;
    cluster.gantry("up --no-node")?.ok()?;
    let table = cluster.k("get seals")?;
    ensure!(table.contains("web-tls"), "{table}");
    Ok(())
}

/// A definition of `targets.net.example.com` with these versions.
fn targets(versions: &Value, conversion: &Value) -> String {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "targets.net.example.com"},
        "spec": {"group": "net.example.com", "scope": "Namespaced",
            "names": {"plural": "targets", "kind": "Target"},
            "versions": versions, "conversion": conversion},
    })
    .to_string()
}

fn version(name: &str, is_stored: bool, spec: &Value) -> Value {
    json!({"name": name, "served": true, "storage": is_stored,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}})
}

fn target(version: &str, name: &str, spec: &Value) -> String {
    json!({"apiVersion": format!("net.example.com/{version}"), "kind": "Target",
        "metadata": {"name": name}, "spec": spec})
    .to_string()
}

fn define(cluster: &Cluster<'_>, definition: &str) -> Result<()> {
    cluster.k_with("apply --server-side -f -", definition)?;
    cluster.k("wait --for=condition=established crd/targets.net.example.com --timeout=10s")?;
    Ok(())
}

fn rules_hold_for_what_is_written(lab: &Lab) -> Result<()> {
    let cluster = alone(lab, lab.newest())?;
    let spec = |rules: Value| {
        json!({"type": "object", "required": ["host", "port"], "properties": {
            "host": {"type": "string", "maxLength": 253},
            "port": {"type": "integer", "x-kubernetes-validations": [
                {"rule": "self >= oldSelf", "message": "ports only grow"}]},
            "paths": {"type": "array", "maxItems": 16, "items": {"type": "string",
                "maxLength": 64}}},
            "x-kubernetes-validations": rules})
    };
    let first = json!([{"rule": "self.port < 1024 || self.host.endsWith('.example')",
        "messageExpression": "'port ' + string(self.port) + ' is only for .example'",
        "fieldPath": ".port", "reason": "FieldValueForbidden"}]);
    let none = json!({"strategy": "None"});
    define(
        &cluster,
        &targets(&json!([version("v1", true, &spec(first.clone()))]), &none),
    )?;
    let wrong = target("v1", "web", &json!({"host": "a.test", "port": 8080}));
    let told = cluster.refused("create -f -", &wrong)?;
    ensure!(
        told.contains("spec.port: Forbidden: port 8080 is only for .example"),
        "{told}"
    );
    let right = target("v1", "web", &json!({"host": "a.example", "port": 8080}));
    cluster.k_with("create -f -", &right)?;
    let told = cluster.refused(
        "patch target web --type=merge -p {\"spec\":{\"port\":80}}",
        "",
    )?;
    ensure!(told.contains("ports only grow"), "{told}");
    // A rule that comes later holds nobody up who changes something else.
    let second = json!([{"rule": "self.port < 1024"}]);
    define(
        &cluster,
        &targets(&json!([version("v1", true, &spec(second))]), &none),
    )?;
    until("the new rule is in force", || {
        let other = target("v1", "other", &json!({"host": "a.example", "port": 8080}));
        let told = cluster.refused("create --dry-run=server -f -", &other)?;
        ensure!(told.contains("failed rule: self.port < 1024"), "{told}");
        Ok(())
    })?;
    cluster.k("label target web seen=yes")?;
    for (rule, expected) in [
        ("self.port == 'x'", "found no matching overload for '_==_'"),
        ("self.nothing > 1", "undefined field 'nothing'"),
        (
            "self.paths.all(p, self.paths.all(q, self.paths.all(r, p.contains(q + r))))",
            "estimated rule cost exceeds budget by factor of",
        ),
    ] {
        let unbound = |mut spec: Value| {
            spec["properties"]["paths"] = json!({"type": "array", "items": {"type": "string"}});
            spec
        };
        let spec = unbound(spec(json!([{ "rule": rule }])));
        let odd = targets(&json!([version("v1", true, &spec)]), &none);
        let told = cluster.refused("apply --server-side -f -", &odd)?;
        ensure!(told.contains(expected), "{rule}: {told}");
    }
    Ok(())
}

fn a_webhook_converts_between_versions(lab: &Lab) -> Result<()> {
    let cluster = alone(lab, lab.newest())?;
    let hook = Webhook::start(&[])?;
    let old = json!({"type": "object", "properties": {"hostPort": {"type": "string"}}});
    let new = json!({"type": "object", "properties": {
        "host": {"type": "string"}, "port": {"type": "integer"}}});
    let versions = json!([version("v1", true, &new), version("v1alpha1", false, &old)]);
    let convert = |deed: &str| {
        json!({"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"],
            "clientConfig": {"url": hook.url(deed), "caBundle": hook.bundle()}}})
    };
    define(&cluster, &targets(&versions, &convert("convert")))?;
    let made = target("v1alpha1", "old", &json!({"hostPort": "a.example:80"}));
    cluster.k_with("create -f -", &made)?;
    let made = target("v1", "new", &json!({"host": "b.example", "port": 443}));
    cluster.k_with("create -f -", &made)?;
    let stored = cluster.json("targets.v1.net.example.com old")?;
    ensure!(
        stored["spec"] == json!({"host": "a.example", "port": 80}),
        "{stored}"
    );
    let list = cluster.json("targets.v1alpha1.net.example.com")?;
    ensure!(
        list["items"][0]["spec"]["hostPort"] == "b.example:443",
        "{list}"
    );
    let patch = "{\"spec\":{\"hostPort\":\"b.example:444\"}}";
    cluster.k(&format!(
        "patch targets.v1alpha1.net.example.com new --type=merge -p {patch}"
    ))?;
    let stored = cluster.json("targets.v1.net.example.com new")?;
    ensure!(stored["spec"]["port"] == 444, "{stored}");
    // Whoever breaks the webhook does not lose what is stored.
    define(&cluster, &targets(&versions, &convert("deny")))?;
    until("the broken webhook is asked", || {
        let told = cluster.refused("get targets.v1alpha1.net.example.com new", "")?;
        ensure!(
            told.contains("conversion webhook for net.example.com/v1, Kind=Target failed"),
            "{told}"
        );
        Ok(())
    })?;
    let stored = cluster.json("targets.v1.net.example.com new")?;
    ensure!(stored["spec"]["port"] == 444, "{stored}");
    cluster.k("delete targets.v1.net.example.com --all --timeout=20s")?;
    cluster.k("delete crd targets.net.example.com --timeout=20s")?;
    Ok(())
}

/// A schema as operators generate them: terms within terms, each with its words.
fn large(depth: usize, breadth: usize) -> Value {
    let words = "What of this part is wanted, in as many words as generated schemas have of it. ";
    let leaf = |kind: &str| json!({"type": kind, "description": words.repeat(6)});
    if depth == 0 {
        let mut text = leaf("string");
        text["maxLength"] = 63.into();
        text["x-kubernetes-validations"] = json!([{"rule": "self != 'never'"}]);
        return text;
    }
    let mut own = leaf("object");
    for number in 0..breadth {
        own["properties"][format!("part{number}")] = large(depth - 1, breadth);
    }
    own["properties"]["terms"] = json!({"type": "array", "maxItems": 8,
        "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["key"],
        "items": {"type": "object", "required": ["key"], "properties": {
            "key": {"type": "string", "maxLength": 63, "pattern": "^[a-z][a-z0-9-]*$"},
            "values": {"type": "array", "maxItems": 8, "items": leaf("string")}}}});
    own
}

fn definitions_as_large_as_those_of_operators_are_served(lab: &Lab) -> Result<()> {
    let cluster = alone(lab, lab.newest())?;
    let versions = json!([version("v1", true, &large(4, 4))]);
    let definition = targets(&versions, &json!({"strategy": "None"}));
    ensure!(definition.len() > 200_000, "{}", definition.len());
    define(&cluster, &definition)?;
    let spec = json!({"part0": {"part1": {"part2": {"part3": "never",
        "terms": [{"key": "a"}, {"key": "A"}]}}}});
    let told = cluster.refused("create -f -", &target("v1", "web", &spec))?;
    for expected in [
        "spec.part0.part1.part2.part3: Invalid value: \"string\": failed rule: self != 'never'",
        "spec.part0.part1.part2.terms[1].key in body should match '^[a-z][a-z0-9-]*$'",
    ] {
        ensure!(told.contains(expected), "{told}");
    }
    let said = cluster.k("explain target.spec.part0.part1.terms.key")?;
    ensure!(said.contains("FIELD"), "{said}");
    Ok(())
}
