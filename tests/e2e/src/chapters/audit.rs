//! What is written down of requests: to a file, to a webhook, and what is said of a policy that is
//! none.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::tests;
use crate::harness::{Cluster, Lab, Said, Test, until};

pub(crate) const TESTS: &[Test] = tests![
    what_is_done_is_written_down_as_the_policy_says,
    a_policy_that_is_none_is_refused_with_its_field,
];

const POLICY: &str = "
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
# Nobody reads what is in a secret, here least of all.
- level: Metadata
  resources: [{group: '', resources: [secrets]}]
- level: RequestResponse
  verbs: [create, delete]
  resources: [{group: '', resources: [configmaps]}]
- level: Metadata
  verbs: [create]
  resources: [{group: '', resources: [pods]}]
- level: None
";

fn up(cluster: &Cluster<'_>, flags: &str) -> Result<Said> {
    cluster.gantry(&format!("up --no-node {flags}"))
}

/// All events of the log that are about an object.
fn about(log: &Path, resource: &str, name: &str) -> Result<Vec<Value>> {
    let text = fs::read_to_string(log).context("read the log")?;
    let events: Result<Vec<Value>, _> = text.lines().map(serde_json::from_str).collect();
    let mut events = events.context("read each line of the log")?;
    events.retain(|event| {
        let own = &event["objectRef"];
        own["resource"] == resource && own["name"] == name
    });
    Ok(events)
}

fn what_is_done_is_written_down_as_the_policy_says(lab: &Lab) -> Result<()> {
    let cluster = Cluster::prepare(lab, "gantry")?;
    let (policy, log) = (
        cluster.home().join("policy.yaml"),
        cluster.home().join("audit.log"),
    );
    fs::write(&policy, POLICY)?;
    // The file of settings says the same as the command line.
    let settings = json!({"audit-policy-file": policy, "audit-log-maxbackup": 3});
    fs::write(cluster.data_dir().join("config.yaml"), settings.to_string())?;
    up(&cluster, &format!("--audit-log-path {}", log.display()))?.ok()?;
    cluster.k("create configmap one --from-literal=a=b")?;
    cluster.k("create secret generic hidden --from-literal=word=abracadabra")?;
    cluster.k("delete configmap one")?;
    cluster.refused("create configmap two --from-literal=a=b --as jane", "")?;
    cluster.k("create namespace harmless")?;
    cluster.k("label namespace harmless pod-security.kubernetes.io/audit=restricted")?;
    cluster.k("run web --image=web -n harmless")?;
    let made = until("what was made is written down", || {
        let events = about(&log, "configmaps", "one")?;
        ensure!(events.len() == 2, "{events:#?}");
        Ok(events[0].clone())
    })?;
    ensure!(made["user"]["username"] == "kubernetes-admin", "{made:#}");
    ensure!(made["requestObject"]["data"]["a"] == "b", "{made:#}");
    ensure!(made["responseObject"]["data"]["a"] == "b", "{made:#}");
    ensure!(
        made["responseObject"]["metadata"]["managedFields"].is_null(),
        "{made:#}"
    );
    ensure!(
        made["userAgent"]
            .as_str()
            .is_some_and(|own| own.contains("kubectl")),
        "{made:#}"
    );
    ensure!(
        made["annotations"]["authorization.k8s.io/decision"] == "allow",
        "{made:#}"
    );
    let hidden = about(&log, "secrets", "hidden")?;
    ensure!(hidden.len() == 1, "{hidden:#?}");
    ensure!(
        !fs::read_to_string(&log)?.contains("abracadabra"),
        "the secret is in the log"
    );
    let refused = about(&log, "configmaps", "two")?;
    let refused = refused.first().context("find what was refused")?;
    ensure!(
        refused["impersonatedUser"]["username"] == "jane",
        "{refused:#}"
    );
    ensure!(refused["responseStatus"]["code"] == 403, "{refused:#}");
    let pods = about(&log, "pods", "web")?;
    let pod = pods.first().context("find the pod")?;
    let violated = pod["annotations"]["pod-security.kubernetes.io/audit-violations"].as_str();
    ensure!(
        violated.is_some_and(|own| own.contains("restricted:latest")),
        "{pod:#}"
    );
    let metrics = cluster.k("get --raw /metrics")?;
    ensure!(
        metrics.contains("apiserver_audit_event_total{plugin=\"log\"}"),
        "{metrics}"
    );
    ensure!(
        metrics.contains("apiserver_audit_error_total{plugin=\"log\"} 0"),
        "{metrics}"
    );
    Ok(())
}

fn a_policy_that_is_none_is_refused_with_its_field(lab: &Lab) -> Result<()> {
    let cluster = Cluster::prepare(lab, "gantry")?;
    let policy = cluster.home().join("policy.yaml");
    fs::write(
        &policy,
        POLICY.replace("level: Metadata", "level: Everything"),
    )?;
    let told = up(&cluster, "--audit-log-path audit.log")?.refused()?;
    ensure!(told.contains("--audit-policy-file is missing"), "{told}");
    let log = cluster.home().join("audit.log");
    let flags = format!(
        "--audit-policy-file {} --audit-log-path {}",
        policy.display(),
        log.display()
    );
    let told = up(&cluster, &flags)?.refused()?;
    ensure!(told.contains("policy.yaml"), "{told}");
    ensure!(
        told.contains("rules[0].level: \"Everything\" is unknown"),
        "{told}"
    );
    Ok(())
}
