//! Those who are asked before something is written: they change, refuse and hang, and nobody is
//! locked out by them.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::tests;
use crate::harness::{Cluster, Lab, Test, Webhook};

pub(crate) const TESTS: &[Test] = tests![
    a_webhook_changes_what_is_made_and_refuses_it,
    a_service_leads_to_a_webhook,
    a_webhook_that_hangs_counts_as_its_policy_says,
    namespaces_choose_how_harmless_their_pods_are,
];

/// A configuration that is asked about config maps.
fn configuration(kind: &str, name: &str, client: &Value, more: &Value) -> String {
    let mut hook = json!({
        "name": format!("{name}.hooks.example"), "admissionReviewVersions": ["v1"],
        "clientConfig": client, "sideEffects": "None", "timeoutSeconds": 2,
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
            "resources": ["configmaps"]}],
    });
    for (field, value) in more.as_object().into_iter().flatten() {
        hook[field] = value.clone();
    }
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": format!("{kind}WebhookConfiguration"),
        "metadata": {"name": name}, "webhooks": [hook],
    })
    .to_string()
}

fn at(hook: &Webhook, deed: &str) -> Value {
    json!({"url": hook.url(deed), "caBundle": hook.bundle()})
}

fn a_webhook_changes_what_is_made_and_refuses_it(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let hook = Webhook::start(&[])?;
    let client = at(&hook, "label");
    let changing = configuration("Mutating", "label", &client, &json!({}));
    cluster.k_with("create -f -", &changing)?;
    cluster.k("create configmap changed --from-literal=a=b")?;
    let made = cluster.json("configmap changed")?;
    ensure!(made["metadata"]["labels"]["seen"] == "yes", "{made:#}");
    let refusing = configuration("Validating", "deny", &at(&hook, "deny"), &json!({}));
    cluster.k_with("create -f -", &refusing)?;
    let told = cluster.refused("create configmap refused --from-literal=a=b", "")?;
    ensure!(
        told.contains(
            "admission webhook \"deny.hooks.example\" denied the request: not on a Monday"
        ),
        "{told}"
    );
    cluster.k("delete validatingwebhookconfiguration deny")?;
    cluster.k("create configmap allowed --from-literal=a=b")?;
    cluster.k("delete mutatingwebhookconfiguration label")?;
    Ok(())
}

fn a_service_leads_to_a_webhook(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let hook = Webhook::start(&["hook.default.svc"])?;
    let service = json!({"service": {"name": "hook", "namespace": "default", "path": "/label"},
        "caBundle": hook.bundle()});
    let changing = configuration("Mutating", "service", &service, &json!({}));
    cluster.k_with("create -f -", &changing)?;
    let told = cluster.refused("create configmap early --from-literal=a=b", "")?;
    ensure!(told.contains("service \"hook\" not found"), "{told}");
    publish(&cluster, hook.port)?;
    cluster.k("create configmap served --from-literal=a=b")?;
    let made = cluster.json("configmap served")?;
    ensure!(made["metadata"]["labels"]["seen"] == "yes", "{made:#}");
    cluster.k("delete mutatingwebhookconfiguration service")?;
    Ok(())
}

/// Makes a service whose only endpoint is this machine.
fn publish(cluster: &Cluster<'_>, port: u16) -> Result<()> {
    let address = cluster.node_address()?;
    let all = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "hook"},
            "spec": {"ports": [{"port": 443, "targetPort": port}]}},
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": "hook", "labels": {"kubernetes.io/service-name": "hook"}},
            "endpoints": [{"addresses": [address]}],
            "ports": [{"name": "", "port": port, "protocol": "TCP"}]},
    ]});
    cluster.k_with("create -f -", &all.to_string())?;
    Ok(())
}

fn a_webhook_that_hangs_counts_as_its_policy_says(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let hook = Webhook::start(&[])?;
    let client = at(&hook, "hang");
    let hanging = |policy: &str| {
        let more = json!({"timeoutSeconds": 1, "failurePolicy": policy});
        configuration("Validating", "hang", &client, &more)
    };
    cluster.k_with("create -f -", &hanging("Fail"))?;
    let told = cluster.refused("create configmap late --from-literal=a=b", "")?;
    ensure!(
        told.contains("failed calling webhook \"hang.hooks.example\"")
            && told.contains("?timeout=1s")
            && told.contains("context deadline exceeded"),
        "{told}"
    );
    // Whoever configured that can take it back.
    cluster.k_with("replace -f -", &hanging("Ignore"))?;
    cluster.k("create configmap late --from-literal=a=b")?;
    cluster.k("delete validatingwebhookconfiguration hang")?;
    Ok(())
}

fn namespaces_choose_how_harmless_their_pods_are(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    cluster.k("create namespace harmless")?;
    cluster.k("label namespace harmless pod-security.kubernetes.io/enforce=restricted")?;
    let told = cluster.refused("run web --image=web -n harmless", "")?;
    ensure!(
        told.contains(
            "pods \"web\" is forbidden: violates PodSecurity \"restricted:latest\": \
             allowPrivilegeEscalation != false (container \"web\" must set \
             securityContext.allowPrivilegeEscalation=false)"
        ),
        "{told}"
    );
    let made = cluster
        .kubectl_program("create deployment web --image=web -n harmless")
        .run()?;
    let told = format!("{made:?}");
    ensure!(told.contains("would violate PodSecurity"), "{told}");
    cluster.k("delete namespace harmless")?;
    Ok(())
}
