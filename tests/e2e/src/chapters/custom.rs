//! Kinds that users define, from `kubectl apply` of a definition to its end: with the oldest and the
//! newest stock client, against a control plane alone.

use std::time::Duration;

use anyhow::{Result, ensure};
use gantry_base::{Timestamp, time};
use serde_json::Value;

use super::tests;
use crate::harness::{Cluster, Kubectl, Lab, Test, until};

pub(crate) const TESTS: &[Test] = tests![
    the_oldest_kubectl_uses_a_kind_of_its_own,
    the_newest_kubectl_uses_a_kind_of_its_own,
    what_owns_and_is_owned_goes_together,
    a_namespace_takes_custom_objects_with_it,
    definitions_survive_a_restart,
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
