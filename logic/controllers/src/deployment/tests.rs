use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::*;
use crate::testing::{plan_for, put, shown};

fn template(image: &str) -> Value {
    json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}]}})
}

fn deployment(replicas: i32, image: &str) -> Value {
    json!({
        "metadata": {
            "name": "web", "namespace": "default", "uid": "d", "generation": 2,
            "annotations": {"deployment.kubernetes.io/revision": "1"},
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "template": template(image),
        },
    })
}

fn set(name: &str, image: &str, revision: i32, (replicas, available): (i32, i32)) -> Value {
    json!({
        "metadata": {
            "name": name, "namespace": "default", "uid": name, "resourceVersion": "5",
            "creationTimestamp": format!("2026-01-01T11:00:0{revision}Z"),
            "labels": {"app": "web"},
            "annotations": {
                "deployment.kubernetes.io/revision": revision.to_string(),
                "deployment.kubernetes.io/desired-replicas": "4",
                "deployment.kubernetes.io/max-replicas": "5",
            },
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "d", "controller": true}],
        },
        "spec": {"replicas": replicas, "selector": {}, "template": template(image)},
        "status": {"replicas": replicas, "readyReplicas": available, "availableReplicas": available},
    })
}

fn check(given: &[Value], deployment: Value, expected: &Expect) {
    let mut view = View::default();
    put::<Deployment>(&mut view, deployment);
    for set in given {
        put::<ReplicaSet>(&mut view, set.clone());
    }
    let plan = plan_for::<_, Deployment>(&Deployments, &view, ("default", "web"));
    let steps: Vec<String> = shown(&plan)
        .lines()
        .filter(|line| !line.starts_with("status"))
        .map(str::to_owned)
        .collect();
    expected.assert_eq(&(steps.join("\n") + "\n"));
}

#[test]
fn the_first_step_makes_a_set_as_large_as_the_surge_allows() {
    check(
        &[set("old", "nginx:1", 1, (4, 4))],
        deployment(4, "nginx:2"),
        &expect![[r#"
            create replicasets.apps web-8g58h4nmrf
            note ScalingReplicaSet: Scaled up replica set web-8g58h4nmrf from 0 to 1
            update deployments.apps web 
        "#]],
    );
}

#[test]
fn old_pods_go_only_as_far_as_availability_allows() {
    check(
        &[
            set("old", "nginx:1", 1, (4, 4)),
            set("new", "nginx:2", 2, (1, 0)),
        ],
        {
            let mut deployment = deployment(4, "nginx:2");
            deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!("2");
            deployment
        },
        &expect![[r#"
            patch replicasets.apps old {"metadata":{"annotations":{"deployment.kubernetes.io/desired-replicas":"4","deployment.kubernetes.io/max-replicas":"5"},"resourceVersion":"5"},"spec":{"replicas":3}}
            note ScalingReplicaSet: Scaled down replica set old from 4 to 3
        "#]],
    );
}

#[test]
fn pods_that_are_about_to_go_do_not_count_as_available() {
    check(
        &[
            set("old", "nginx:1", 1, (4, 9)),
            set("new", "nginx:2", 2, (1, 0)),
        ],
        {
            let mut deployment = deployment(4, "nginx:2");
            deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!("2");
            deployment
        },
        &expect![[r#"
            patch replicasets.apps old {"metadata":{"annotations":{"deployment.kubernetes.io/desired-replicas":"4","deployment.kubernetes.io/max-replicas":"5"},"resourceVersion":"5"},"spec":{"replicas":3}}
            note ScalingReplicaSet: Scaled down replica set old from 4 to 3
        "#]],
    );
}

#[test]
fn old_pods_that_never_became_available_go_first() {
    check(
        &[
            set("old", "nginx:1", 1, (4, 2)),
            set("new", "nginx:2", 2, (1, 0)),
        ],
        {
            let mut deployment = deployment(4, "nginx:2");
            deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!("2");
            deployment
        },
        &expect![[r#"
            patch replicasets.apps old {"metadata":{"annotations":{"deployment.kubernetes.io/desired-replicas":"4","deployment.kubernetes.io/max-replicas":"5"},"resourceVersion":"5"},"spec":{"replicas":3}}
            note ScalingReplicaSet: Scaled down replica set old from 4 to 3
        "#]],
    );
}

#[test]
fn going_back_gives_the_old_set_the_next_number() {
    check(
        &[
            set("first", "nginx:1", 1, (0, 0)),
            set("second", "nginx:2", 2, (4, 4)),
        ],
        deployment(4, "nginx:1"),
        &expect![[r#"
            patch replicasets.apps first {"metadata":{"annotations":{"deployment.kubernetes.io/revision":"3","deployment.kubernetes.io/revision-history":"1"},"resourceVersion":"5"}}
            update deployments.apps web 
        "#]],
    );
}

#[test]
fn a_new_size_in_mid_rollout_is_shared_out() {
    check(
        &[
            set("old", "nginx:1", 1, (4, 4)),
            set("new", "nginx:2", 2, (1, 1)),
        ],
        deployment(8, "nginx:2"),
        &expect![[r#"
            patch replicasets.apps old {"metadata":{"annotations":{"deployment.kubernetes.io/desired-replicas":"8","deployment.kubernetes.io/max-replicas":"10"},"resourceVersion":"5"},"spec":{"replicas":8}}
            note ScalingReplicaSet: Scaled up replica set old from 4 to 8
            patch replicasets.apps new {"metadata":{"annotations":{"deployment.kubernetes.io/desired-replicas":"8","deployment.kubernetes.io/max-replicas":"10"},"resourceVersion":"5"},"spec":{"replicas":2}}
            note ScalingReplicaSet: Scaled up replica set new from 1 to 2
        "#]],
    );
}
