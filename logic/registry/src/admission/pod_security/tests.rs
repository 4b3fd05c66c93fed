use serde_json::{Map, Value, json};

use super::checks::violations;
use super::policy::{Level, Policy, Standard, Version};
use super::subject::{Subject, texts};

/// A pod that may do nothing.
fn harmless() -> Value {
    json!({
        "metadata": {"annotations": {}},
        "spec": {
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container("a"), container("b")],
            "initContainers": [container("init")],
            "volumes": [{"name": "v", "emptyDir": {}}],
        },
    })
}

fn container(name: &str) -> Value {
    json!({
        "name": name, "image": "i", "ports": [{"containerPort": 80}],
        "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
        },
    })
}

/// Puts `value` where `path` points, making maps on the way; nothing is taken away.
fn put(tree: &mut Value, path: &str, value: Value) {
    let mut place = tree;
    for step in path.split('/') {
        if let Value::Array(list) = place {
            let index: usize = step.parse().unwrap();
            place = &mut list[index];
        } else {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place = &mut place[step];
        }
    }
    *place = value;
}

fn standard(text: &str) -> Standard {
    let (level, version) = text.split_once(':').unwrap();
    Standard {
        level: Level::read(level).unwrap(),
        version: Version::read(version).unwrap(),
    }
}

fn told(at: &str, pod: &Value) -> String {
    let annotations = texts(&pod["metadata"]["annotations"]);
    violations(standard(at), &Subject::new(annotations, &pod["spec"])).to_string()
}

/// What is told of a pod that is harmless but for these.
#[track_caller]
fn check(at: &str, changes: &[(&str, Value)], expected: &str) {
    let mut pod = harmless();
    for (path, value) in changes {
        put(&mut pod, path, value.clone());
    }
    assert_eq!(told(at, &pod), expected);
}

#[test]
fn a_harmless_pod_fits_everywhere() {
    for version in [
        "v1.0", "v1.18", "v1.24", "v1.34", "v1.35", "v1.99", "latest",
    ] {
        check(&format!("restricted:{version}"), &[], "");
    }
}

#[test]
fn anything_goes_where_nothing_is_wanted() {
    let wild = [
        ("spec/hostNetwork", json!(true)),
        ("spec/hostPID", json!(true)),
    ];
    check("privileged:latest", &wild, "");
}

