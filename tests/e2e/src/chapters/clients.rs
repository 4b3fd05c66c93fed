//! Other people's clients, as they are: the stock kubectl through its list of commands, the Python
//! client, Helm, and operators. All against a control plane alone.

mod operators;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use operators::{
    an_operator_of_controller_runtime_runs_as_it_is, kube_rs_derives_watches_patches_and_controls,
};

use super::tests;
use crate::harness::{Cluster, Kubectl, Lab, Program, Test, not_tried, until};

pub(crate) const TESTS: &[Test] = tests![
    the_oldest_kubectl_goes_through_its_commands,
    the_newest_kubectl_goes_through_its_commands,
    the_python_client_drives_a_cluster,
    helm_installs_upgrades_rolls_back_and_removes,
    kube_rs_derives_watches_patches_and_controls,
    an_operator_of_controller_runtime_runs_as_it_is,
];

/// Packages that have to be built, or downloaded, take their time.
const INSTALLING: Duration = Duration::from_secs(900);
const HELM: &str = "helm.sh/helm/v3/cmd/helm@v3.17.3";

/// What is typed, and what has to be among what is answered.
const COMMANDS: &[(&str, &str)] = &[
    ("create ns team", "namespace/team created"),
    (
        "create configmap c --from-literal=a=1 -n team",
        "configmap/c created",
    ),
    (
        "create secret generic s --from-literal=p=q -n team",
        "secret/s created",
    ),
    (
        "create serviceaccount sa -n team",
        "serviceaccount/sa created",
    ),
    ("create token sa -n team", "."),
    (
        "create role r --verb=get --resource=pods -n team",
        "/r created",
    ),
    (
        "create rolebinding rb --role=r --serviceaccount=team:sa -n team",
        "/rb created",
    ),
    (
        "create clusterrole cr --verb=get --resource=nodes",
        "/cr created",
    ),
    (
        "create clusterrolebinding crb --clusterrole=cr --user=bob",
        "/crb created",
    ),
    (
        "create deployment web --image=nginx --replicas=2 -n team",
        "deployment.apps/web created",
    ),
    (
        "create service clusterip svc --tcp=80:8080 -n team",
        "service/svc created",
    ),
    (
        "create quota q --hard=pods=20,configmaps=9 -n team",
        "resourcequota/q created",
    ),
    (
        "create pdb p --selector=app=web --min-available=1 -n team",
        "/p created",
    ),
    (
        "create job j --image=busybox -n team -- true",
        "job.batch/j created",
    ),
    (
        "create cronjob cj --image=busybox --schedule=@hourly -n team -- true",
        "/cj created",
    ),
    (
        "create ingress i --rule=a.example/=svc:80 -n team",
        "/i created",
    ),
    ("create priorityclass pc --value=100", "/pc created"),
    ("run one --image=nginx -n team", "pod/one created"),
    ("get all -n team", "deployment.apps/web"),
    ("get deploy -n team -o wide --show-labels", "app=web"),
    ("get deploy web -n team -o jsonpath={.spec.replicas}", "2"),
    (
        "get deploy -n team -o custom-columns=N:.metadata.name,R:.spec.replicas",
        "web   2",
    ),
    ("get cm -A --sort-by=.metadata.name -L app", "APP"),
    ("get cm c -n team -o go-template={{.data.a}}", "1"),
    (
        "describe deploy web -n team",
        "StrategyType:           RollingUpdate",
    ),
    ("describe quota q -n team", "configmaps"),
    ("explain deployment.spec.strategy", "DeploymentStrategy"),
    ("explain pod.spec --recursive", "containers"),
    ("annotate deploy web -n team a=b", "annotate"),
    ("label deploy web -n team tier=x", "label"),
    (
        "patch deploy web -n team -p {\"spec\":{\"replicas\":3}}",
        "patched",
    ),
    (
        "patch deploy web -n team --type=json -p [{\"op\":\"remove\",\"path\":\"/metadata/labels/tier\"}]",
        "patched",
    ),
    (
        "patch deploy web -n team --type=merge -p {\"metadata\":{\"labels\":{\"x\":\"y\"}}}",
        "patched",
    ),
    ("scale deploy web -n team --replicas=1", "scaled"),
    (
        "expose deploy web -n team --port=80 --name=web-svc",
        "exposed",
    ),
    ("set image deploy/web -n team nginx=nginx:1.29", "updated"),
    ("set env deploy/web -n team X=Y", "updated"),
    (
        "set resources deploy/web -n team --limits=cpu=200m,memory=64Mi",
        "updated",
    ),
    ("set serviceaccount deploy web sa -n team", "updated"),
    (
        "autoscale deploy web -n team --min=1 --max=3 --cpu-percent=80",
        "autoscaled",
    ),
    ("get hpa -n team", "Deployment/web"),
    ("rollout history deploy/web -n team", "REVISION"),
    ("rollout restart deploy/web -n team", "restarted"),
    ("rollout undo deploy/web -n team", "rolled back"),
    ("events -n team", "ScalingReplicaSet"),
    (
        "get events -n team --sort-by=.lastTimestamp",
        "SuccessfulCreate",
    ),
    ("auth can-i create pods", "yes"),
    (
        "auth can-i --list -n team --as=system:serviceaccount:team:sa",
        "selfsubject",
    ),
    ("api-versions", "apps/v1"),
    ("api-resources --verbs=list --namespaced", "deployments"),
    ("cluster-info", "is running at"),
    ("get --raw /readyz", "ok"),
    ("delete deploy web -n team --cascade=orphan", "deleted"),
    ("get rs -n team", "web-"),
    (
        "delete rs -n team --all --cascade=foreground --timeout=60s",
        "deleted",
    ),
    ("delete pod one -n team --now", "deleted"),
    ("delete ns team --timeout=60s", "deleted"),
];

