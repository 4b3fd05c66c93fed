//! `ReplicaSet`.

use super::page::Page;
use super::{Chapter, Kin, Subject, controller, pod_set, template};
use crate::fields::text;

pub(super) const CHAPTER: Chapter = Chapter {
    group: "apps",
    kind: "ReplicaSet",
    kin: &[Kin::Pods],
    with_events: true,
    write,
};

fn write(page: &mut Page, subject: &Subject<'_>) {
    let object = subject.object;
    page.field(0, "Name", text(object, "metadata.name"));
    page.field(0, "Namespace", text(object, "metadata.namespace"));
    page.field(0, "Selector", pod_set::selector(object));
    page.labels("Labels", object, "metadata.labels");
    page.annotations("Annotations", object, "metadata.annotations");
    if let Some(owner) = controller(object) {
        page.field(
            0,
            "Controlled By",
            format!("{}/{}", text(owner, "kind"), text(owner, "name")),
        );
    }
    pod_set::counts(page, subject);
    template::write(page, &object["spec"]["template"]);
    template::conditions(page, object);
}