#[test]
fn a_pod_that_says_nothing_is_told_all_that_is_missing() {
    let pod = json!({"metadata": {}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    assert_eq!(told("baseline:latest", &pod), "");
    assert_eq!(
        told("restricted:latest", &pod),
        "allowPrivilegeEscalation != false (container \"c\" must set \
         securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \
         \"c\" must set securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or \
         container \"c\" must set securityContext.runAsNonRoot=true), seccompProfile (pod or \
         container \"c\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \
         \"Localhost\")"
    );
    assert_eq!(
        told("restricted:v1.7", &pod),
        "runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true)"
    );
}

#[test]
fn namespaces_of_the_node_are_not_shared() {
    let shared = [
        ("spec/hostNetwork", json!(true)),
        ("spec/hostIPC", json!(true)),
    ];
    let told = "host namespaces (hostNetwork=true, hostIPC=true)";
    check("baseline:latest", &shared, told);
    check("restricted:v1.0", &shared, told);
}

#[test]
fn nothing_is_privileged() {
    let path = "spec/initContainers/0/securityContext/privileged";
    let told = "privileged (container \"init\" must not set securityContext.privileged=true)";
    check("baseline:latest", &[(path, json!(true))], told);
    check("baseline:latest", &[(path, json!(false))], "");
}

#[test]
fn unusual_capabilities_are_not_added() {
    let added = [(
        "spec/containers/0/securityContext/capabilities/add",
        json!(["NET_RAW", "CHOWN", "BPF"]),
    )];
    check(
        "baseline:latest",
        &added,
        "non-default capabilities (container \"a\" must not include \"BPF\", \"NET_RAW\" in \
         securityContext.capabilities.add)",
    );
    check(
        "restricted:latest",
        &added,
        "unrestricted capabilities (container \"a\" must not include \"BPF\", \"CHOWN\", \
         \"NET_RAW\" in securityContext.capabilities.add)",
    );
    check(
        "restricted:v1.21",
        &added,
        "non-default capabilities (container \"a\" must not include \"BPF\", \"NET_RAW\" in \
         securityContext.capabilities.add)",
    );
    let bind = [(
        "spec/containers/0/securityContext/capabilities/add",
        json!(["NET_BIND_SERVICE"]),
    )];
    check("restricted:latest", &bind, "");
}

#[test]
fn all_capabilities_are_dropped() {
    let kept = [
        (
            "spec/containers/0/securityContext/capabilities",
            json!({"drop": ["NET_RAW"]}),
        ),
        (
            "spec/containers/1/securityContext/capabilities",
            json!({"add": ["CHOWN"]}),
        ),
    ];
    check("baseline:latest", &kept, "");
    check("restricted:v1.21", &kept, "");
    check(
        "restricted:latest",
        &kept,
        "unrestricted capabilities (containers \"a\", \"b\" must set \
         securityContext.capabilities.drop=[\"ALL\"]; container \"b\" must not include \"CHOWN\" \
         in securityContext.capabilities.add)",
    );
}

#[test]
fn directories_of_the_node_are_not_mounted() {
    let volumes = [(
        "spec/volumes",
        json!([{"name": "v", "hostPath": {"path": "/"}}, {"name": "n", "nfs": {"server": "s"}},
               {"name": "c", "configMap": {"name": "c"}}]),
    )];
    check(
        "baseline:latest",
        &volumes,
        "hostPath volumes (volume \"v\")",
    );
    check(
        "restricted:latest",
        &volumes,
        "restricted volume types (volumes \"v\", \"n\" use restricted volume types \"hostPath\", \
         \"nfs\")",
    );
    let one = [("spec/volumes/0", json!({"name": "v", "iscsi": {}}))];
    check("baseline:latest", &one, "");
    check(
        "restricted:v1.0",
        &one,
        "restricted volume types (volume \"v\" uses restricted volume type \"iscsi\")",
    );
}

#[test]
fn ports_of_the_node_are_not_taken() {
    let port = |port: u16| json!([{"containerPort": 80, "hostPort": port}]);
    let one = [("spec/containers/0/ports", port(8080))];
    let told = "hostPort (container \"a\" uses hostPort 8080)";
    check("baseline:latest", &one, told);
    let two = [
        ("spec/containers/0/ports", port(9)),
        ("spec/containers/1/ports", port(80)),
    ];
    let told = "hostPort (containers \"a\", \"b\" use hostPorts 80, 9)";
    check("restricted:latest", &two, told);
    check(
        "baseline:latest",
        &[("spec/containers/0/ports", port(0))],
        "",
    );
}

#[test]
fn probes_ask_nobody_else() {
    let probes = [
        (
            "spec/containers/1/livenessProbe/httpGet/host",
            json!("10.0.0.1"),
        ),
        (
            "spec/containers/0/readinessProbe/tcpSocket/host",
            json!("example.com"),
        ),
        (
            "spec/containers/0/lifecycle/preStop/httpGet/host",
            json!("10.0.0.1"),
        ),
    ];
    let told = "probe or lifecycle host (containers \"a\", \"b\" use probe or lifecycle hosts \
                \"10.0.0.1\", \"example.com\")";
    check("baseline:latest", &probes, told);
    check("baseline:v1.34", &probes, told);
    check("baseline:v1.33", &probes, "");
    let one = [("spec/containers/0/startupProbe/httpGet/host", json!("h"))];
    let told = "probe or lifecycle host (container \"a\" uses probe or lifecycle host \"h\")";
    check("restricted:latest", &one, told);
}

#[test]
fn app_armor_stays_on() {
    let off = [
        (
            "spec/securityContext/appArmorProfile/type",
            json!("Unconfined"),
        ),
        (
            "spec/containers/0/securityContext/appArmorProfile/type",
            json!("Unconfined"),
        ),
    ];
    check(
        "baseline:latest",
        &off,
        "forbidden AppArmor profile (pod and container \"a\" must not set AppArmor profile type to \
         \"Unconfined\")",
    );
    let key = "container.apparmor.security.beta.kubernetes.io/a";
    let notes = [("metadata/annotations", json!({key: "unconfined"}))];
    check(
        "baseline:v1.0",
        &notes,
        "forbidden AppArmor profile (annotation must not set AppArmor profile type to \
         \"container.apparmor.security.beta.kubernetes.io/a=\"unconfined\"\")",
    );
    let good = [("metadata/annotations", json!({key: "localhost/mine"}))];
    check("restricted:latest", &good, "");
}

#[test]
fn selinux_keeps_containers_in() {
    let options = "spec/containers/0/securityContext/seLinuxOptions";
    let changes = [
        (
            "spec/securityContext/seLinuxOptions",
            json!({"type": "spc_t", "user": "u"}),
        ),
        (options, json!({"type": "container_t", "role": "r"})),
    ];
    check(
        "baseline:latest",
        &changes,
        "seLinuxOptions (pod and container \"a\" set forbidden securityContext.seLinuxOptions: \
         type \"spc_t\"; user may not be set; role may not be set)",
    );
    let engine = [(options, json!({"type": "container_engine_t"}))];
    check("restricted:latest", &engine, "");
    check(
        "baseline:v1.30",
        &engine,
        "seLinuxOptions (container \"a\" set forbidden securityContext.seLinuxOptions: type \
         \"container_engine_t\")",
    );
}

#[test]
fn proc_stays_masked() {
    let path = "spec/containers/0/securityContext/procMount";
    let told = "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")";
    let alone = [(path, json!("Unmasked")), ("spec/hostUsers", json!(false))];
    check("baseline:latest", &alone[..1], told);
    check("baseline:latest", &alone, "");
    check("baseline:v1.34", &alone, told);
    check("restricted:latest", &alone, told);
    check("baseline:latest", &[(path, json!("Default"))], "");
}

#[test]
fn seccomp_stays_on() {
    let off = [
        (
            "spec/securityContext/seccompProfile/type",
            json!("Unconfined"),
        ),
        (
            "spec/containers/1/securityContext/seccompProfile/type",
            json!("Odd"),
        ),
    ];
    let told = "seccompProfile (pod and container \"b\" must not set \
                securityContext.seccompProfile.type to \"Odd\", \"Unconfined\")";
    check("baseline:latest", &off, told);
    check("restricted:v1.19", &off, told);
    let key = "container.seccomp.security.alpha.kubernetes.io/a";
    let notes = [("metadata/annotations", json!({key: "unconfined"}))];
    let told = "seccompProfile (forbidden annotation \
                container.seccomp.security.alpha.kubernetes.io/a=\"unconfined\")";
    check("baseline:v1.18", &notes, told);
    check("restricted:v1.18", &notes, told);
    check("baseline:v1.19", &notes, "");
}

#[test]
fn seccomp_is_chosen() {
    let unset = [
        ("spec/securityContext/seccompProfile", json!({})),
        (
            "spec/containers/0/securityContext/seccompProfile",
            json!({"type": "Localhost"}),
        ),
    ];
    check("baseline:latest", &unset, "");
    check("restricted:v1.18", &unset, "");
    check(
        "restricted:v1.19",
        &unset,
        "seccompProfile (pod or containers \"init\", \"b\" must set \
         securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")",
    );
}