/// What is applied: something without a controller, and something that has one.
const MANIFEST: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: applied, labels: {part: one}}
data: {k: first}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: applied, labels: {part: one}}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec: {containers: [{name: c, image: nginx}]}
";

fn the_oldest_kubectl_goes_through_its_commands(lab: &Lab) -> Result<()> {
    goes_through_its_commands(lab, lab.oldest())
}

fn the_newest_kubectl_goes_through_its_commands(lab: &Lab) -> Result<()> {
    goes_through_its_commands(lab, lab.newest())
}

fn control_plane(lab: &Lab) -> Result<Cluster<'_>> {
    let cluster = Cluster::prepare(lab, "gantry")?;
    cluster.gantry("up --no-node")?.ok()?;
    Ok(cluster)
}

fn goes_through_its_commands(lab: &Lab, kubectl: Kubectl) -> Result<()> {
    if kubectl.first.is_some() {
        not_tried("there is no stock kubectl on this machine");
        return Ok(());
    }
    let cluster = control_plane(lab)?.through(kubectl);
    for (words, expected) in COMMANDS {
        let said = cluster.k(words)?;
        ensure!(
            said.contains(expected),
            "see {expected:?} from `{words}`: {said}"
        );
    }
    applies_both_ways(&cluster)?;
    drains(&cluster)
}

fn applies_both_ways(cluster: &Cluster<'_>) -> Result<()> {
    let changed = MANIFEST.replace("first", "second");
    let says = |words: &str, manifest: &str, expected: &str| {
        let said = cluster.k_with(words, manifest)?;
        ensure!(
            said.contains(expected),
            "see {expected:?} from `{words}`: {said}"
        );
        Ok(())
    };
    says("apply -f -", MANIFEST, "configmap/applied created")?;
    says("apply -f -", MANIFEST, "configmap/applied unchanged")?;
    says("apply -f -", &changed, "configmap/applied configured")?;
    let diff = cluster.kubectl_program("diff -f -").input(MANIFEST).run()?;
    ensure!(diff.code() == Some(1), "tell a difference by the exit code");
    ensure!(
        diff.stdout.contains("+  k: first"),
        "show it: {}",
        diff.stdout
    );
    // Another manager is told whose field it is; kubectl itself takes over what it applied before.
    let other = "apply --server-side --field-manager=other -f -";
    let conflict = cluster.refused(other, MANIFEST)?;
    ensure!(
        conflict.contains("kubectl-client-side-apply"),
        "name the manager: {conflict}"
    );
    says("apply --server-side -f -", MANIFEST, "serverside-applied")?;
    says(
        "wait --for=jsonpath={.data.k}=first cm/applied --timeout=10s",
        "",
        "condition met",
    )?;
    says("replace -f -", &changed, "replaced")?;
    says("replace --force -f -", &changed, "replaced")?;
    let first = MANIFEST.split("---").next().unwrap_or_default();
    let pruned = "apply --prune -l part=one -f -";
    says("apply -f -", MANIFEST, "applied")?;
    says(pruned, first, "deployment.apps/applied pruned")
}

fn drains(cluster: &Cluster<'_>) -> Result<()> {
    let program = cluster.gantry_program("agent --hollow 2");
    let program = program.arg("--kubeconfig").arg(cluster.kubeconfig());
    let _agent = program.start()?;
    until("two nodes are ready", || {
        let nodes = cluster.k("get nodes --no-headers")?;
        ensure!(nodes.matches(" Ready").count() == 2, "{nodes}");
        Ok(())
    })?;
    cluster.k("create deployment moved --image=nginx --replicas=2")?;
    cluster.ready_pods("app=moved", 2)?;
    cluster.k("cordon hollow-0")?;
    cluster.k("taint nodes hollow-0 k=v:NoSchedule")?;
    cluster.k("drain hollow-0 --ignore-daemonsets --timeout=60s")?;
    let pods = cluster.ready_pods("app=moved", 2)?;
    let stays = pods.iter().all(|pod| pod["spec"]["nodeName"] == "hollow-1");
    ensure!(stays, "move all pods");
    cluster.k("uncordon hollow-0")?;
    Ok(())
}

