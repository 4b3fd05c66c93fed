use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::schema::Schema;

static NOTHING: FieldSet = FieldSet::new();

fn deployment() -> TypeRef<'static> {
    Schema::builtin().kind("apps", "v1", "Deployment").unwrap()
}

fn pod() -> TypeRef<'static> {
    Schema::builtin().kind("", "v1", "Pod").unwrap()
}

fn writer<'a>(manager: &'a str, time: &'a str) -> Writer<'a> {
    Writer {
        manager,
        api_version: "apps/v1",
        subresource: "",
        time,
        resets: &NOTHING,
    }
}

fn created(manager: &str, mut object: Value, ty: TypeRef<'_>) -> Value {
    update(None, &mut object, ty, &writer(manager, "T1"));
    object
}

fn applied(live: Option<&Value>, config: Value, manager: &str, time: &str) -> Value {
    apply(
        live,
        &config,
        deployment(),
        &writer(manager, time),
        Force::No,
    )
    .unwrap()
}

/// Who owns what, a line per manager.
fn owners(object: &Value) -> String {
    let managed = ManagedFields::read(object);
    let lines = managed.managers().iter().map(|manager| {
        let fields = manager.fields.shown().join(" ");
        format!(
            "{} {:?} {}: {fields}\n",
            manager.name, manager.operation, manager.time
        )
    });
    lines.collect()
}

fn check(object: &Value, shown: Expect) {
    let mut bare = object.clone();
    bare["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("managedFields");
    shown.assert_eq(&format!("{bare}\n{}", owners(object)));
}

fn web(replicas: i64, image: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
           "spec": {"replicas": replicas, "template": {"spec": {
               "containers": [{"name": "c", "image": image}]}}}})
}

