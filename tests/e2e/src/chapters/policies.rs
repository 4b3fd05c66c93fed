//! Policies of the cluster's own: bound with parameters, with variables and words of their own; and
//! what is found wrong with them before anybody is judged. With the oldest and the newest stock
//! client, against a control plane alone.

use anyhow::{Result, ensure};

use super::tests;
use crate::harness::{Cluster, Kubectl, Lab, Test, until};

pub(crate) const TESTS: &[Test] = tests![
    the_oldest_kubectl_binds_a_policy,
    the_newest_kubectl_binds_a_policy,
    a_policy_that_does_not_fit_its_kinds_is_told_so,
    a_policy_that_refuses_everything_can_be_taken_away,
];

/// A policy about deployments that takes its bounds from a config map.
const POLICY: &str = include_str!("policies/replicas.yaml");

fn the_oldest_kubectl_binds_a_policy(lab: &Lab) -> Result<()> {
    binds(lab, lab.oldest())
}

fn the_newest_kubectl_binds_a_policy(lab: &Lab) -> Result<()> {
    binds(lab, lab.newest())
}

fn alone(lab: &Lab, kubectl: Kubectl) -> Result<Cluster<'_>> {
    let cluster = Cluster::prepare(lab, "gantry")?.through(kubectl);
    cluster.gantry("up --no-node")?.ok()?;
    Ok(cluster)
}

fn binds(lab: &Lab, kubectl: Kubectl) -> Result<()> {
    let cluster = alone(lab, kubectl)?;
    cluster.k_with("apply -f -", POLICY)?;
    parameters(&cluster)?;
    words(&cluster)?;
    actions(&cluster)
}

/// What is allowed follows from the parameters, and from those of the namespace's own.
fn parameters(cluster: &Cluster<'_>) -> Result<()> {
    let told = cluster.refused("create deployment many --image=web --replicas=3", "")?;
    ensure!(
        told.contains("no params found for policy binding with `Deny` parameterNotFoundAction"),
        "{told}"
    );
    cluster.k("create configmap bounds --from-literal=most=3 --from-literal=team=web")?;
    cluster.k("create deployment many --image=web --replicas=3")?;
    cluster.k("scale deployment many --replicas=9")?;
    cluster.k("delete deployment many")?;
    cluster.k("patch configmap bounds --type=merge -p {\"data\":{\"most\":\"2\"}}")?;
    let told = cluster.refused("create deployment many --image=web --replicas=3", "")?;
    ensure!(
        told.contains(
            "ValidatingAdmissionPolicy 'replicas.policies.example' with binding \
             'replicas.policies.example' denied request: at most 2 replicas, not 3"
        ),
        "{told}"
    );
    Ok(())
}

/// A validation that cannot make its own words uses those that are written out.
fn words(cluster: &Cluster<'_>) -> Result<()> {
    let told = cluster.refused("create deployment odd-name --image=web --replicas=1", "")?;
    ensure!(told.contains("the name must not be odd"), "{told}");
    cluster.k("create deployment few --image=web --replicas=1")?;
    cluster.k("delete deployment few")?;
    Ok(())
}

/// A binding that only warns lets pass what it warns of.
fn actions(cluster: &Cluster<'_>) -> Result<()> {
    let warn = "{\"spec\":{\"validationActions\":[\"Warn\",\"Audit\"]}}";
    cluster.k(&format!(
        "patch validatingadmissionpolicybinding replicas.policies.example --type=merge -p {warn}"
    ))?;
    let made = cluster
        .kubectl_program("create deployment many --image=web --replicas=3")
        .run()?;
    let told = format!("{made:?}");
    ensure!(
        told.contains("Warning: Validation failed for ValidatingAdmissionPolicy"),
        "{told}"
    );
    cluster.k("get deployment many")?;
    Ok(())
}

fn a_policy_that_does_not_fit_its_kinds_is_told_so(lab: &Lab) -> Result<()> {
    let cluster = alone(lab, lab.newest())?;
    let odd = POLICY.replace("object.spec.replicas", "object.spec.replica");
    cluster.k_with("apply -f -", &odd)?;
    until("the policy is told what is wrong with it", || {
        let policy = cluster.json("validatingadmissionpolicy replicas.policies.example")?;
        let warnings = policy["status"]["typeChecking"]["expressionWarnings"].to_string();
        ensure!(
            warnings.contains("undefined field 'replica'")
                && warnings.contains("spec.validations[0].expression"),
            "{}",
            policy["status"]
        );
        Ok(())
    })?;
    let told = cluster.refused(
        "apply -f -",
        &POLICY.replace(
            "object.metadata.name.contains",
            "object.metadata.name contains",
        ),
    )?;
    ensure!(told.contains("Syntax error"), "{told}");
    Ok(())
}

fn a_policy_that_refuses_everything_can_be_taken_away(lab: &Lab) -> Result<()> {
    let cluster = alone(lab, lab.newest())?;
    let all = POLICY
        .replace("apiGroups: [apps]", "apiGroups: ['*']")
        .replace("resources: [deployments]", "resources: ['*']");
    cluster.k_with("apply -f -", &all)?;
    let told = cluster.refused("create configmap bounds --from-literal=most=3", "")?;
    ensure!(told.contains("replicas.policies.example"), "{told}");
    cluster.k("delete validatingadmissionpolicybinding replicas.policies.example")?;
    cluster.k("create configmap bounds --from-literal=most=3")?;
    Ok(())
}
