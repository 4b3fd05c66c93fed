//! `ServiceAccount`.

use super::page::Page;
use super::{Chapter, Subject};
use crate::fields::{items, text};

pub(super) const CHAPTER: Chapter = Chapter {
    group: "",
    kind: "ServiceAccount",
    kin: &[],
    with_events: true,
    write,
};

fn write(page: &mut Page, subject: &Subject<'_>) {
    page.head(subject.object);
    for (label, path) in [
        ("Image pull secrets", "imagePullSecrets"),
        ("Mountable secrets", "secrets"),
    ] {
        let names = items(subject.object, path).iter();
        let names: Vec<String> = names.map(|one| text(one, "name").to_owned()).collect();
        page.column(label, &names);
    }
    // Tokens are handed out on request and no longer kept as secrets.
    page.field(0, "Tokens", "<none>");
}