#[test]
fn a_creator_owns_lists_and_maps_but_not_the_objects_around_them() {
    let object = json!({"metadata": {"name": "a", "labels": {"app": "a"}}, "spec": {
        "containers": [{"name": "c", "ports": [{"containerPort": 80}], "resources": {}}],
        "nodeSelector": {"x": "y"}, "volumes": [{"name": "v", "emptyDir": {}}]}});
    check(
        &created("kubectl", object, pod()),
        expect![[r#"
            {"metadata":{"labels":{"app":"a"},"name":"a"},"spec":{"containers":[{"name":"c","ports":[{"containerPort":80}],"resources":{}}],"nodeSelector":{"x":"y"},"volumes":[{"emptyDir":{},"name":"v"}]}}
            kubectl Update T1: .metadata.labels .metadata.labels.app .spec.containers[name="c"] .spec.containers[name="c"].name .spec.containers[name="c"].ports .spec.containers[name="c"].ports[containerPort=80,protocol="TCP"] .spec.containers[name="c"].ports[containerPort=80,protocol="TCP"].containerPort .spec.containers[name="c"].resources .spec.nodeSelector .spec.volumes .spec.volumes[name="v"] .spec.volumes[name="v"].emptyDir .spec.volumes[name="v"].name
        "#]],
    );
}

#[test]
fn an_update_takes_what_it_changes_and_nothing_else() {
    let old = created("kubectl", web(1, "a"), deployment());
    let mut new = old.clone();
    new["spec"]["replicas"] = json!(3);
    update(
        old.as_object(),
        &mut new,
        deployment(),
        &writer("scaler", "T2"),
    );
    check(
        &new,
        expect![[r#"
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":3,"template":{"spec":{"containers":[{"image":"a","name":"c"}]}}}}
            kubectl Update T1: .spec.template.spec.containers[name="c"] .spec.template.spec.containers[name="c"].image .spec.template.spec.containers[name="c"].name
            scaler Update T2: .spec.replicas
        "#]],
    );
}

#[test]
fn an_update_that_changes_nothing_leaves_every_byte() {
    let old = created("kubectl", web(1, "a"), deployment());
    let mut new = old.clone();
    update(
        old.as_object(),
        &mut new,
        deployment(),
        &writer("other", "T2"),
    );
    assert_eq!(new, old);
    update(
        old.as_object(),
        &mut new,
        deployment(),
        &writer("kubectl", "T3"),
    );
    assert_eq!(new, old);
}

#[test]
fn clients_that_know_no_managers_do_not_delete_them_but_one_empty_entry_does() {
    let old = created("kubectl", web(1, "a"), deployment());
    let mut new = web(1, "a");
    update(
        old.as_object(),
        &mut new,
        deployment(),
        &writer("other", "T2"),
    );
    assert_eq!(new, old);
    let mut new = web(1, "a");
    new["metadata"]["managedFields"] = json!([{}]);
    update(
        old.as_object(),
        &mut new,
        deployment(),
        &writer("other", "T2"),
    );
    assert_eq!(new, web(1, "a"));
}

#[test]
fn applying_what_somebody_else_set_otherwise_is_a_conflict() {
    let live = created("kubectl", web(1, "a"), deployment());
    let refused = |config: Value| {
        let writer = writer("me", "T2");
        apply(Some(&live), &config, deployment(), &writer, Force::No)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(web(2, "a")),
        "Apply failed with 1 conflict: conflict with \"kubectl\" using apps/v1: .spec.replicas"
    );
    assert_eq!(
        refused(web(2, "b")),
        "Apply failed with 2 conflicts: conflicts with \"kubectl\" using apps/v1:\n- .spec.replicas\n- .spec.template.spec.containers[name=\"c\"].image"
    );
    let forced = apply(
        Some(&live),
        &web(2, "a"),
        deployment(),
        &writer("me", "T2"),
        Force::Yes,
    )
    .unwrap();
    check(
        &forced,
        expect![[r#"
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":2,"template":{"spec":{"containers":[{"image":"a","name":"c"}]}}}}
            me Apply T2: .spec.replicas .spec.template.spec.containers[name="c"] .spec.template.spec.containers[name="c"].image .spec.template.spec.containers[name="c"].name
            kubectl Update T1: .spec.template.spec.containers[name="c"] .spec.template.spec.containers[name="c"].image .spec.template.spec.containers[name="c"].name
        "#]],
    );
}

#[test]
fn what_is_no_longer_applied_goes_unless_somebody_else_owns_it() {
    let first = applied(None, web(2, "a"), "me", "T1");
    let shared = json!({"metadata": {"name": "web"}, "spec": {"replicas": 2}});
    let both = applied(Some(&first), shared, "other", "T2");
    let mut config = web(2, "a");
    config["spec"] = json!({"paused": true});
    check(
        &applied(Some(&both), config, "me", "T3"),
        expect![[r#"
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"paused":true,"replicas":2}}
            other Apply T2: .spec.replicas
            me Apply T3: .spec.paused
        "#]],
    );
}

#[test]
fn an_applier_who_wants_nothing_any_more_leaves_the_name() {
    let mut labelled = web(1, "a");
    labelled["metadata"]["labels"] = json!({"a": "b"});
    let live = applied(None, labelled, "me", "T1");
    let config =
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}});
    assert_eq!(applied(Some(&live), config.clone(), "me", "T2"), config);
}

#[test]
fn keys_count_with_their_defaults() {
    let with = |port: Value| json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "ports": [port]}]}});
    let defaulted = with(json!({"containerPort": 80, "protocol": "TCP"}));
    let live = created("kubectl", defaulted.clone(), pod());
    let config = with(json!({"containerPort": 80, "name": "http"}));
    let merged = apply(Some(&live), &config, pod(), &writer("me", "T2"), Force::No).unwrap();
    assert_eq!(
        merged["spec"]["containers"][0]["ports"],
        json!([{"containerPort": 80, "name": "http", "protocol": "TCP"}])
    );
    let keyless = with(json!({"name": "http"}));
    let refused = apply(None, &keyless, pod(), &writer("me", "T1"), Force::No);
    assert_eq!(refused.unwrap_err(), ApplyError::Key(MissingKey));
}

#[test]
fn applied_items_keep_their_order_among_those_of_others() {
    let list = |names: &[&str]| {
        let items: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        json!({"metadata": {"name": "p"}, "spec": {"containers": items}})
    };
    let live = created("kubectl", list(&["a", "x", "b", "y"]), pod());
    let writer = writer("me", "T2");
    let merged = apply(
        Some(&live),
        &list(&["b", "a", "new"]),
        pod(),
        &writer,
        Force::No,
    )
    .unwrap();
    let names = merged["spec"]["containers"].as_array().unwrap().iter();
    let names: Vec<_> = names.map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["x", "b", "y", "a", "new"]);
}

