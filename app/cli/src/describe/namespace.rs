//! `Namespace`.

use super::page::Page;
use super::{Chapter, Subject};
use crate::fields::{items, text};

pub(super) const CHAPTER: Chapter = Chapter {
    group: "",
    kind: "Namespace",
    kin: &[],
    with_events: false,
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
}
