//! `Namespace`: a room for objects, which are gone when it is.

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::core::v1::{Namespace, NamespaceStatus};

use crate::column::Column;
use crate::descriptor::{SelectableField, Verbs};
use crate::kind::Kind;
use crate::parts::cell;
use crate::rules::Rules;
use crate::subresource::Subresource;

/// The label by which selectors can choose a namespace by its name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";
/// Held until everything within is gone.
const FINALIZER: &str = "kubernetes";

/// A room for objects, which are gone when it is.
#[derive(Debug)]
pub struct Namespaces;

impl Kind for Namespaces {
    type Object = Namespace;

    const SHORT: &'static [&'static str] = &["ns"];
    const VERBS: Verbs = Verbs::AllButDeleteCollection;
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Finalize, Subresource::Status];
    const COLUMNS: &'static [Column<Namespace>] = &[
        Column::NAME,
        Column::text(
            "Status",
            "Whether it is in use or on its way out.",
            |namespace, _| cell::or_none(phase(namespace)),
        ),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().with_status();
    const FIELDS: &'static [SelectableField] = &[SelectableField {
        label: "status.phase",
        read: |namespace: &Object| namespace.text(&["status", "phase"]).to_owned(),
    }];
    const NAME: name::Rule = name::dns_label;

    fn default(namespace: &mut Namespace) {
        let status = namespace.status.get_or_insert_default();
        if status.phase.as_deref().unwrap_or("").is_empty() {
            status.phase = Some("Active".to_owned());
        }
        label_with_name(namespace);
    }

    fn prepare(namespace: &mut Namespace, old: Option<&Namespace>) {
        // A generated name was not known yet when defaults were filled in.
        label_with_name(namespace);
        let spec = namespace.spec.get_or_insert_default();
        match old {
            Some(old) => {
                spec.finalizers = old.spec.as_ref().and_then(|spec| spec.finalizers.clone());
            }
            None => {
                let finalizers = spec.finalizers.get_or_insert_default();
                if !finalizers.iter().any(|name| name == FINALIZER) {
                    finalizers.push(FINALIZER.to_owned());
                }
                namespace.status = Some(NamespaceStatus {
                    phase: Some("Active".to_owned()),
                    conditions: None,
                });
            }
        }
    }

    fn validate(namespace: &Namespace, _old: Option<&Namespace>, errors: &mut FieldErrors) {
        let path = FieldPath::new("spec").field("finalizers");
        let finalizers = namespace
            .spec
            .iter()
            .flat_map(|spec| spec.finalizers.iter().flatten());
        for (index, finalizer) in finalizers.enumerate() {
            errors.named(&path.index(index), finalizer, name::qualified);
        }
    }

    fn validate_status(namespace: &Namespace, _old: &Namespace, errors: &mut FieldErrors) {
        let path = FieldPath::new("status").field("phase");
        match (
            namespace.metadata.deletion_timestamp.is_some(),
            phase(namespace),
        ) {
            (false, "Active") | (true, "Terminating") => {}
            (false, other) => errors.invalid(
                &path,
                other,
                "may only be 'Active' if `deletionTimestamp` is empty",
            ),
            (true, other) => errors.invalid(
                &path,
                other,
                "may only be 'Terminating' if `deletionTimestamp` is not empty",
            ),
        }
    }
}

fn label_with_name(namespace: &mut Namespace) {
    if let Some(name) = namespace
        .metadata
        .name
        .clone()
        .filter(|name| !name.is_empty())
    {
        let labels = namespace.metadata.labels.get_or_insert_default();
        labels.insert(NAME_LABEL.to_owned(), name);
    }
}

fn phase(namespace: &Namespace) -> &str {
    let status = namespace.status.as_ref();
    status
        .and_then(|status| status.phase.as_deref())
        .unwrap_or("")
}
