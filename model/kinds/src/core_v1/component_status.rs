//! `ComponentStatus`: how the parts of a control plane are, from the days when each was a process
//! that could be asked.
//!
//! Here the parts live and die with the server that answers, so there is never one to tell about:
//! the list is empty, which is true. How the server is, `/readyz` tells.

use k8s_openapi::api::core::v1::{ComponentCondition, ComponentStatus};
use serde_json::Value;

use crate::column::Column;
use crate::descriptor::Verbs;
use crate::kind::Kind;

/// How the parts of a control plane are.
#[derive(Debug)]
pub struct ComponentStatuses;

impl Kind for ComponentStatuses {
    type Object = ComponentStatus;

    const SHORT: &'static [&'static str] = &["cs"];
    const VERBS: Verbs = Verbs::ReadOnly;
    const COLUMNS: &'static [Column<ComponentStatus>] = &[
        Column::NAME,
        Column::text("Status", "Whether it is well.", |part, _| {
            match healthy(part).map(|condition| condition.status.as_str()) {
                None => "Unknown".into(),
                Some("True") => "Healthy".into(),
                Some(_) => "Unhealthy".into(),
            }
        }),
        Column::text("Message", "What it says.", |part, _| {
            said(part, |condition| condition.message.as_ref())
        }),
        Column::text("Error", "What is the matter with it.", |part, _| {
            said(part, |condition| condition.error.as_ref())
        }),
    ];
}

fn healthy(part: &ComponentStatus) -> Option<&ComponentCondition> {
    let mut conditions = part.conditions.iter().flatten();
    conditions.find(|condition| condition.type_ == "Healthy")
}

fn said(part: &ComponentStatus, what: fn(&ComponentCondition) -> Option<&String>) -> Value {
    let text = healthy(part).and_then(what);
    text.map_or("", String::as_str).into()
}
