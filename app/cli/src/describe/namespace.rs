//! `Namespace`.

use super::page::Page;
use super::{Chapter, Subject};
use crate::fields::{items, text};

pub(super) const CHAPTER: Chapter = Chapter {
    group: "",
    kind: "Namespace",
    kin: &[],
    write,
};

fn write(page: &mut Page, subject: &Subject<'_>) {
    let namespace = subject.object;
    page.head(namespace);
    page.field(0, "Status", text(namespace, "status.phase"));
    let conditions = items(namespace, "status.conditions");
    if !conditions.is_empty() {
        let row = |condition: &serde_json::Value| {
            ["type", "status", "lastTransitionTime", "reason", "message"]
                .map(|field| text(condition, field).to_owned())
                .to_vec()
        };
        let rows: Vec<Vec<String>> = conditions.iter().map(row).collect();
        page.table(
            "Conditions",
            &["Type", "Status", "LastTransitionTime", "Reason", "Message"],
            &rows,
        );
    }
    // Quotas and limits are not built yet, so no namespace has any.
    page.line(0, "\nNo resource quota.");
    page.line(0, "\nNo LimitRange resource.");
}
