//! Events become changes; a restart tells what vanished unseen.

use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::{Value, json};

use super::*;

fn frame(event: &str, name: &str, version: u64) -> Vec<u8> {
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "a", "resourceVersion": version.to_string()}});
    json!({"type": event, "object": object})
        .to_string()
        .into_bytes()
}

fn bookmark(version: u64, annotations: &Value) -> Vec<u8> {
    let metadata = json!({"resourceVersion": version.to_string(), "annotations": annotations});
    json!({"type": "BOOKMARK", "object": {"metadata": metadata}})
        .to_string()
        .into_bytes()
}

fn initial_end(version: u64) -> Vec<u8> {
    bookmark(version, &json!({"k8s.io/initial-events-end": "true"}))
}

/// A feed and a view that have seen all that is there: `old` at 1, `kept` at 2.
fn begun() -> (Feed, View) {
    let (mut feed, mut view) = (Feed::new(Watched::of::<ConfigMap>()), View::default());
    for (name, version) in [("old", 1), ("kept", 2)] {
        let told = feed.apply(&frame("ADDED", name, version), &mut view);
        assert!(told.unwrap().is_empty());
    }
    assert_eq!(view.everything().count(), 0);
    assert_eq!(
        tell(&feed.apply(&initial_end(3), &mut view)),
        ["old@1", "kept@2"]
    );
    (feed, view)
}

/// The forms of each change, as `name@revision` from old to new.
fn tell(changes: &Result<Vec<Change>, FeedError>) -> Vec<String> {
    let form = |form: &Arc<dyn Cached>| {
        let meta = form.meta();
        format!(
            "{}@{}",
            meta.name.as_deref().unwrap(),
            meta.resource_version.as_deref().unwrap()
        )
    };
    let changes = changes.as_ref().unwrap().iter();
    changes
        .map(|change| {
            let forms: Vec<String> = change.forms.iter().map(form).collect();
            forms.join(" ")
        })
        .collect()
}

#[test]
fn a_change_has_the_old_form_and_the_new() {
    let (mut feed, mut view) = begun();
    let changed = feed.apply(&frame("MODIFIED", "old", 4), &mut view);
    assert_eq!(tell(&changed), ["old@1 old@4"]);
    let gone = feed.apply(&frame("DELETED", "old", 5), &mut view);
    assert_eq!(tell(&gone), ["old@4 old@5"]);
    assert_eq!(view.everything().count(), 1);
    assert_eq!(
        view.revision(&feed.watched().resource.clone()),
        Some(Revision(5))
    );
}

#[test]
fn a_new_watch_tells_what_vanished_unseen_and_not_what_stayed() {
    let (mut feed, mut view) = begun();
    feed.begin();
    for (name, version) in [("kept", 2), ("new", 7)] {
        let told = feed.apply(&frame("ADDED", name, version), &mut view);
        assert!(told.unwrap().is_empty());
    }
    assert_eq!(
        tell(&feed.apply(&initial_end(8), &mut view)),
        ["old@1", "new@7"]
    );
}

#[test]
fn a_bookmark_in_between_moves_the_view_on_and_ends_nothing() {
    let mut feed = Feed::new(Watched::of::<ConfigMap>());
    let mut view = View::default();
    let resource = feed.watched().resource.clone();
    let told = feed.apply(&bookmark(3, &json!({})), &mut view);
    assert!(told.unwrap().is_empty());
    assert_eq!(view.revision(&resource), Some(Revision(3)));
    let told = feed.apply(&frame("ADDED", "a", 1), &mut view);
    assert!(told.unwrap().is_empty());
}

#[test]
fn who_manages_which_field_is_not_kept() {
    let (mut feed, mut view) = begun();
    let frame = json!({"type": "ADDED", "object": {"metadata": {"name": "x", "namespace": "a",
        "managedFields": [{"manager": "m", "fieldsV1": {"f:data": {}}}], "uid": "u",
        "resourceVersion": "4"}, "data": {"managedFields": "[]"}}});
    feed.apply(frame.to_string().as_bytes(), &mut view).unwrap();
    let map = view.get::<ConfigMap>("a", "x").unwrap();
    assert_eq!(map.metadata.managed_fields, None);
    assert_eq!(map.metadata.uid.as_deref(), Some("u"));
    assert_eq!(map.data.as_ref().unwrap()["managedFields"], "[]");
}

#[test]
fn what_cannot_be_read_ends_the_watch() {
    let (mut feed, mut view) = begun();
    let mut end = |frame: &[u8]| feed.apply(frame, &mut view).unwrap_err();
    assert!(matches!(end(b"{"), FeedError::Event(_)));
    let odd = br#"{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{}}}"#;
    assert!(matches!(end(odd), FeedError::Object(_)));
    assert!(matches!(
        end(br#"{"type":"ERROR","object":{}}"#),
        FeedError::Ended
    ));
}