#[test]
fn only_settings_of_the_pod_itself_are_changed() {
    let sysctls = [(
        "spec/securityContext/sysctls",
        json!([{"name": "kernel.msgmax"}, {"name": "net.ipv4.tcp_rmem"},
               {"name": "net.ipv4.tcp_syncookies"}]),
    )];
    check(
        "baseline:latest",
        &sysctls,
        "forbidden sysctls (kernel.msgmax)",
    );
    let told = "forbidden sysctls (kernel.msgmax, net.ipv4.tcp_rmem)";
    check("restricted:v1.31", &sysctls, told);
}

#[test]
fn processes_of_the_host_are_not_started() {
    let path = "spec/securityContext/windowsOptions/hostProcess";
    let told = "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)";
    check("baseline:latest", &[(path, json!(true))], told);
}

#[test]
fn privileges_are_not_gained() {
    let path = "spec/containers/0/securityContext/allowPrivilegeEscalation";
    let told = "allowPrivilegeEscalation != false (container \"a\" must set \
                securityContext.allowPrivilegeEscalation=false)";
    check("restricted:v1.8", &[(path, json!(true))], told);
    check("restricted:v1.7", &[(path, json!(true))], "");
    let other = [(path, json!(true)), ("spec/os/name", json!("windows"))];
    check("restricted:v1.24", &other, told);
    check("restricted:v1.25", &other, "");
}

