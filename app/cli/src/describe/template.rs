//! Pod templates, and what pods and templates share.

use serde_json::Value;

use super::container::{self, Setting};
use super::page::Page;
use super::volumes;
use crate::fields::{entries, items, text};

/// The template of a workload.
pub(super) fn write(page: &mut Page, template: &Value) {
    page.line(0, "Pod Template:");
    page.labels("  Labels", template, "metadata.labels");
    if !entries(template, "metadata.annotations").is_empty() {
        page.annotations("  Annotations", template, "metadata.annotations");
    }
    page.some(
        0,
        "  Service Account",
        text(template, "spec.serviceAccountName"),
    );
    let setting = Setting {
        in_template: true,
        statuses: &[],
        pod: None,
    };
    let init = items(template, "spec.initContainers");
    if !init.is_empty() {
        container::write(page, "Init Containers", init, &setting);
    }
    container::write(
        page,
        "Containers",
        items(template, "spec.containers"),
        &setting,
    );
    volumes::write(page, items(template, "spec.volumes"), true);
    page.labels("  Node-Selectors", template, "spec.nodeSelector");
    page.column("  Tolerations", &tolerations(template));
}

/// What a pod puts up with, one line each.
pub(super) fn tolerations(pod: &Value) -> Vec<String> {
    let mut sorted: Vec<&Value> = items(pod, "spec.tolerations").iter().collect();
    sorted.sort_by_key(|toleration| text(toleration, "key"));
    sorted.into_iter().map(toleration).collect()
}

fn toleration(toleration: &Value) -> String {
    let part = |field: &str| text(toleration, field);
    let mut words = part("key").to_owned();
    if !part("value").is_empty() {
        words = format!("{words}={}", part("value"));
    }
    if !part("effect").is_empty() {
        words = format!("{words}:{}", part("effect"));
    }
    if part("operator") == "Exists" && part("value").is_empty() {
        let gap = if words.is_empty() { "" } else { " " };
        words = format!("{words}{gap}op=Exists");
    }
    if let Some(seconds) = toleration["tolerationSeconds"].as_i64() {
        words = format!("{words} for {seconds}s");
    }
    words
}

/// Conditions of workloads, when there are any.
pub(super) fn conditions(page: &mut Page, object: &Value) {
    let conditions = items(object, "status.conditions");
    if conditions.is_empty() {
        return;
    }
    let row = |condition: &Value| {
        let part = |field: &str| text(condition, field).to_owned();
        vec![format!("{} ", part("type")), part("status"), part("reason")]
    };
    let rows: Vec<Vec<String>> = conditions.iter().map(row).collect();
    page.table("Conditions", &["Type", "Status", "Reason"], &rows);
}
