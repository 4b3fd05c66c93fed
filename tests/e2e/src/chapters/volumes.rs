//! What pods find in their file systems and environments.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::tests;
use crate::harness::{Cluster, Lab, Test, until};

pub(crate) const TESTS: &[Test] = tests![
    every_kind_of_volume_shows_its_content,
    an_empty_directory_outlives_its_container,
    a_changed_config_map_reaches_the_pod,
    a_missing_config_map_is_waited_for,
    a_volume_that_is_not_built_yet_is_refused_with_a_reason,
    every_pod_has_a_token_that_works,
];

const FULL: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: full
  labels: {color: green}
spec:
  restartPolicy: Never
  volumes:
  - {name: map, configMap: {name: settings}}
  - {name: hidden, secret: {secretName: hidden, defaultMode: 0400}}
  - {name: host, hostPath: {path: /etc, type: Directory}}
  - name: about
    downwardAPI:
      items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]
  - name: both
    projected:
      sources:
      - configMap: {name: settings, items: [{key: mode, path: a/mode}]}
      - secret: {name: hidden}
  containers:
  - name: only
    image: busybox
    env:
    - {name: MODE, valueFrom: {configMapKeyRef: {name: settings, key: mode}}}
    - {name: WORD, valueFrom: {secretKeyRef: {name: hidden, key: word}}}
    - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: GREETING, value: 'hello $(POD)'}
    command: [sh, -c]
    args:
    - >-
      cat /map/mode; echo; cat /hidden/word; echo; cat /about/labels; echo;
      cat /both/a/mode /both/word; echo; test -e /host/hostname && echo host;
      echo $MODE $WORD $GREETING; touch /map/x 2>/dev/null || echo read-only;
      stat -Lc %a /hidden/word
    volumeMounts:
    - {name: map, mountPath: /map}
    - {name: hidden, mountPath: /hidden}
    - {name: host, mountPath: /host, readOnly: true}
    - {name: about, mountPath: /about}
    - {name: both, mountPath: /both}
";
const SHOWN: &str =
    "fast\nsesame\ncolor=\"green\"\nfastsesame\nhost\nfast sesame hello full\nread-only\n400\n";

fn every_kind_of_volume_shows_its_content(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    cluster.k("create configmap settings --from-literal=mode=fast")?;
    cluster.k("create secret generic hidden --from-literal=word=sesame")?;
    cluster.k_with("create -f -", FULL)?;
    cluster.ended("full")?;
    let shown = cluster.k("logs full")?;
    ensure!(shown == SHOWN, "show {SHOWN:?}, not {shown:?}");
    Ok(())
}

const STUBBORN: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: stubborn}
spec:
  volumes: [{name: work, emptyDir: {}}]
  containers:
  - name: only
    image: busybox
    command: [sh, -c, 'echo run >> /shared/runs; wc -l < /shared/runs; test $(wc -l < /shared/runs) -ge 2 && exec sleep 3600']
    volumeMounts: [{name: work, mountPath: /shared}]
";

fn an_empty_directory_outlives_its_container(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    cluster.k_with("create -f -", STUBBORN)?;
    until("the second run finds the first one's line", || {
        let said = cluster.k("logs stubborn")?;
        ensure!(said == "2\n", "{said:?}");
        Ok(())
    })
}

const READER: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: reader}
spec:
  volumes: [{name: map, configMap: {name: settings}}]
  containers:
  - {name: only, image: busybox, command: [sleep, '3600'], volumeMounts: [{name: map, mountPath: /map}]}
";

fn a_changed_config_map_reaches_the_pod(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    cluster.k("create configmap settings --from-literal=mode=fast")?;
    cluster.k_with("create -f -", READER)?;
    cluster.ready("reader")?;
    let patch = cluster.kubectl_program("patch configmap settings --type=merge -p");
    patch.arg("{\"data\":{\"mode\":\"slow\"}}").run()?.ok()?;
    until("the pod sees the change", || {
        let mode = cluster.k("exec reader -- cat /map/mode")?;
        ensure!(mode == "slow", "{mode}");
        Ok(())
    })
}

fn a_missing_config_map_is_waited_for(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    cluster.k_with("create -f -", READER)?;
    until("the event names what is missing", || {
        let text = cluster.k("describe pod reader")?;
        ensure!(
            text.contains("FailedMount") && text.contains("settings"),
            "{text}"
        );
        Ok(())
    })?;
    cluster.k("create configmap settings --from-literal=mode=fast")?;
    cluster.ready("reader")?;
    Ok(())
}

const REMOTE: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: remote}
spec:
  volumes: [{name: far, nfs: {server: 192.0.2.1, path: /x}}]
  containers:
  - {name: only, image: busybox, volumeMounts: [{name: far, mountPath: /far}]}
";

fn a_volume_that_is_not_built_yet_is_refused_with_a_reason(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let said = cluster.kubectl_program("create -f -").input(REMOTE).run()?;
    if !said.status.success() {
        let complaint = said.refused()?;
        ensure!(complaint.contains("nfs"), "name the type: {complaint}");
        return Ok(());
    }
    until("an event names the type", || {
        let text = cluster.k("describe pod remote")?;
        ensure!(text.contains("nfs"), "{text}");
        Ok(())
    })
}

const CALLER: &str = "\
T=/var/run/secrets/kubernetes.io/serviceaccount; \
test -s $T/ca.crt && cat $T/namespace && echo && cat $T/token";

fn every_pod_has_a_token_that_works(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let run = cluster.kubectl_program("run caller --image=busybox --restart=Never -- sh -c");
    run.arg(CALLER).run()?.ok()?;
    ensure!(cluster.ended("caller")? == "Succeeded", "end well");
    let said = cluster.k("logs caller")?;
    let (namespace, token) = said.split_once('\n').context("find both files")?;
    ensure!(namespace == "default", "find the namespace: {said:?}");
    let refused = as_bearer(&cluster, token.trim())?;
    let known = refused.contains("system:serviceaccount:default:default");
    ensure!(known, "be known by the token: {refused}");
    let refused = as_bearer(&cluster, &format!("{}x", token.trim()))?;
    let unknown = refused.contains("Unauthorized");
    ensure!(unknown, "be refused with a damaged token: {refused}");
    Ok(())
}

/// What somebody with nothing but this token is told when they list pods.
fn as_bearer(cluster: &Cluster<'_>, token: &str) -> Result<String> {
    let authority = "{.clusters[0].cluster.certificate-authority-data}";
    let authority = cluster.k(&format!("config view --raw -o jsonpath={authority}"))?;
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {
            "server": format!("https://127.0.0.1:{}", cluster.port()),
            "certificate-authority-data": authority.trim(),
        }}],
        "users": [{"name": "c", "user": {"token": token}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
    });
    let path = cluster.home().join("bearer");
    std::fs::write(&path, config.to_string()).context("write the bearer's kubeconfig")?;
    cluster.refused(&format!("get pods --kubeconfig={}", path.display()), "")
}