#[test]
fn an_object_nobody_kept_track_of_gets_an_owner_before_the_first_apply() {
    let refused = apply(
        Some(&web(1, "a")),
        &web(2, "a"),
        deployment(),
        &writer("me", "T1"),
        Force::No,
    );
    assert_eq!(
        refused.unwrap_err().to_string(),
        "Apply failed with 1 conflict: conflict with \"before-first-apply\" using apps/v1: .spec.replicas"
    );
}

#[test]
fn a_status_is_owned_through_its_subresource_only() {
    let not_status = FieldSet::of_paths(&[&["status"]]);
    let not_spec = FieldSet::of_paths(&[&["spec"]]);
    let mut object = web(1, "a");
    object["status"] = json!({"replicas": 1});
    let mut stored = object.clone();
    update(
        None,
        &mut stored,
        deployment(),
        &Writer {
            resets: &not_status,
            ..writer("u", "T1")
        },
    );
    let mut new = stored.clone();
    new["status"]["replicas"] = json!(2);
    let by_status = Writer {
        resets: &not_spec,
        subresource: "status",
        ..writer("u", "T2")
    };
    update(stored.as_object(), &mut new, deployment(), &by_status);
    let managed = ManagedFields::read(&new);
    let subresources: Vec<_> = managed
        .managers()
        .iter()
        .map(|m| m.subresource.as_str())
        .collect();
    assert_eq!(subresources, ["", "status"]);
    assert_eq!(managed.managers()[1].fields.shown(), [".status.replicas"]);
}

#[test]
fn client_side_apply_is_turned_into_server_side_apply() {
    let mut object = web(1, "a");
    object["metadata"]["annotations"] =
        json!({"kubectl.kubernetes.io/last-applied-configuration": "{}"});
    let mut object = created("kubectl-client-side-apply", object, deployment());
    let mut managed = ManagedFields::read(&object);
    managed.migrate("kubectl-client-side-apply", "kubectl");
    managed.write(&mut object);
    let owned = owners(&object);
    assert!(owned.starts_with("kubectl Apply T1: "), "{owned}");
    assert!(
        !owned.contains("last-applied") && owned.contains(".spec.replicas"),
        "{owned}"
    );
}

#[test]
fn the_oldest_updates_are_folded_together() {
    let mut object = web(0, "a");
    for index in 0..15 {
        let old = object.clone();
        object["metadata"]["labels"][format!("l{index}")] = json!("x");
        let (manager, time) = (format!("m{index:02}"), format!("T{index:02}"));
        update(
            old.as_object(),
            &mut object,
            deployment(),
            &writer(&manager, &time),
        );
    }
    let managed = ManagedFields::read(&object);
    let names: Vec<_> = managed.managers().iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names.len(), 10);
    assert_eq!(names[..2], ["ancient-changes", "m06"]);
}

