//! A fresh server's objects are legal, distinct, and enough.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;

use super::*;
use crate::builtin;

fn all() -> Vec<Object> {
    objects(&Bootstrap {
        service_ranges: vec!["10.96.0.0/16".to_owned()],
    })
}

#[test]
fn every_object_is_valid_and_has_its_defaults() {
    let kinds = builtin();
    for mut object in all() {
        let kind = kinds
            .iter()
            .find(|kind| {
                kind.names.group_version() == object.api_version()
                    && kind.names.kind == object.kind()
            })
            .expect("only built-in kinds");
        let mut errors = FieldErrors::new();
        kind.hooks.validate(&object, None, &mut errors).unwrap();
        assert_eq!(errors.as_slice(), [], "{} {}", object.kind(), object.name());
        let before = object.clone();
        kind.hooks.prepare(&mut object, None).unwrap();
        assert_eq!(object, before);
    }
}

#[test]
fn no_object_is_there_twice() {
    let mut seen = BTreeSet::new();
    for object in all() {
        let key = (
            object.kind().to_owned(),
            object.namespace().to_owned(),
            object.name().to_owned(),
        );
        assert!(seen.insert(key.clone()), "{key:?}");
    }
    assert!(seen.contains(&(
        "ServiceCIDR".to_owned(),
        String::new(),
        "kubernetes".to_owned()
    )));
}

#[test]
fn every_binding_leads_to_a_role() {
    let all = all();
    for binding in all
        .iter()
        .filter(|object| object.kind().ends_with("Binding"))
    {
        let (kind, name) = (
            binding.text(&["roleRef", "kind"]),
            binding.text(&["roleRef", "name"]),
        );
        let found = all.iter().any(|role| {
            role.kind() == kind
                && role.name() == name
                && (kind == "ClusterRole" || role.namespace() == binding.namespace())
        });
        assert!(found, "{} leads to {kind} {name}", binding.name());
    }
}