fn the_python_client_drives_a_cluster(lab: &Lab) -> Result<()> {
    let Some(python) = python(lab)? else {
        return Ok(());
    };
    let cluster = control_plane(lab)?;
    let script = cluster.home().join("drive.py");
    fs::write(&script, include_str!("clients/drive.py"))?;
    let program = Program::new(python).arg(&script).arg(cluster.kubeconfig());
    let said = program.run()?.ok()?;
    ensure!(said.contains("all of it works"), "{said}");
    Ok(())
}

/// A Python of its own that has the client.
fn python(lab: &Lab) -> Result<Option<PathBuf>> {
    let home = lab.dir().join("python");
    let made = Program::new("python3").words("-m venv").arg(&home).run();
    if !made.is_ok_and(|said| said.status.success()) {
        not_tried("python3 cannot make an environment of its own (python3-venv)");
        return Ok(None);
    }
    let install = Program::new(home.join("bin/pip")).words("install --quiet kubernetes");
    let installed = install.patience(INSTALLING).run()?;
    if !installed.status.success() {
        not_tried(&format!(
            "pip cannot install the client: {}",
            installed.stderr
        ));
        return Ok(None);
    }
    Ok(Some(home.join("bin/python")))
}

/// A chart with all that upgrades and rollbacks are about.
const CHART: &[(&str, &str)] = &[
    ("Chart.yaml", "apiVersion: v2\nname: own\nversion: 1.0.0\n"),
    ("values.yaml", "replicas: 1\nword: first\n"),
    (
        "templates/all.yaml",
        "\
apiVersion: v1
kind: ConfigMap
metadata: {name: \"{{ .Release.Name }}-own\"}
data: {word: \"{{ .Values.word }}\"}
---
apiVersion: v1
kind: Service
metadata: {name: \"{{ .Release.Name }}-own\"}
spec: {selector: {app: own}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: \"{{ .Release.Name }}-own\"}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: own}}
  template:
    metadata: {labels: {app: own}}
    spec: {containers: [{name: c, image: nginx}]}
",
    ),
];

fn helm_installs_upgrades_rolls_back_and_removes(lab: &Lab) -> Result<()> {
    let Some(helm) = helm()? else {
        return Ok(());
    };
    let cluster = control_plane(lab)?;
    let chart = cluster.home().join("own");
    for (name, text) in CHART {
        let path = chart.join(name);
        fs::create_dir_all(path.parent().context("find the folder")?)?;
        fs::write(path, text)?;
    }
    let chart = chart.display();
    let says = |words: &str, expected: &str| {
        let program = Program::new(&helm).words(words).arg("--kubeconfig");
        let said = program.arg(cluster.kubeconfig()).run()?.ok()?;
        ensure!(
            said.contains(expected),
            "see {expected:?} from helm {words}: {said}"
        );
        Ok(())
    };
    let word = |expected: &str| {
        let word = cluster.k("get cm r-own -o jsonpath={.data.word}")?;
        ensure!(word == expected, "see {expected}: {word}");
        Ok(())
    };
    says(&format!("install r {chart}"), "STATUS: deployed")?;
    word("first")?;
    says(
        &format!("upgrade r {chart} --set word=second,replicas=2"),
        "REVISION: 2",
    )?;
    word("second")?;
    says("rollback r 1", "Rollback was a success")?;
    word("first")?;
    says("history r", "Rollback to 1")?;
    says("uninstall r", "uninstalled")?;
    cluster.gone("cm r-own")?;
    cluster.gone("deploy r-own")
}

/// Where programs are kept that took long to build.
fn tools() -> PathBuf {
    std::env::temp_dir().join("gantry-e2e-tools")
}

/// Helm as it is on this machine, or built once and kept.
fn helm() -> Result<Option<PathBuf>> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let kept = tools();
    let mut places = std::env::split_paths(&path).chain([kept.clone()]);
    if let Some(found) = places.find(|dir| dir.join("helm").is_file()) {
        return Ok(Some(found.join("helm")));
    }
    let build = Program::new("go")
        .words("install")
        .arg(HELM)
        .env("GOBIN", &kept);
    match build.patience(INSTALLING).run() {
        Ok(said) if said.status.success() => Ok(Some(kept.join("helm"))),
        Ok(said) => {
            not_tried(&format!("go cannot build Helm: {}", said.stderr));
            Ok(None)
        }
        Err(error) => {
            not_tried(&format!(
                "there is no Helm, and no Go to build it: {error:#}"
            ));
            Ok(None)
        }
    }
}
