use std::path::Path;
use std::sync::Arc;

use gantry_api::Revision;
use gantry_reconcile::View;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use serde_json::{Value, json};

use super::*;
use crate::container::Amounts;

fn view() -> View {
    let mut view = View::default();
    let map: ConfigMap = serde_json::from_value(json!({
        "metadata": {"name": "map", "namespace": "n", "resourceVersion": "5"},
        "data": {"a": "1"}, "binaryData": {"b": "/w=="},
    }))
    .unwrap();
    let keys: Secret = serde_json::from_value(json!({
        "metadata": {"name": "keys", "namespace": "n"}, "data": {"k": "c2VjcmV0"},
    }))
    .unwrap();
    view.put(Arc::new(map), Revision(1));
    view.put(Arc::new(keys), Revision(1));
    view
}

fn pod(security: Value) -> Pod {
    serde_json::from_value(json!({
        "metadata": {"name": "p", "namespace": "n", "labels": {"x": "y\n", "app": "web"}},
        "spec": {"containers": [{"name": "c"}], "securityContext": security},
    }))
    .unwrap()
}

/// The files of a volume: path, permissions, owner and text of each.
fn files(pod: &Pod, volume: Value) -> Result<Vec<String>, String> {
    let mut volume = volume;
    volume["name"] = json!("v");
    let on = Surroundings {
        pod,
        view: &view(),
        addresses: &[],
        host_addresses: &[],
        allocatable: &Amounts::default(),
        seccomp_dir: Path::new("/"),
    };
    let tokens = Tokens::from([(("v".to_owned(), 0), "token".to_owned())]);
    let volume = serde_json::from_value(volume).unwrap();
    let content = content(&on, &volume, &tokens).map_err(|error| error.to_string())?;
    let Content::Files(all) = content else {
        return Err(format!("{content:?}"));
    };
    let shown = all.files.iter().map(|(path, file)| {
        let text = String::from_utf8_lossy(&file.bytes);
        format!("{path} {:o} {:?} {text}", file.mode, file.user)
    });
    Ok(shown.collect())
}

#[test]
fn listed_keys_go_where_they_are_told_and_others_stay_away() {
    let all = files(
        &pod(json!({})),
        json!({"configMap": {"name": "map", "defaultMode": 256}}),
    );
    assert_eq!(all.unwrap(), ["a 400 None 1", "b 400 None \u{fffd}"]);
    let some = json!({"configMap": {"name": "map", "items": [{"key": "a", "path": "dir/x", "mode": 511}]}});
    assert_eq!(files(&pod(json!({})), some).unwrap(), ["dir/x 777 None 1"]);
}

#[test]
fn what_is_missing_matters_unless_it_is_optional() {
    let pod = pod(json!({}));
    let said = |source: Value| files(&pod, source).unwrap_err();
    assert_eq!(
        said(json!({"secret": {"secretName": "nope"}})),
        "secret \"nope\" not found"
    );
    let item = json!({"configMap": {"name": "map", "items": [{"key": "z", "path": "z"}]}});
    assert_eq!(said(item), "references non-existent config key: z");
    let out = json!({"configMap": {"name": "map", "items": [{"key": "a", "path": "../a"}]}});
    assert!(said(out).starts_with("use the path \"../a\""));
    let optional = json!({"secret": {"secretName": "nope", "optional": true}});
    assert_eq!(files(&pod, optional), Ok(vec![]));
}

#[test]
fn a_projected_volume_joins_its_sources_and_keeps_tokens_private() {
    let volume = json!({"projected": {"defaultMode": 420, "sources": [
        {"serviceAccountToken": {"path": "token"}},
        {"configMap": {"name": "map", "items": [{"key": "a", "path": "ca.crt"}]}},
        {"secret": {"name": "keys"}},
        {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
    ]}});
    assert_eq!(
        files(&pod(json!({"runAsUser": 7})), volume.clone()).unwrap(),
        [
            "ca.crt 644 None 1",
            "k 644 None secret",
            "labels 644 None app=\"web\"\nx=\"y\\n\"",
            "token 600 Some(7) token",
        ]
    );
    let open = files(&pod(json!({})), volume).unwrap();
    assert!(open.contains(&"token 644 None token".to_owned()));
}

#[test]
fn the_fingerprint_changes_with_what_the_volumes_hold() {
    let refers = |name: &str| -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "p", "namespace": "n"},
            "spec": {"containers": [], "volumes": [{"name": "v", "configMap": {"name": name}}]},
        }))
        .unwrap()
    };
    let before = fingerprint(&refers("map"), &view());
    let mut later = view();
    assert_eq!(before, fingerprint(&refers("map"), &later));
    let changed: ConfigMap = serde_json::from_value(json!({
        "metadata": {"name": "map", "namespace": "n", "resourceVersion": "6"},
    }))
    .unwrap();
    later.put(Arc::new(changed), Revision(2));
    assert_ne!(before, fingerprint(&refers("map"), &later));
}

#[test]
fn an_empty_volume_may_be_kept_in_memory() {
    let volume = json!({"emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}});
    let shown = files(&pod(json!({"fsGroup": 4})), volume).unwrap_err();
    assert_eq!(
        shown,
        "Empty { memory: Some(MemoryLimit(Some(1048576))), group: Some(4) }"
    );
}
