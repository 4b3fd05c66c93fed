//! What namespaces want of their pods.

use serde_json::{Value, json};

use super::{Server, pod, request};
use crate::settings::pod_security::{Choice, Exemptions, Level, Policy, Standard};
use crate::{Catalog, Settings};

fn labels(of: &[(&str, &str)]) -> Value {
    let labels = of.iter().map(|(key, value)| {
        let key = format!("pod-security.kubernetes.io/{key}");
        (key, Value::from(*value))
    });
    json!({"metadata": {"labels": labels.collect::<serde_json::Map<_, _>>()}})
}

fn label(server: &mut Server, of: &[(&str, &str)]) -> Value {
    let request = request("merge-patch v1 namespaces default");
    server.ok(request, Some(labels(of)))
}

fn daring(name: &str) -> Value {
    let mut pod = pod(name);
    pod["spec"]["hostNetwork"] = json!(true);
    pod
}

fn choosing(choice: Choice) -> Server {
    let mut server = Server::new();
    let mut settings = Settings::default();
    settings.admission.pod_security = choice;
    server.catalog = Catalog::new(gantry_kinds::builtin(), settings);
    server
}

#[test]
fn what_is_enforced_is_refused() {
    let mut server = Server::new();
    label(&mut server, &[("enforce", "baseline")]);
    assert_eq!(
        server.refused(request("create v1 pods default/"), Some(daring("web"))),
        "403 Forbidden: pods \"web\" is forbidden: violates PodSecurity \"baseline:latest\": host \
         namespaces (hostNetwork=true)"
    );
    server.ok(request("create v1 pods default/"), Some(pod("web")));
}

#[test]
fn what_is_warned_of_is_told() {
    let mut server = Server::new();
    label(
        &mut server,
        &[("warn", "baseline"), ("warn-version", "v1.30")],
    );
    let made = server.ok(request("create v1 pods default/"), Some(daring("web")));
    assert_eq!(
        made["WARNINGS"],
        json!(["would violate PodSecurity \"baseline:v1.30\": host namespaces (hostNetwork=true)"])
    );
}

#[test]
fn a_template_is_only_warned_of() {
    let mut server = Server::new();
    label(&mut server, &[("enforce", "baseline")]);
    let mut template = daring("x");
    template.as_object_mut().unwrap().remove("kind");
    template.as_object_mut().unwrap().remove("apiVersion");
    template["metadata"].as_object_mut().unwrap().remove("name");
    let warning = json!([
        "would violate PodSecurity \"baseline:latest\": host namespaces \
                          (hostNetwork=true)"
    ]);
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template},
    });
    let create = request("create apps/v1 deployments default/");
    assert_eq!(server.ok(create, Some(deployment))["WARNINGS"], warning);

    template["spec"]["restartPolicy"] = json!("Never");
    let cron_job = json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "web"},
        "spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": template}}},
    });
    let create = request("create batch/v1 cronjobs default/");
    let warnings = &server.ok(create, Some(cron_job))["WARNINGS"];
    assert_eq!(warnings.as_array().unwrap().last(), Some(&warning[0]));
}

#[test]
fn a_pod_that_is_there_is_judged_when_its_image_changes() {
    let mut server = Server::new();
    server.ok(request("create v1 pods default/"), Some(daring("web")));
    label(&mut server, &[("enforce", "baseline")]);
    let patch = || request("merge-patch v1 pods default/web");
    server.ok(patch(), Some(json!({"metadata": {"labels": {"a": "b"}}})));
    let status = request("merge-patch v1 pods/status default/web");
    server.ok(status, Some(json!({"status": {"phase": "Running"}})));
    let image = json!({"spec": {"containers": [{"name": "main", "image": "other"}]}});
    let strategic = request("patch v1 pods default/web");
    let refused = server.refused(strategic, Some(image));
    assert!(
        refused.contains("violates PodSecurity \"baseline:latest\""),
        "{refused}"
    );
}

#[test]
fn a_debugger_is_judged_with_its_pod() {
    let mut server = Server::new();
    server.ok(request("create v1 pods default/"), Some(pod("web")));
    label(&mut server, &[("enforce", "baseline")]);
    let patch = || request("patch v1 pods/ephemeralcontainers default/web");
    let debugger = |context: Value| {
        json!({"spec": {"ephemeralContainers": [
            {"name": "debugger", "image": "sh", "securityContext": context},
        ]}})
    };
    assert_eq!(
        server.refused(patch(), Some(debugger(json!({"privileged": true})))),
        "403 Forbidden: pods \"web\" is forbidden: violates PodSecurity \"baseline:latest\": \
         privileged (container \"debugger\" must not set securityContext.privileged=true)"
    );
    server.ok(patch(), Some(debugger(json!({}))));
}

#[test]
fn labels_must_say_something() {
    let mut server = Server::new();
    let patch = request("merge-patch v1 namespaces default");
    assert_eq!(
        server.refused(
            patch,
            Some(labels(&[("enforce", "strict"), ("warn-version", "1.30")]))
        ),
        "422 Invalid: Namespace \"default\" is invalid: \
         [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be \
         one of privileged, baseline, restricted, \
         metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: \"1.30\": must \
         be \"latest\" or \"v1.x\"]"
    );
}

#[test]
fn who_makes_a_namespace_stricter_is_told_of_its_pods() {
    let mut server = Server::new();
    for name in ["b", "a", "c"] {
        server.ok(request("create v1 pods default/"), Some(daring(name)));
    }
    let mut taking = daring("d");
    taking["spec"]["containers"][0]["ports"] = json!([{"containerPort": 80, "hostPort": 80}]);
    server.ok(request("create v1 pods default/"), Some(taking));
    server.ok(request("create v1 pods default/"), Some(pod("e")));
    let labelled = label(
        &mut server,
        &[("enforce", "baseline"), ("enforce-version", "v1.30")],
    );
    assert_eq!(
        labelled["WARNINGS"],
        json!([
            "existing pods in namespace \"default\" violate the new PodSecurity enforce level \
             \"baseline:v1.30\"",
            "a (and 2 other pods): host namespaces",
            "d: host namespaces, hostPort",
        ])
    );
    let relaxed = label(&mut server, &[("enforce", "privileged")]);
    assert_eq!(relaxed.get("WARNINGS"), None);
}

#[test]
fn what_is_exempt_is_left_alone() {
    let set = |name: &str| [name.to_owned()].into();
    let baseline = Standard {
        level: Level::Baseline,
        ..Standard::default()
    };
    let choice = |exempt| Choice {
        policy: Policy {
            enforce: baseline,
            ..Policy::default()
        },
        exempt,
    };
    let create = || request("create v1 pods default/");
    let mut strict = choosing(choice(Exemptions::default()));
    let refused = strict.refused(create(), Some(daring("web")));
    assert!(
        refused.contains("violates PodSecurity \"baseline:latest\""),
        "{refused}"
    );
    for exempt in [
        Exemptions {
            namespaces: set("default"),
            ..Exemptions::default()
        },
        Exemptions {
            usernames: set("admin"),
            ..Exemptions::default()
        },
    ] {
        let mut server = choosing(choice(exempt));
        server.ok(create(), Some(daring("web")));
    }
    let mut server = choosing(choice(Exemptions {
        namespaces: set("default"),
        ..Exemptions::default()
    }));
    let labelled = label(&mut server, &[("enforce", "restricted")]);
    assert_eq!(
        labelled["WARNINGS"],
        json!([
            "namespace \"default\" is exempt from Pod Security, and the policy \
                (enforce=restricted:latest) will be ignored"
        ])
    );
}