#[test]
fn nobody_is_root() {
    let said = [
        ("spec/securityContext/runAsNonRoot", json!(false)),
        (
            "spec/containers/0/securityContext/runAsNonRoot",
            json!(false),
        ),
    ];
    check(
        "restricted:latest",
        &said,
        "runAsNonRoot != true (pod and container \"a\" must not set \
         securityContext.runAsNonRoot=false)",
    );
    let user = [
        ("spec/containers/0/securityContext/runAsUser", json!(0)),
        ("spec/containers/1/securityContext/runAsUser", json!(1000)),
    ];
    let told = "runAsUser=0 (container \"a\" must not set runAsUser=0)";
    check("restricted:v1.23", &user, told);
    check("restricted:v1.22", &user, "");
}

#[test]
fn roots_of_their_own_are_nobody() {
    let own = [
        ("spec/hostUsers", json!(false)),
        ("spec/securityContext/runAsNonRoot", json!(false)),
        ("spec/securityContext/runAsUser", json!(0)),
    ];
    check("restricted:latest", &own, "");
    check(
        "restricted:v1.34",
        &own,
        "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false), runAsUser=0 \
         (pod must not set runAsUser=0)",
    );
}

#[test]
fn ephemeral_containers_are_containers() {
    let debugger = [(
        "spec/ephemeralContainers",
        json!([{"name": "debugger", "image": "i"}]),
    )];
    let mut pod = harmless();
    put(&mut pod, debugger[0].0, debugger[0].1.clone());
    let told = told("restricted:latest", &pod);
    assert!(
        told.starts_with("allowPrivilegeEscalation != false (container \"debugger\""),
        "{told}"
    );
}

/// What labels mean, in words.
fn meaning(labels: &[(&str, &str)]) -> String {
    let labels = labels.iter().map(|(key, value)| {
        let key = format!("pod-security.kubernetes.io/{key}");
        (key, (*value).to_owned())
    });
    let (policy, faults) = Policy::of(&labels.collect(), &Policy::default());
    let (enforce, audit, warn) = (policy.enforce, policy.audit, policy.warn);
    format!("{enforce} {audit} {warn} faults={}", faults.len())
}

#[test]
fn labels_are_read() {
    for (labels, expected) in [
        (
            &[][..],
            "privileged:latest privileged:latest privileged:latest faults=0",
        ),
        (
            &[("enforce", "baseline"), ("enforce-version", "v1.28")],
            "baseline:v1.28 privileged:latest baseline:v1.28 faults=0",
        ),
        (
            &[("enforce", "restricted"), ("warn", "baseline")],
            "restricted:latest privileged:latest baseline:latest faults=0",
        ),
        (
            &[("enforce", "strict"), ("warn", "all"), ("audit", "")],
            "restricted:latest privileged:latest privileged:latest faults=3",
        ),
        (
            &[
                ("audit", "baseline"),
                ("audit-version", "1.28"),
                ("warn-version", "v1.01"),
            ],
            "privileged:latest baseline:latest privileged:latest faults=2",
        ),
    ] {
        assert_eq!(meaning(labels), expected, "{labels:?}");
    }
}
