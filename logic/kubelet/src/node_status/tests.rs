use serde_json::json;

use super::*;

fn facts(now: &str) -> Facts {
    Facts {
        now: now.parse().unwrap(),
        name: "node".to_owned(),
        addresses: vec!["192.0.2.1".to_owned()],
        machine: Machine {
            cpus: 2,
            memory_bytes: 4 << 30,
            disk_bytes: 100 << 30,
            architecture: "amd64".to_owned(),
            ..Machine::default()
        },
        version: "v1.35.0".to_owned(),
        runtime: "gantry://0.1.0".to_owned(),
        port: 10250,
        max_pods: 110,
        reserved: Reserved {
            memory: Quantity::bytes(1 << 30),
            ..Reserved::default()
        },
        pod_range: "10.244.0.0/24".to_owned(),
        images: vec![(vec!["small".to_owned()], 1), (vec!["large".to_owned()], 2)],
        pressure: Pressure::default(),
        unready: None,
    }
}

#[test]
fn what_others_wrote_stays() {
    let known: NodeStatus = serde_json::from_value(json!({
        "capacity": {"example.com/fake": "3", "cpu": "1"},
        "conditions": [{"type": "Custom", "status": "True"}],
    }))
    .unwrap();
    let status = status(&known, &facts("2026-01-01T00:00:00Z"));
    let capacity = status.capacity.unwrap();
    assert_eq!(capacity["example.com/fake"].0, "3");
    assert_eq!(
        (capacity["cpu"].0.as_str(), capacity["memory"].0.as_str()),
        ("2", "4Gi")
    );
    assert_eq!(status.allocatable.unwrap()["memory"].0, "3Gi");
    assert_eq!(status.conditions.unwrap()[0].type_, "Custom");
    assert_eq!(
        status.images.unwrap()[0].names,
        Some(vec!["large".to_owned()])
    );
}

#[test]
fn only_what_changed_is_news_and_moves_a_transition() {
    let first = status(&NodeStatus::default(), &facts("2026-01-01T00:00:00Z"));
    let second = status(&first, &facts("2026-01-01T00:01:00Z"));
    assert!(is_news(&NodeStatus::default(), &first));
    assert!(!is_news(&first, &second));
    let mut full = facts("2026-01-01T00:02:00Z");
    full.pressure.disk = true;
    let third = status(&second, &full);
    assert!(is_news(&second, &third));
    let moved = third.conditions.unwrap();
    let at = |kind: &str| {
        let found = moved
            .iter()
            .find(|condition| condition.type_ == kind)
            .unwrap();
        found.last_transition_time.as_ref().unwrap().0.to_string()
    };
    assert_eq!(at("DiskPressure"), "2026-01-01T00:02:00Z");
    assert_eq!(at("Ready"), "2026-01-01T00:00:00Z");
}

#[test]
fn a_node_claims_its_labels_once_and_leaves_the_others() {
    let facts = facts("2026-01-01T00:00:00Z");
    let mut node = new_node(&facts);
    node.metadata
        .labels
        .get_or_insert_default()
        .insert("own".to_owned(), "x".to_owned());
    assert!(!claim(&mut node, &facts));
    node.metadata
        .labels
        .get_or_insert_default()
        .remove("kubernetes.io/arch");
    assert!(claim(&mut node, &facts));
    assert_eq!(node.metadata.labels.unwrap()["own"], "x");
    assert_eq!(
        node.spec.unwrap().pod_cidr.as_deref(),
        Some("10.244.0.0/24")
    );
}

#[test]
fn a_lease_belongs_to_its_node_and_is_renewed() {
    let node: Node =
        serde_json::from_value(json!({"metadata": {"name": "node", "uid": "u"}})).unwrap();
    let now: Timestamp = "2026-01-01T00:00:00.5Z".parse().unwrap();
    let made = lease(None, &node, now);
    assert_eq!(made.metadata.owner_references.as_ref().unwrap()[0].uid, "u");
    let spec = lease(Some(made), &node, now).spec.unwrap();
    assert_eq!(spec.holder_identity.as_deref(), Some("node"));
    assert_eq!(spec.renew_time.unwrap().0, now);
}

#[test]
fn a_node_without_images_has_no_news_at_every_beat() {
    let mut bare = facts("2026-01-01T00:00:00Z");
    bare.images.clear();
    let told = status(&NodeStatus::default(), &bare);
    // As an API server keeps it: without what is empty.
    let mut kept = serde_json::to_value(&told).unwrap();
    let fields = kept.as_object_mut().unwrap();
    fields.retain(|_, value| value.as_array().is_none_or(|list| !list.is_empty()));
    let kept: NodeStatus = serde_json::from_value(kept).unwrap();
    bare.now = "2026-01-01T00:00:10Z".parse().unwrap();
    assert!(!is_news(&kept, &status(&kept, &bare)));
}
