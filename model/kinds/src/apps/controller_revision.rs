//! `ControllerRevision`: a state that a workload once had, kept to go back to.

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use k8s_openapi::api::apps::v1::ControllerRevision;
use serde_json::Value;

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::{cell, check};

/// A state that a workload once had, kept to go back to.
#[derive(Debug)]
pub struct ControllerRevisions;

impl Kind for ControllerRevisions {
    type Object = ControllerRevision;

    const OPAQUE: &'static [&'static str] = &["data"];
    const COLUMNS: &'static [Column<ControllerRevision>] = &[
        Column::NAME,
        Column::text("Controller", "Whose state it is.", |revision, _| {
            controller(revision)
        }),
        Column::text(
            "Revision",
            "Which state in the order of time.",
            |revision, _| revision.revision.into(),
        ),
        Column::AGE,
    ];

    fn validate(
        revision: &ControllerRevision,
        old: Option<&ControllerRevision>,
        errors: &mut FieldErrors,
    ) {
        if revision.data.is_none() {
            errors.required(&"data".into(), "data is mandatory");
        }
        check::not_negative(Some(revision.revision), &"revision".into(), errors);
        if let Some(old) = old {
            errors.require_same(&"data".into(), &revision.data, &old.data);
        }
    }
}

fn controller(revision: &ControllerRevision) -> Value {
    let Some(owner) = revision.controller() else {
        return cell::NONE.into();
    };
    let kind = owner.kind.to_lowercase();
    match owner.api_version.split_once('/') {
        Some((group, _)) => format!("{kind}.{group}/{}", owner.name).into(),
        None => format!("{kind}/{}", owner.name).into(),
    }
}
