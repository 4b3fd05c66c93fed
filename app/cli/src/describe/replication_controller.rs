//! `ReplicationController`.

use super::page::Page;
use super::{Chapter, Kin, Subject, pod_set, template};
use crate::fields::{pairs, text};

pub(super) const CHAPTER: Chapter = Chapter {
    group: "",
    kind: "ReplicationController",
    kin: &[Kin::Pods],
    with_events: true,
    write,
};

fn write(page: &mut Page, subject: &Subject<'_>) {
    let object = subject.object;
    page.field(0, "Name", text(object, "metadata.name"));
    page.field(0, "Namespace", text(object, "metadata.namespace"));
    page.field(0, "Selector", pairs(object, "spec.selector", "<none>"));
    page.labels("Labels", object, "metadata.labels");
    page.annotations("Annotations", object, "metadata.annotations");
    pod_set::counts(page, subject);
    template::write(page, &object["spec"]["template"]);
    template::conditions(page, object);
}
