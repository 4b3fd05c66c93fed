//! `ConfigMap`.

use super::page::Page;
use super::{Chapter, Subject};
use crate::fields::{entries, shown};

pub(super) const CHAPTER: Chapter = Chapter {
    group: "",
    kind: "ConfigMap",
    kin: &[],
    with_events: true,
    write,
};

fn write(page: &mut Page, subject: &Subject<'_>) {
    page.head(subject.object);
    page.line(0, "\nData\n====");
    for (key, value) in entries(subject.object, "data") {
        page.line(0, format!("{key}:\n----\n{}\n", shown(value)));
    }
    page.line(0, "\nBinaryData\n====");
    for (key, value) in entries(subject.object, "binaryData") {
        page.line(0, format!("{key}: {} bytes", super::secret::length(value)));
    }
    page.line(0, "");
}