#[test]
fn fields_are_written_as_clients_know_them() {
    let object = created("kubectl", web(1, "a"), deployment());
    expect![[r#"{"f:spec":{"f:replicas":{},"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:name":{}}}}}}}"#]]
        .assert_eq(&object["metadata"]["managedFields"][0]["fieldsV1"].to_string());
}

/// Objects with labels, replicas, finalizers and containers, some of them missing.
fn any_object() -> impl Strategy<Value = Value> {
    let labels = prop::collection::btree_map("[a-c]", "[xy]", 0..3);
    let finalizers = prop::collection::btree_set("[a-d]/f", 0..4);
    let containers = prop::collection::btree_map("[a-d]", "[xy]", 0..4);
    (labels, finalizers, containers, prop::option::of(0..3_i64)).prop_map(
        |(labels, finalizers, containers, replicas)| {
            let containers = containers
                .iter()
                .map(|(name, image)| json!({"name": name, "image": image}));
            let mut object = json!({
                "metadata": {"name": "web", "labels": labels, "finalizers": finalizers},
                "spec": {"template": {"spec": {"containers": containers.collect::<Vec<_>>()}}},
            });
            if let Some(replicas) = replicas {
                object["spec"]["replicas"] = json!(replicas);
            }
            object
        },
    )
}

proptest! {
    #[test]
    fn field_sets_read_back_as_printed(object in any_object()) {
        let set = structure::added(&object, deployment());
        prop_assert_eq!(FieldSet::from_fields_v1(&set.to_fields_v1()), Ok(set));
    }

    #[test]
    fn sets_obey_their_laws(a in any_object(), b in any_object()) {
        let (a, b) = (structure::added(&a, deployment()), structure::added(&b, deployment()));
        prop_assert_eq!(a.clone().union(b.clone()), b.clone().union(a.clone()));
        prop_assert_eq!(a.clone().difference(&b).union(a.intersection(&b)), a.clone());
        prop_assert!(a.clone().difference(&a).is_empty());
        let outside = a.outside(&b);
        prop_assert_eq!(outside.clone().difference(&b), outside);
    }

    #[test]
    fn applying_twice_changes_nothing(live in any_object(), config in any_object()) {
        let live = created("other", live, deployment());
        let force = |live: &Value, time| {
            apply(Some(live), &config, deployment(), &writer("me", time), Force::Yes).unwrap()
        };
        let once = force(&live, "T2");
        prop_assert_eq!(force(&once, "T3"), once);
    }

    #[test]
    fn a_lone_applier_gets_what_it_applied_last(first in any_object(), last in any_object()) {
        let live = applied(None, first, "me", "T1");
        let mut merged = applied(Some(&live), last.clone(), "me", "T2");
        merged["metadata"].as_object_mut().unwrap().remove("managedFields");
        let sets = [&merged, &last].map(|value| structure::applied(value, deployment()));
        prop_assert_eq!(&sets[0], &sets[1]);
    }

    #[test]
    fn a_change_leaves_exactly_one_owner(old in any_object(), mut new in any_object()) {
        let old = created("a", old, deployment());
        update(old.as_object(), &mut new, deployment(), &writer("b", "T2"));
        let managed = ManagedFields::read(&new);
        let none = FieldSet::new();
        let of = |name: &str| {
            let found = managed.managers().iter().find(|m| m.name == name);
            found.map_or(&none, |m| &m.fields)
        };
        prop_assert!(of("a").intersection(of("b")).is_empty());
    }
}

#[test]
fn atomic_values_are_owned_and_taken_over_whole() {
    let with = |selector: Value| {
        let mut object = web(1, "a");
        object["spec"]["selector"] = json!({"matchLabels": selector});
        object
    };
    let live = created("kubectl", with(json!({"a": "1"})), deployment());
    let config =
        json!({"metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": {"b": "2"}}}});
    let refused = apply(
        Some(&live),
        &config,
        deployment(),
        &writer("me", "T2"),
        Force::No,
    );
    assert_eq!(
        refused.unwrap_err().to_string(),
        "Apply failed with 1 conflict: conflict with \"kubectl\" using apps/v1: .spec.selector"
    );
    let forced = apply(
        Some(&live),
        &config,
        deployment(),
        &writer("me", "T2"),
        Force::Yes,
    )
    .unwrap();
    assert_eq!(
        forced["spec"]["selector"],
        json!({"matchLabels": {"b": "2"}})
    );
}

#[test]
fn a_configuration_may_not_speak_of_managed_fields() {
    let config = json!({"metadata": {"name": "web", "managedFields": []}});
    let refused = apply(None, &config, deployment(), &writer("me", "T1"), Force::No);
    assert_eq!(refused.unwrap_err(), ApplyError::ManagedFieldsGiven);
}

#[test]
fn what_cannot_be_read_counts_as_nobody() {
    let live = json!({"metadata": {"name": "web", "managedFields": [
        {"manager": "x", "operation": "Update", "fieldsV1": {"z:": {}}}, 7]}});
    assert!(ManagedFields::read(&live).managers().is_empty());
}

#[test]
fn fields_of_a_kind_without_schema_are_owned_one_by_one() {
    let schema = Schema::default();
    let live = created("a", json!({"spec": {"x": 1, "list": [1]}}), schema.free());
    let config = json!({"spec": {"x": 1, "y": {"z": 2}}});
    let merged = apply(
        Some(&live),
        &config,
        schema.free(),
        &writer("b", "T2"),
        Force::No,
    )
    .unwrap();
    assert_eq!(merged["spec"], json!({"x": 1, "list": [1], "y": {"z": 2}}));
}
